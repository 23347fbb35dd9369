import type { Hold } from "../chat/outbox";
import { fill, type Texts } from "../i18n/texts";
import { byId, part, setText } from "./dom";
import { problemText } from "./message-list";

/** Says under the composer why messages wait though there is a connection, and counts down to when they go out. */
export class HoldLine {
  readonly #line = byId("held", "p");
  readonly #sentence = part(this.#line, "[data-text]");
  readonly #countdown = part(this.#line, "[data-countdown]");
  #hold: Hold | null = null;

  constructor(private readonly texts: Texts) {
    setInterval(() => this.#tick(), 1000);
  }

  show(hold: Hold | null): void {
    this.#hold = hold;
    this.#line.hidden = hold === null;
    setText(this.#sentence, hold === null ? "" : `${problemText(this.texts, hold.code)} ${this.texts.chat.held}`);
    this.#tick();
  }

  #tick(): void {
    const seconds = this.#hold === null ? 0 : Math.ceil((this.#hold.until - Date.now()) / 1000);
    setText(this.#countdown, seconds > 0 ? `(${fill(this.texts.connection.retry_in, { seconds })})` : "");
  }
}
