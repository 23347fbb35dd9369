import { isRecord } from "../../chat/protocol";
import type { Texts } from "../../i18n/texts";
import { colourOf, initialOf } from "../author";
import { byId, make } from "../dom";

/** Messages that fit. */
export const CHAT_LINES = 4;

/** Shows what was said last in a room, as it was answered. */
export function showChatThumbnail(body: unknown, texts: Texts): void {
  const messages = isRecord(body) && Array.isArray(body.messages) ? body.messages : [];
  const lines = messages.filter(isLine).slice(-CHAT_LINES);
  const empty = make("p", "hint", texts.home.thumb_empty);
  byId("chat-thumbnail", "div").replaceChildren(...(lines.length === 0 ? [empty] : lines.map(lineOf)));
}

interface Line {
  author: string;
  text: string;
}

/** A message with something to read; changes of others, and what was deleted, have nothing. */
function isLine(value: unknown): value is Line {
  return isRecord(value) && typeof value.author === "string" && typeof value.text === "string" && value.text !== "";
}

function lineOf({ author, text }: Line): HTMLElement {
  const avatar = make("span", "avatar", initialOf(author));
  avatar.dataset.colour = String(colourOf(author));
  return make("p", "chat-line", avatar, make("bdi", "", text));
}
