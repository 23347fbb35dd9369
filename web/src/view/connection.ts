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
  /** Whether a connection has been lost since the last one: the first attempt needs no alarm. */
  #lost = false;

  constructor(
    private readonly texts: Texts,
    tryNow: () => void,
  ) {
    this.#tryNow.addEventListener("click", tryNow);
    setInterval(() => this.#tick(), 1000);
  }

  show(state: ConnectionState): void {
    this.#state = state;
    if (state.kind === "waiting") this.#lost = true;
    if (state.kind === "live") this.#lost = false;
    document.body.dataset.connection = state.kind;
    this.#chip.dataset.state = state.kind;
    setText(this.#word, this.#wordFor(state));
    // Who was sent away reads it where they would write.
    const troubled = state.kind === "refused" || (this.#lost && state.kind !== "catching-up");
    this.#trouble.hidden = isBanned(state) || !troubled;
    this.#tryNow.hidden = state.kind !== "waiting";
    if (state.kind === "refused") setText(this.#sentence, problemText(this.texts, state.code));
    else setText(this.#sentence, this.#reason(state) + this.texts.connection.kept);
    this.#tick();
  }

  /** What the server said of why it's not there, as a sentence in front of others. */
  #reason(state: ConnectionState): string {
    return state.kind === "waiting" && state.code !== undefined ? `${problemText(this.texts, state.code)} ` : "";
  }

  #wordFor(state: ConnectionState): string {
    const words = this.texts.connection;
    switch (state.kind) {
      case "waiting":
        return navigator.onLine ? words.waiting : words.offline;
      case "catching-up":
        return words.catching_up;
      default:
        return words[state.kind];
    }
  }

  #tick(): void {
    const state = this.#state;
    const seconds = state.kind === "waiting" ? Math.ceil((state.retryAt - Date.now()) / 1000) : 0;
    setText(this.#countdown, seconds > 0 ? `(${fill(this.texts.connection.retry_in, { seconds })})` : "");
  }
}
