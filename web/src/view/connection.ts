import type { ConnectionState } from "../chat/connection-state";
import { isBanned } from "../chat/obstacle";
import { fill, type Texts } from "../i18n/texts";
import { byId, part, setText } from "./dom";
import { problemText } from "./problem";

/** Shows the connection as it is: a word in the bar, and a line with the next attempt while there is none. */
export class ConnectionView {
  readonly #chip = byId("connection", "div");
  readonly #word = part(this.#chip, "[data-text]");
  readonly #trouble = byId("trouble", "div");
  readonly #sentence = part(this.#trouble, "[data-text]");
  readonly #countdown = part(this.#trouble, "[data-countdown]");
  readonly #tryNow = byId("try-now", "button");
  #state: ConnectionState = { kind: "stopped" };
  /** What the server said of why it's not there, since a connection has been lost; null before: the first attempt needs no alarm. */
  #lost: { code?: string } | null = null;

  constructor(
    private readonly texts: Texts,
    tryNow: () => void,
  ) {
    this.#tryNow.addEventListener("click", () => {
      if (this.#state.kind === "waiting") tryNow();
    });
    setInterval(() => this.#tick(), 1000);
  }

  show(state: ConnectionState): void {
    if (state.kind === "waiting") this.#lost = state;
    if (state.kind === "live") this.#lost = null;
    document.body.dataset.connection = state.kind;
    // An attempt is no news: told of each, somebody who listens would hear of nothing else.
    const trying = state.kind === "connecting" && this.#lost !== null;
    this.#chip.dataset.state = trying ? "waiting" : state.kind;
    setText(this.#word, this.#wordFor(trying ? "waiting" : state.kind));
    // Who was sent away reads it where they would write.
    const troubled = state.kind === "refused" || (this.#lost !== null && state.kind !== "catching-up");
    this.#hideTrouble(isBanned(state) || !troubled);
    // It stays while it's of no use: coming and going it would move the page, and lose the focus.
    this.#tryNow.hidden = state.kind === "refused";
    this.#tryNow.setAttribute("aria-disabled", String(state.kind !== "waiting"));
    if (state.kind === "refused") setText(this.#sentence, problemText(this.texts, state.code));
    else setText(this.#sentence, this.#reason + this.texts.connection.kept);
    this.#state = state;
    this.#tick();
  }

  /** Who has pressed the button in it goes on with what the room says. */
  #hideTrouble(hidden: boolean): void {
    const focused = hidden && this.#trouble.contains(document.activeElement);
    this.#trouble.hidden = hidden;
    if (focused) byId("scroller", "div").focus({ preventScroll: true });
  }

  /** Why the connection was lost, as a sentence in front of others. */
  get #reason(): string {
    const code = this.#lost?.code;
    return code === undefined ? "" : `${problemText(this.texts, code)} `;
  }

  #wordFor(kind: ConnectionState["kind"]): string {
    const words = this.texts.connection;
    if (kind === "waiting") return navigator.onLine ? words.waiting : words.offline;
    return kind === "catching-up" ? words.catching_up : words[kind];
  }

  #tick(): void {
    const { connecting, retry_in } = this.texts.connection;
    const seconds = this.#state.kind === "waiting" ? Math.ceil((this.#state.retryAt - Date.now()) / 1000) : 0;
    // Something stands there all the time, since a line that came and went would move the page.
    const next = seconds > 0 ? fill(retry_in, { seconds }) : connecting;
    setText(this.#countdown, this.#state.kind === "refused" ? "" : `(${next})`);
  }
}
