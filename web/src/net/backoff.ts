/**
 * Delays between attempts to connect: exponential with full jitter, so that the clients of a restarted server
 * come back spread over the interval instead of all at once.
 */
export class Backoff {
  /** Upper end of the first delay, in milliseconds: short, because most drops are over at once. */
  static readonly FIRST_MS = 500;
  /** Upper end that the delays never exceed, in milliseconds: someone who watches should not wait longer. */
  static readonly LONGEST_MS = 30_000;

  #failures = 0;

  /** `random` gives a number in [0, 1). */
  constructor(private readonly random: () => number) {}

  /** The next delay in milliseconds; each call doubles the range of the one after. */
  next(): number {
    const range = Math.min(Backoff.LONGEST_MS, Backoff.FIRST_MS * 2 ** this.#failures);
    if (range < Backoff.LONGEST_MS) this.#failures += 1;
    return Math.floor(this.random() * range);
  }

  /** The connection has proved itself: start over with short delays. */
  reset(): void {
    this.#failures = 0;
  }
}
