import type { BreakRow, MessageRow, Row } from "../chat/rows";
import type { Language, Texts } from "../i18n/texts";
import { make } from "./dom";
import { type MessageActions, MessageView } from "./message-view";
import { Roving } from "./roving";

/**
 * Paints rows into the list, touching only what has changed, and keeps the reader's place: at the end it follows the
 * newest message; further up, the line being read stays where it is, whatever is added above or below.
 */
export class MessageList {
  /** How far from the end still counts as at the end, in CSS pixels. */
  static readonly END_PX = 48;

  readonly #elements = new Map<string, { element: HTMLLIElement; painted: string }>();
  readonly #message: MessageView;
  readonly #day: Intl.DateTimeFormat;
  readonly #menus: Roving;
  #following = true;
  #me = "";
  /** The message that somebody went to. */
  #found = 0;

  constructor(
    private readonly scroller: HTMLElement,
    private readonly list: HTMLOListElement,
    language: Language,
    private readonly texts: Texts,
    actions: MessageActions,
  ) {
    this.#message = new MessageView(language, texts, actions);
    this.#menus = new Roving(list, ".more");
    this.#day = new Intl.DateTimeFormat(language, { year: "numeric", month: "long", day: "numeric", weekday: "long" });
    scroller.addEventListener("scroll", () => this.#noteScroll(), { passive: true });
    // The keyboard of a phone, a longer draft or a turned screen change the room there is.
    new ResizeObserver(() => this.#following && this.toEnd()).observe(scroller);
  }

  /** Whether the newest message is in view. */
  get atEnd(): boolean {
    return this.#following;
  }

  toEnd(): void {
    this.#following = true;
    this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  /** Doesn't follow the newest any more: the reader goes somewhere else. */
  letGo(): void {
    this.#following = false;
  }

  /** Goes to the message at `offset`, which is on the list. */
  goTo(offset: number): void {
    const element = this.list.querySelector<HTMLElement>(`.message[data-offset="${offset}"]`);
    if (element === null) return;
    this.#following = false;
    this.#found = offset;
    const { top } = element.getBoundingClientRect();
    const { top: edge, height } = this.scroller.getBoundingClientRect();
    this.scroller.scrollTop += top - edge - height / 3;
    for (const other of this.list.querySelectorAll(".found")) other.classList.remove("found");
    element.classList.add("found");
    element.querySelector<HTMLElement>(".more")?.focus({ preventScroll: true });
  }

  /** The last message of which the beginning can be seen; 0 where none can. */
  get lastInView(): number {
    const edge = this.scroller.getBoundingClientRect().bottom;
    for (let element = this.list.lastElementChild; element !== null; element = element.previousElementSibling) {
      const offset = element instanceof HTMLElement ? element.dataset.offset : undefined;
      if (offset !== undefined && element.getBoundingClientRect().top < edge) return Number(offset);
    }
    return 0;
  }

  /** Whether the line above the unread is on the list, and where: above what can be seen, in it, or below. */
  get unreadLine(): "above" | "in view" | "below" | null {
    const box = this.list.querySelector(":scope > .unread")?.getBoundingClientRect();
    if (box === undefined) return null;
    const { top, bottom } = this.scroller.getBoundingClientRect();
    if (box.bottom < top) return "above";
    return box.top > bottom ? "below" : "in view";
  }

  /** `follow` is false where what is at the end isn't the newest; `me` is the name of who looks. */
  paint(rows: readonly Row[], me = "", follow = true): void {
    this.#me = me;
    const anchor = this.#following && follow ? null : this.#anchor();
    const keys = new Set(rows.map((row) => row.key));
    for (const [key, { element }] of this.#elements) {
      if (keys.has(key)) continue;
      element.remove();
      this.#elements.delete(key);
    }
    let next = this.list.firstElementChild;
    for (const row of rows) {
      const element = this.#painted(row);
      if (element === next) next = element.nextElementSibling;
      else this.list.insertBefore(element, next);
    }
    this.#menus.settle();
    if (anchor === null) this.toEnd();
    else if (anchor.element.isConnected)
      this.scroller.scrollTop += anchor.element.getBoundingClientRect().top - anchor.top;
  }

  #noteScroll(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    this.#following = scrollHeight - scrollTop - clientHeight <= MessageList.END_PX;
  }

  /** The first message in view, and where it is. */
  #anchor(): { element: Element; top: number } | null {
    const edge = this.scroller.getBoundingClientRect().top;
    for (const element of this.list.querySelectorAll(":scope > .message")) {
      const box = element.getBoundingClientRect();
      if (box.bottom > edge) return { element, top: box.top };
    }
    return null;
  }

  #painted(row: Row): HTMLLIElement {
    const wanted = JSON.stringify([row, row.kind === "message" ? this.#me : ""]);
    const known = this.#elements.get(row.key);
    if (known?.painted === wanted) return known.element;
    const element = known?.element ?? make("li", "");
    if (row.kind === "day") this.#fillDay(element, row.at);
    else if (row.kind === "break") this.#fillBreak(element, row);
    else if (row.kind === "unread") this.#fillUnread(element);
    else this.#fillMessage(element, row);
    this.#elements.set(row.key, { element, painted: wanted });
    return element;
  }

  #fillMessage(element: HTMLLIElement, row: MessageRow): void {
    const focused = element.contains(document.activeElement);
    this.#message.fill(element, row, this.#me);
    element.classList.toggle("found", row.offset === this.#found && row.offset !== undefined);
    // What had the focus is another element now.
    if (focused) element.querySelector<HTMLElement>(".more")?.focus({ preventScroll: true });
  }

  #fillDay(element: HTMLLIElement, at: number): void {
    element.className = "day";
    element.replaceChildren(make("span", "", this.#day.format(at)));
  }

  #fillUnread(element: HTMLLIElement): void {
    element.className = "unread";
    element.replaceChildren(make("span", "", this.texts.message.unread_line));
  }

  #fillBreak(element: HTMLLIElement, { why }: BreakRow): void {
    element.className = "break";
    element.dataset.why = why;
    element.replaceChildren(make("span", "", this.texts.chat[`break_${why}`]));
  }
}
