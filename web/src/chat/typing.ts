import type { Cancel, Clock } from "../net/clock";

/** Tells the room that this person types: at most one heartbeat per interval, and one notice when it stops. */
export class TypingHeartbeat {
  /** Shortest time between two heartbeats, in milliseconds; well under the expiry of the others. */
  static readonly INTERVAL_MS = 3000;
  /** How long a draft rests until this person counts as thinking, in milliseconds: with the way to the others it's less than two seconds. */
  static readonly REST_MS = 1500;

  #lastSent: number | null = null;
  #types = false;
  #rest: Cancel = () => {};

  constructor(
    private readonly clock: Clock,
    private readonly send: (active: boolean) => void,
  ) {}

  /** The draft has changed and isn't empty. */
  typed(): void {
    this.#rest();
    this.#rest = this.clock.after(TypingHeartbeat.REST_MS, () => this.#quieten());
    const now = this.clock.now();
    if (this.#lastSent !== null && now - this.#lastSent < TypingHeartbeat.INTERVAL_MS) return;
    this.#lastSent = now;
    this.#types = true;
    this.send(true);
  }

  /** The draft was sent, emptied or left. */
  stopped(): void {
    this.#quieten();
    this.forget();
  }

  /** The connection is gone and with it what the room knew. */
  forget(): void {
    this.#rest();
    this.#lastSent = null;
    this.#types = false;
  }

  #quieten(): void {
    if (!this.#types) return;
    this.#types = false;
    this.send(false);
  }
}

/** Who types at the moment. A name goes when it stops, sends, leaves, or stays silent for the expiry. */
export class TypingRoster {
  /** How long one heartbeat counts, in milliseconds. */
  static readonly EXPIRY_MS = 5000;
  /** Most names kept; more than a handful are only counted anyway. */
  static readonly MAX_NAMES = 50;

  readonly #expiries = new Map<string, Cancel>();

  constructor(
    private readonly clock: Clock,
    private readonly changed: () => void,
  ) {}

  get names(): string[] {
    return [...this.#expiries.keys()];
  }

  started(name: string): void {
    const known = this.#expiries.get(name);
    if (known === undefined && this.#expiries.size >= TypingRoster.MAX_NAMES) return;
    known?.();
    this.#expiries.set(
      name,
      this.clock.after(TypingRoster.EXPIRY_MS, () => this.stopped(name)),
    );
    if (known === undefined) this.changed();
  }

  stopped(name: string): void {
    const cancel = this.#expiries.get(name);
    if (cancel === undefined) return;
    cancel();
    this.#expiries.delete(name);
    this.changed();
  }

  clear(): void {
    if (this.#expiries.size === 0) return;
    for (const cancel of this.#expiries.values()) cancel();
    this.#expiries.clear();
    this.changed();
  }
}
