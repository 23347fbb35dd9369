import type { ConnectionState } from "../chat/connection-state";
import { fill, type Texts } from "../i18n/texts";
import { byId, isolate, part, setText } from "./dom";
import { timeLeft } from "./hold-line";
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
    this.#trouble.hidden = !(state.kind === "refused" || (this.#lost && state.kind !== "catching-up"));
    this.#tryNow.hidden = state.kind !== "waiting";
    if (state.kind === "refused") setText(this.#sentence, this.#refusal(state));
    else setText(this.#sentence, this.#reason(state) + this.texts.connection.kept);
    this.#tick();
  }

  /** Why this person isn't let in, and what somebody gave as the reason. */
  #refusal({ code, reason }: ConnectionState & { kind: "refused" }): string {
    const why = problemText(this.texts, code);
    return reason === undefined ? why : `${why} ${fill(this.texts.connection.because, { reason: isolate(reason) })}`;
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
    if (state.kind === "refused") {
      const left = timeLeft((state.until ?? 0) - Date.now());
      return setText(this.#countdown, left === "" ? "" : `(${fill(this.texts.connection.time_left, { time: left })})`);
    }
    const seconds = state.kind === "waiting" ? Math.ceil((state.retryAt - Date.now()) / 1000) : 0;
    setText(this.#countdown, seconds > 0 ? `(${fill(this.texts.connection.retry_in, { seconds })})` : "");
  }
}
