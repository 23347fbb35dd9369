import type { Clock } from "../net/clock";

/** What a transport has cost and brought since it was chosen. */
export interface Reading {
  requests: number;
  /** Bytes that came: with headers where the browser tells, else without. */
  bytes: number;
  /** Milliseconds from a play to this page: the last one's, and the mean of those that arrived; `null` before the first. */
  delay: number | null;
  meanDelay: number | null;
  /** Milliseconds since the page knew that what it shows is how it is; 0 while news would arrive by itself, `null` if never. */
  age: number | null;
}

/** Counts. It knows the server's clock from the ages that answers tell. */
export class Meter {
  #requests = 0;
  #bodies = 0;
  #transferred = 0;
  #plays = 0;
  #delay: number | null = null;
  #delaySum = 0;
  #confirmed: number | null = null;
  #held = false;
  /** The server's time less the page's. */
  #ahead: number | null = null;
  /** What was there when the transport was chosen isn't its merit. */
  #begun = false;

  constructor(private readonly clock: Clock) {}

  requested(): void {
    this.#requests += 1;
  }

  received(bytes: number): void {
    this.#bodies += bytes;
  }

  /** What the browser says of a request that is over. */
  transferred(bytes: number): void {
    this.#transferred += bytes;
  }

  confirmed(): void {
    this.#confirmed = this.clock.now();
  }

  held(held: boolean): void {
    // Until now it was as it is shown.
    if (this.#held && !held) this.confirmed();
    this.#held = held;
  }

  /** A play of `at` (the server's time) is here. `age`: how long ago that was, by the server. */
  arrived(plays: number, at: number, age: number | null): void {
    const now = this.clock.now();
    if (age !== null) this.#ahead = at + age - now;
    if (plays > 0 && this.#begun && this.#ahead !== null) {
      this.#plays += 1;
      this.#delay = Math.max(0, now + this.#ahead - at);
      this.#delaySum += this.#delay;
    }
    this.#begun = true;
  }

  read(): Reading {
    return {
      requests: this.#requests,
      bytes: Math.max(this.#bodies, this.#transferred),
      delay: this.#delay,
      meanDelay: this.#plays === 0 ? null : this.#delaySum / this.#plays,
      age: this.#held ? 0 : this.#confirmed === null ? null : this.clock.now() - this.#confirmed,
    };
  }
}
