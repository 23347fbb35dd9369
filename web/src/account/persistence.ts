import { Backoff } from "../net/backoff";
import type { Cancel, Clock } from "../net/clock";

/** How an attempt went: null when there is an answer, or how long the server wants to be left alone, in milliseconds. */
export type Attempt = () => Promise<number | null>;

/** Asks until there is an answer: after the usual delays, or as soon as something suggests that there is one now. */
export class Persistence {
  #trying = false;
  #retry: Cancel | null = null;
  readonly #backoff: Backoff;

  /** `trying` hears when an attempt begins, and when it's over. */
  constructor(
    private readonly attempt: Attempt,
    private readonly clock: Clock,
    random: () => number,
    private readonly trying: (trying: boolean) => void,
  ) {
    this.#backoff = new Backoff(random);
  }

  /** Asks now, and goes on until there is an answer. */
  async ask(): Promise<void> {
    if (this.#trying) return;
    this.#retry?.();
    this.#retry = null;
    this.#become(true);
    const wait = await this.attempt();
    if (wait === null) this.#backoff.reset();
    else this.#retry = this.clock.after(wait + this.#backoff.next(), () => void this.ask());
    this.#become(false);
  }

  /** Something suggests that the network is back: asks now if there was no answer yet. */
  wake(): void {
    if (this.#retry !== null) void this.ask();
  }

  #become(trying: boolean): void {
    this.#trying = trying;
    this.trying(trying);
  }
}
