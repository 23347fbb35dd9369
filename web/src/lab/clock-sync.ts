/**
 * How far the server's clock is from this page's, from questions and answers. The answer was made somewhere between
 * question and answer; the shorter the round trip, the less is left to guess, so the shortest of the newest counts.
 */
export class ClockSync {
  /** Round trips that are kept: clocks drift apart, so that old ones must go, and of these one is undisturbed. */
  static readonly KEPT = 16;

  #trips: { took: number; ahead: number }[] = [];

  /** Times of this page and the server's, all in milliseconds. */
  add(asked: number, server: number, answered: number): void {
    const took = Math.max(0, answered - asked);
    this.#trips.push({ took, ahead: server - (asked + took / 2) });
    if (this.#trips.length > ClockSync.KEPT) this.#trips.shift();
  }

  /** What to add to this page's time to get the server's, or `null` before the first answer. */
  get ahead(): number | null {
    return this.#best?.ahead ?? null;
  }

  /** How wrong that may be, in either direction, in milliseconds. */
  get uncertainty(): number | null {
    return this.#best === null ? null : this.#best.took / 2;
  }

  get #best() {
    return this.#trips.reduce<{ took: number; ahead: number } | null>(
      (best, trip) => (best === null || trip.took <= best.took ? trip : best),
      null,
    );
  }
}
