import type { Hold, Waiting } from "./protocol";

/** What one person holds, has held and waits for, over all events. */
export class Mine {
  #holds = new Map<string, Hold>();
  #waiting: readonly Waiting[] = [];

  /** The newest first. */
  get holds(): readonly Hold[] {
    return [...this.#holds.values()];
  }

  get waiting(): readonly Waiting[] {
    return this.#waiting;
  }

  hold(id: string): Hold | undefined {
    return this.#holds.get(id);
  }

  /** Takes the whole list, newest first. */
  take(holds: readonly Hold[]): void {
    this.#holds = new Map(holds.map((hold) => [hold.hold, hold]));
  }

  /** Takes one that is new, or as it is now. */
  put(hold: Hold): void {
    if (this.#holds.has(hold.hold)) this.#holds.set(hold.hold, hold);
    else this.#holds = new Map([[hold.hold, hold], ...this.#holds]);
  }

  takeWaiting(waiting: readonly Waiting[]): void {
    this.#waiting = waiting;
  }

  putWaiting(one: Waiting): void {
    this.#waiting = [one, ...this.#waiting.filter(({ waiting }) => waiting !== one.waiting)];
  }

  /** What is to be decided on in an event before its time is over. */
  open(event: string): readonly Hold[] {
    return this.holds.filter((hold) => hold.event === event && isOpen(hold));
  }

  /** Those that are over by the server's time `now`, and from now on say so. */
  lapse(now: number): readonly Hold[] {
    const over = this.holds.filter((hold) => isOpen(hold) && hold.expires_at <= now);
    const expired = over.map((hold) => ({ ...hold, state: "expired" as const }));
    for (const hold of expired) this.put(hold);
    return expired;
  }

  /** Entries of an event's waiting list that may still come to something. */
  waits(event: string): readonly Waiting[] {
    return this.hopes.filter((one) => one.event === event);
  }

  /** The same of all events. */
  get hopes(): readonly Waiting[] {
    return this.#waiting.filter(({ state }) => state === "waiting" || state === "offered");
  }

  /** How a place is one's own, if it is. */
  has(event: string, place: string): "held" | "sold" | null {
    for (const hold of this.#holds.values()) {
      if (hold.event !== event || !hold.places.includes(place)) continue;
      if (isOpen(hold)) return "held";
      if (hold.state === "sold") return "sold";
    }
    return null;
  }
}

export function isOpen({ state }: Hold): boolean {
  return state === "held" || state === "offered";
}
