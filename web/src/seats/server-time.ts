import { ClockSync } from "../lab/clock-sync";
import type { Clock } from "../net/clock";

/** The time by the server's clock, which alone says when a hold is over; this page's own may be wrong by hours. */
export class ServerTime {
  readonly #sync = new ClockSync();

  constructor(private readonly clock: Clock) {}

  /** An answer to what was asked at `asked`, by this page's clock, said that it's `now`. */
  learn(asked: number, now: number): void {
    this.#sync.add(asked, now, this.clock.now());
  }

  now(): number {
    return this.clock.now() + (this.#sync.ahead ?? 0);
  }

  /** Seconds until `at`, of which the last one is still one; 0 once it's over. */
  secondsUntil(at: number): number {
    return Math.max(0, Math.ceil((at - this.now()) / 1000));
  }
}
