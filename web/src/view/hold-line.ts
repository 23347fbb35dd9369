import type { Obstacle } from "../chat/obstacle";
import { fill, type Texts } from "../i18n/texts";
import { byId, isolate, part, setText } from "./dom";
import { problemText } from "./problem";

/** Says under the composer why messages wait, or can't be said, though there is a connection, and counts down to when that is over. */
export class HoldLine {
  readonly #line = byId("held", "p");
  readonly #sentence = part(this.#line, "[data-text]");
  readonly #countdown = part(this.#line, "[data-countdown]");
  #obstacle: Obstacle | null = null;

  constructor(private readonly texts: Texts) {
    setInterval(() => this.#tick(), 1000);
  }

  show(obstacle: Obstacle | null): void {
    this.#obstacle = obstacle;
    this.#line.hidden = obstacle === null;
    this.#line.classList.toggle("closed", obstacle?.closed ?? false);
    setText(this.#sentence, this.#why);
    this.#tick();
  }

  get #why(): string {
    if (this.#obstacle === null) return "";
    const { code, closed, reason } = this.#obstacle;
    const why = problemText(this.texts, code);
    if (reason !== undefined) return `${why} ${fill(this.texts.connection.because, { reason: isolate(reason) })}`;
    return closed ? why : `${why} ${this.texts.chat.held}`;
  }

  #tick(): void {
    const ms = this.#obstacle === null ? 0 : this.#obstacle.until - Date.now();
    const left = timeLeft(ms);
    const { retry_in, time_left } = this.texts.connection;
    if (left === "") setText(this.#countdown, "");
    else if (this.#obstacle?.closed) setText(this.#countdown, `(${fill(time_left, { time: left })})`);
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
