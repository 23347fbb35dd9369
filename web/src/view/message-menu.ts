import type { Reaction } from "../chat/protocol";
import type { MessageRow } from "../chat/rows";
import type { Texts } from "../i18n/texts";
import { byId, make } from "./dom";

/** What can be done with a message. */
export type Deed = "answered" | "reply" | "edit" | "delete" | "report" | "mute" | "ban";

export interface MenuActions {
  /** What may be done with a message by who looks. */
  allowed(row: MessageRow): readonly Deed[];
  do(deed: Deed, row: MessageRow): void;
  react(offset: number, emoji: string, on: boolean): void;
}

/** Reactions that are offered; others can be joined where somebody has begun. */
export const EMOJIS = ["👍", "❤️", "😂", "🎉", "😮", "😢"];

/** Pixels between a menu and the edge of the window. */
const EDGE_PX = 8;

/** The menu of a message: the browser's own modal dialog, which keeps the focus and closes on Escape. */
export class MessageMenu {
  readonly #dialog = byId("message-menu", "dialog");
  readonly #emojis = byId("emojis", "ul");
  readonly #reacted = byId("reacted", "ul");
  #row: MessageRow | null = null;
  #me = "";

  constructor(
    private readonly texts: Texts,
    private readonly actions: MenuActions,
  ) {
    for (const button of this.#items) {
      button.addEventListener("click", () => {
        const row = this.#row;
        this.#dialog.close();
        if (row !== null) this.actions.do(button.dataset.do as Deed, row);
      });
    }
    // A press beside it is one on the dialog itself.
    this.#dialog.addEventListener("click", (event) => {
      if (event.target === this.#dialog) this.#dialog.close();
    });
    this.#dialog.addEventListener("keydown", (event) => this.#move(event));
    // The button that opened it may be another one by now, since the message was painted anew.
    this.#dialog.addEventListener("close", () => {
      if (document.activeElement !== document.body) return;
      const offset = this.#row?.offset ?? 0;
      document
        .querySelector<HTMLElement>(`#messages > [data-offset="${offset}"] .more`)
        ?.focus({ preventScroll: true });
    });
  }

  open(row: MessageRow, button: HTMLElement, me: string): void {
    this.#row = row;
    this.#me = me;
    const allowed = this.actions.allowed(row);
    for (const item of this.#items) item.hidden = !allowed.includes(item.dataset.do as Deed);
    this.#emojis.replaceChildren(...EMOJIS.map((emoji) => make("li", "", this.#emoji(emoji, row))));
    this.#reacted.replaceChildren(...row.reactions.map((reaction) => make("li", "", this.#reaction(reaction, row))));
    this.#reacted.hidden = row.reactions.length === 0;
    // There the focus comes back to; not every browser gives it to a button that is pressed.
    button.focus({ preventScroll: true });
    this.#dialog.showModal();
    this.#place(button.getBoundingClientRect());
  }

  get #items(): HTMLButtonElement[] {
    return [...this.#dialog.querySelectorAll<HTMLButtonElement>("[data-do]")];
  }

  #emoji(emoji: string, row: MessageRow): HTMLButtonElement {
    const button = this.#toggle(emoji, row, make("button", "emoji", emoji));
    button.dataset.emoji = emoji;
    button.title = this.texts.message.react;
    return button;
  }

  /** A reaction that is there, and whose it is; below the message only the pointer finds that out. */
  #reaction({ emoji, names, count }: Reaction, row: MessageRow): HTMLButtonElement {
    const others = count > names.length ? ` +${count - names.length}` : "";
    const who = names.flatMap((name) => [", ", make("bdi", "", name)]).slice(1);
    const button = make("button", "", make("span", "", emoji), " ", make("span", "who", ...who, others));
    return this.#toggle(emoji, row, button);
  }

  #toggle(emoji: string, { offset, reactions }: MessageRow, button: HTMLButtonElement): HTMLButtonElement {
    const on = reactions.some((one) => one.emoji === emoji && one.names.includes(this.#me));
    button.type = "button";
    button.setAttribute("aria-pressed", String(on));
    button.addEventListener("click", () => {
      this.#dialog.close();
      if (offset !== undefined) this.actions.react(offset, emoji, !on);
    });
    return button;
  }

  /** Beside the button, within the window. On a phone the style sheet has another place for it. */
  #place({ left, right, top, bottom }: DOMRect): void {
    const { width, height } = this.#dialog.getBoundingClientRect();
    const x = right - width < EDGE_PX ? left : right - width;
    const y = bottom + height > innerHeight - EDGE_PX ? top - height : bottom;
    this.#dialog.style.setProperty("--x", `${Math.max(EDGE_PX, Math.min(x, innerWidth - width - EDGE_PX))}px`);
    this.#dialog.style.setProperty("--y", `${Math.max(EDGE_PX, y)}px`);
  }

  /** The arrows go from one to the next, as in any menu. */
  #move(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const all = [...this.#dialog.querySelectorAll<HTMLButtonElement>("button:not([hidden])")];
    const place = all.indexOf(document.activeElement as HTMLButtonElement);
    all[(place + step + all.length) % all.length]?.focus();
    event.preventDefault();
  }
}
