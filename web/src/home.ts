import { roomHref } from "./chat/choice";
import { BrowserMemory, openStorage, randomId } from "./chat/storage";
import { Latest } from "./home/latest";
import { Tally } from "./home/tally";
import { pageAttention } from "./net/attention";
import { systemClock } from "./net/clock";
import { httpTo } from "./net/http";
import { type Connect, connectWebSocket } from "./net/socket";
import { enableLanguageSwitch, readPage } from "./page";
import { byId, make, part, setText } from "./view/dom";
import { CHAT_LINES, showChatThumbnail } from "./view/home/chat-thumbnail";
import { LabThumbnail } from "./view/home/lab-thumbnail";
import { showScoresThumbnail } from "./view/home/scores-thumbnail";
import { browserSite, openThumbnail } from "./view/market/thumbnail";
import { enableRoomForm } from "./view/rooms";
import { Thumbnail } from "./view/seats/thumbnail";

/** How often the back server is asked while the page is in view, in milliseconds. */
const ASK_EVERY_MS = 10_000;
/** Time for it to answer, in milliseconds. */
const PATIENCE_MS = 5000;

const page = readPage(document.body);
const { language, texts, backHttp } = page;
const http = httpTo(backHttp);
const lab = new LabThumbnail(texts);
const tally = new Tally((tally) => lab.show(tally));
/** A WebSocket whose messages are counted. */
const counted: Connect = (url, events) =>
  connectWebSocket(url, {
    opened: () => events.opened(),
    received(text) {
      tally.told();
      events.received(text);
    },
    closed: (code) => events.closed(code),
  });

enableLanguageSwitch();
enableRoomForm(texts);
showRecentRooms();
glance(`/api/rooms/lobby/messages?limit=${CHAT_LINES}`, (body) => showChatThumbnail(body, texts));
glance("/api/scores/yard", (body) => showScoresThumbnail(body, language, texts));
openThumbnail(byId("market-thumbnail", "div"), page, browserSite(page, counted));
watchSeats();
void watchBack();

/** A hall's changes come by a connection, which a page that isn't looked at lets go. */
function watchSeats(): void {
  const seats = new Thumbnail(byId("seats-thumbnail", "div"), page, counted);
  const look = () => (document.hidden ? seats.stop() : seats.start());
  document.addEventListener("visibilitychange", look);
  look();
}

function glance(path: string, show: (body: unknown) => void): void {
  const events = {
    asked: () => tally.asked(),
    news(body: unknown) {
      tally.answered();
      show(body);
    },
  };
  new Latest(path, http, systemClock, pageAttention, events).start();
}

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
