import type { Hold } from "../chat/outbox";
import { fill, type Texts } from "../i18n/texts";
import { byId, part, setText } from "./dom";
import { problemText } from "./problem";

/** Says under the composer why messages wait, or can't be said, though there is a connection, and counts down to when that is over. */
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
    setText(this.#sentence, this.#why);
    this.#tick();
  }

  get #why(): string {
    if (this.#hold === null) return "";
    const why = problemText(this.texts, this.#hold.code);
    // What is muted doesn't wait: it wasn't taken.
    return this.#hold.code === "muted" ? why : `${why} ${this.texts.chat.held}`;
  }

  #tick(): void {
    const ms = this.#hold === null ? 0 : this.#hold.until - Date.now();
    const left = timeLeft(ms);
    const { retry_in, time_left } = this.texts.connection;
    if (left === "") setText(this.#countdown, "");
    else if (this.#hold?.code === "muted") setText(this.#countdown, `(${fill(time_left, { time: left })})`);
    else setText(this.#countdown, `(${fill(retry_in, { seconds: Math.ceil(ms / 1000) })})`);
  }
}

/** A span of time as a clock shows it, `4:05` or `1:04:05`; empty when it is over, or has no end. */
export function timeLeft(ms: number): string {
  if (ms <= 0 || !Number.isFinite(ms)) return "";
  const seconds = Math.ceil(ms / 1000);
  const two = (value: number) => String(Math.trunc(value)).padStart(2, "0");
  const [hours, minutes] = [Math.trunc(seconds / 3600), Math.trunc(seconds / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}
