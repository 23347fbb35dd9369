import { plainText, readMarkdown } from "../chat/markdown";
import type { Answered, MessageRow } from "../chat/rows";
import { fill, type Language, plural, type Texts } from "../i18n/texts";
import { colourOf, initialOf } from "./author";
import { make } from "./dom";
import { renderMarkdown } from "./markdown";
import { problemText } from "./problem";

export interface MessageActions {
  retry(clientId: string): void;
  discard(clientId: string): void;
  react(offset: number, emoji: string, on: boolean): void;
  /** Goes to the message that this one answers. */
  goTo(offset: number): void;
  /** Opens the menu of what can be done with a message, beside `button`. */
  menu(row: MessageRow, button: HTMLElement): void;
}

/** Most characters of a message that are quoted above an answer to it. */
const QUOTED_CHARS = 120;

/** Paints one message. */
export class MessageView {
  readonly #time: Intl.DateTimeFormat;
  readonly #full: Intl.DateTimeFormat;

  constructor(
    private readonly language: Language,
    private readonly texts: Texts,
    private readonly actions: MessageActions,
  ) {
    this.#time = new Intl.DateTimeFormat(language, { hour: "numeric", minute: "2-digit" });
    this.#full = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "medium" });
  }

  /** `me` is the name of who looks. */
  fill(element: HTMLLIElement, row: MessageRow, me: string): void {
    const marks = { own: row.own, first: row.first, deleted: row.deleted, changing: row.changing };
    const mentioned = !row.own && row.mentions.includes(me);
    const classes = Object.entries({ ...marks, mentioned }).flatMap(([name, is]) => (is ? [name] : []));
    element.className = ["message", ...classes].join(" ");
    element.dataset.state = row.state;
    element.dataset.clientId = row.clientId;
    element.dataset.colour = String(colourOf(row.author));
    element.dataset.read = String(row.readBy.count);
    if (row.offset === undefined) delete element.dataset.offset;
    else element.dataset.offset = String(row.offset);

    const avatar = make("span", "avatar", initialOf(row.author));
    avatar.setAttribute("aria-hidden", "true");
    const line = make("div", "line", this.#text(row, me), this.#state(row), ...this.#menuButton(row));
    const quote = row.answered === undefined || row.deleted ? [] : [this.#answered(row.answered)];
    const body = make(
      "div",
      "body",
      this.#head(row),
      ...quote,
      line,
      ...this.#reactions(row, me),
      ...this.#trouble(row),
    );
    element.replaceChildren(avatar, body);
  }

  #head(row: MessageRow): HTMLElement {
    const author = make("bdi", "author", row.author);
    // Own messages stand on their own side; the name is for those who listen.
    if (row.own) author.classList.add("only-heard");
    const time = make("time", "time", this.#time.format(row.at));
    time.dateTime = new Date(row.at).toISOString();
    time.title = this.#full.format(row.at);
    const head = make("div", "head", author, " ", time);
    if (!row.first) head.classList.add("only-heard");
    return head;
  }

  #text(row: MessageRow, me: string): HTMLElement {
    const text = make("div", "text");
    text.dir = "auto";
    if (row.deleted) text.append(this.texts.message.deleted);
    else text.append(...renderMarkdown(row.text, row.mentions, me));
    if (row.edited && !row.deleted) {
      const edited = make("span", "edited", this.texts.message.edited);
      // Beside the text, which is what was written and nothing else.
      return make("div", "text-box", text, edited);
    }
    return text;
  }

  #answered({ offset, author, text = "", deleted }: Answered): HTMLElement {
    const { message } = this.texts;
    const button = make("button", "answered");
    button.type = "button";
    button.tabIndex = -1;
    button.dataset.answered = String(offset);
    if (author === undefined) button.append(message.answered_elsewhere);
    else {
      const said = deleted ? message.deleted : cut(plainText(readMarkdown(text)));
      button.append(make("bdi", "author", author), " ", make("bdi", "quoted", said));
      button.dataset.colour = String(colourOf(author));
    }
    button.addEventListener("click", () => this.actions.goTo(offset));
    return button;
  }

  #state(row: MessageRow): HTMLElement {
    const mark = make("span", "mark");
    if (!row.own || row.deleted) return mark;
    const { count: readers, names } = row.readBy;
    const read = readers > 0 && row.state === "sent";
    const { read_one, read_other } = this.texts.message;
    const label = read ? plural(this.language, readers, read_one, read_other) : this.texts.chat[`state_${row.state}`];
    mark.setAttribute("role", "img");
    mark.setAttribute("aria-label", label);
    mark.title = read ? `${label}: ${names.join(", ")}${readers > names.length ? "…" : ""}` : label;
    mark.classList.toggle("read", read);
    return mark;
  }

  #menuButton(row: MessageRow): HTMLElement[] {
    if (row.offset === undefined || row.deleted) return [];
    const button = make("button", "more", "⋯");
    button.type = "button";
    // One of them is in the order of the keyboard, and the arrows go to the others.
    button.tabIndex = -1;
    button.setAttribute("aria-haspopup", "dialog");
    button.setAttribute("aria-label", fill(this.texts.message.menu, { name: row.author }));
    button.addEventListener("click", () => this.actions.menu(row, button));
    return [button];
  }

  #reactions({ offset, reactions, deleted }: MessageRow, me: string): HTMLElement[] {
    if (offset === undefined || deleted || reactions.length === 0) return [];
    const chips = reactions.map(({ emoji, names, count }) => {
      const own = names.includes(me);
      const chip = make("button", "reaction", make("span", "", emoji), " ", make("span", "count", String(count)));
      chip.type = "button";
      chip.tabIndex = -1;
      chip.dataset.emoji = emoji;
      chip.setAttribute("aria-pressed", String(own));
      chip.title = names.join(", ");
      chip.addEventListener("click", () => this.actions.react(offset, emoji, !own));
      return chip;
    });
    return [make("div", "reactions", ...chips)];
  }

  /** For a failed message: why, and what can be done. */
  #trouble(row: MessageRow): HTMLElement[] {
    if (row.state !== "failed") return [];
    const retry = make("button", "quiet retry", this.texts.chat.retry);
    const discard = make("button", "quiet discard", this.texts.chat.discard);
    retry.type = "button";
    discard.type = "button";
    retry.addEventListener("click", () => this.actions.retry(row.clientId));
    discard.addEventListener("click", () => this.actions.discard(row.clientId));
    const why = make(
      "span",
      "why",
      `${this.texts.chat.state_failed}. ${problemText(this.texts, row.reason ?? "other")}`,
    );
    return [make("div", "failure", why, retry, discard)];
  }
}

/** The beginning of a text, on one line. */
export function cut(text: string, chars = QUOTED_CHARS): string {
  const line = [...text.replaceAll(/\s+/g, " ")];
  return line.length <= chars ? line.join("") : `${line.slice(0, chars - 1).join("")}…`;
}
