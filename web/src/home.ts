import { roomHref } from "./chat/choice";
import { BrowserMemory, openStorage, randomId } from "./chat/storage";
import { enableLanguageSwitch, readPage } from "./page";
import { byId, make, part, setText } from "./view/dom";
import { enableRoomForm } from "./view/rooms";

/** How often the back server is asked while the page is in view, in milliseconds. */
const ASK_EVERY_MS = 10_000;
/** Time for it to answer, in milliseconds. */
const PATIENCE_MS = 5000;

const { texts, backHttp } = readPage(document.body);
enableLanguageSwitch();
enableRoomForm(texts);
showRecentRooms();
void watchBack();

function showRecentRooms(): void {
  const rooms = new BrowserMemory(
    openStorage(() => localStorage),
    randomId,
  ).rooms;
  byId("recent-rooms", "ul").replaceChildren(
    ...rooms.map((room) => {
      const link = make("a", "pill", make("bdi", "", room));
      link.href = roomHref(room);
      return make("li", "", link);
    }),
  );
  byId("recent", "nav").hidden = rooms.length === 0;
}

async function watchBack(): Promise<void> {
  const place = byId("back-state", "p");
  const text = part(place, "[data-text]");
  const ask = async () => {
    const state = await backState();
    place.dataset.state = state;
    setText(text, texts.home[`state_${state}`]);
  };
  setInterval(() => {
    if (!document.hidden) void ask();
  }, ASK_EVERY_MS);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) void ask();
  });
  await ask();
}

async function backState(): Promise<"ready" | "unready" | "unreachable"> {
  try {
    const answer = await fetch(`${backHttp}/readyz`, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
    return answer.ok ? "ready" : "unready";
  } catch {
    return "unreachable";
  }
}
