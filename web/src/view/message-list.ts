import type { BreakRow, MessageRow, Row } from "../chat/rows";
import { fill, type Language, type Texts } from "../i18n/texts";
import { colourOf, initialOf } from "./author";
import { make } from "./dom";

export interface MessageListActions {
  retry(clientId: string): void;
  discard(clientId: string): void;
}

/**
 * Paints rows into the list, touching only what has changed, and keeps the reader's place: at the end it follows the
 * newest message; further up, the line being read stays where it is, whatever is added above or below.
 */
export class MessageList {
  /** How far from the end still counts as at the end, in CSS pixels. */
  static readonly END_PX = 48;

  readonly #elements = new Map<string, { element: HTMLLIElement; painted: string }>();
  readonly #time: Intl.DateTimeFormat;
  readonly #full: Intl.DateTimeFormat;
  readonly #day: Intl.DateTimeFormat;
  #following = true;

  constructor(
    private readonly scroller: HTMLElement,
    private readonly list: HTMLOListElement,
    language: Language,
    private readonly texts: Texts,
    private readonly actions: MessageListActions,
  ) {
    this.#time = new Intl.DateTimeFormat(language, { hour: "numeric", minute: "2-digit" });
    this.#full = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "medium" });
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

  paint(rows: readonly Row[]): void {
    const anchor = this.#following ? null : this.#anchor();
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
    const wanted = JSON.stringify(row);
    const known = this.#elements.get(row.key);
    if (known?.painted === wanted) return known.element;
    const element = known?.element ?? make("li", "");
    if (row.kind === "day") this.#fillDay(element, row.at);
    else if (row.kind === "break") this.#fillBreak(element, row);
    else this.#fillMessage(element, row);
    this.#elements.set(row.key, { element, painted: wanted });
    return element;
  }

  #fillDay(element: HTMLLIElement, at: number): void {
    element.className = "day";
    element.replaceChildren(make("span", "", this.#day.format(at)));
  }

  #fillBreak(element: HTMLLIElement, { why }: BreakRow): void {
    element.className = "break";
    element.dataset.why = why;
    element.replaceChildren(make("span", "", this.texts.chat[`break_${why}`]));
  }

  #fillMessage(element: HTMLLIElement, row: MessageRow): void {
    element.className = `message${row.own ? " own" : ""}${row.first ? " first" : ""}`;
    element.dataset.state = row.state;
    element.dataset.clientId = row.clientId;
    element.dataset.colour = String(colourOf(row.author));
    if (row.offset === undefined) delete element.dataset.offset;
    else element.dataset.offset = String(row.offset);

    const author = make("bdi", "author", row.author);
    // Own messages stand on their own side; the name is for those who listen.
    if (row.own) author.classList.add("only-heard");
    const time = make("time", "time", this.#time.format(row.at));
    time.dateTime = new Date(row.at).toISOString();
    time.title = this.#full.format(row.at);
    const head = make("div", "head", author, " ", time);
    if (!row.first) head.classList.add("only-heard");
    const text = make("p", "text", row.text);
    text.dir = "auto";
    const avatar = make("span", "avatar", initialOf(row.author));
    avatar.setAttribute("aria-hidden", "true");
    element.replaceChildren(
      avatar,
      make("div", "body", head, make("div", "line", text, this.#state(row)), ...this.#trouble(row)),
    );
  }

  #state(row: MessageRow): HTMLElement {
    const mark = make("span", "mark");
    if (!row.own) return mark;
    const label = this.texts.chat[`state_${row.state}`];
    mark.setAttribute("role", "img");
    mark.setAttribute("aria-label", label);
    mark.title = label;
    return mark;
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

/** A readable sentence for a code of the protocol or of this page. */
export function problemText(texts: Texts, code: string): string {
  const known = code !== "other" && Object.hasOwn(texts.problem, code);
  return known ? texts.problem[code as keyof Texts["problem"]] : fill(texts.problem.other, { code });
}
