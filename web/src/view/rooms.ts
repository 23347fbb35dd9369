import { type Choice, roomHref } from "../chat/choice";
import { checkRoom } from "../chat/rules";
import type { BrowserMemory } from "../chat/storage";
import { fill, type Texts } from "../i18n/texts";
import { byId, make, setText } from "./dom";

/** The form that leads to a room by its name; says what is wrong with a name before anything is loaded. */
export function enableRoomForm(texts: Texts, choice?: Choice): void {
  const form = byId("room-form", "form");
  const input = byId("room", "input");
  const problem = byId("room-problem", "p");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const checked = checkRoom(input.value);
    setText(problem, checked.ok ? "" : texts.problem[checked.problem]);
    if (checked.ok) return location.assign(roomHref(checked.value, choice));
    input.setAttribute("aria-invalid", "true");
    input.focus();
  });
  input.addEventListener("input", () => {
    setText(problem, "");
    input.removeAttribute("aria-invalid");
  });
}

/** The list of rooms: the lobby, and those visited. Their links go the way that was chosen. `painted` is called each time it is there anew. */
export function showRooms(
  memory: BrowserMemory,
  current: string,
  choice: Choice,
  texts: Texts,
  painted = () => {},
): void {
  const rooms = [...new Set([LOBBY, ...memory.rooms])];
  byId("rooms", "ul").replaceChildren(
    ...rooms.map((room) => {
      const link = make("a", "room-link", make("bdi", "", room));
      link.href = roomHref(room, choice);
      const item = make("li", "", link);
      item.dataset.room = room;
      if (room === current) link.setAttribute("aria-current", "page");
      else if (room !== LOBBY) item.append(forgetButton(room));
      return item;
    }),
  );
  painted();

  function forgetButton(room: string): HTMLButtonElement {
    const button = make("button", "forget", "×");
    button.type = "button";
    button.setAttribute("aria-label", fill(texts.chat.forget_room, { room }));
    button.addEventListener("click", () => {
      memory.forgetRoom(room);
      showRooms(memory, current, choice, texts, painted);
      byId("room", "input").focus();
    });
    return button;
  }
}

/** The room for those who name none. */
export const LOBBY = "lobby";
