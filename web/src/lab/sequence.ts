/** What an offset was to a reader. */
export type Heard = { kind: "new"; missing: number } | { kind: "out-of-order" } | { kind: "duplicate" };

/** Follows the offsets that a lane hears: each once, in order, and none missing. */
export class Sequence {
  /** Offsets that are remembered as missing. Of one that is forgotten, what comes late is called a duplicate. */
  static readonly REMEMBERED = 10_000;

  #newest: number | null = null;
  readonly #missing = new Set<number>();

  /** The newest that was heard, or where it began. */
  get newest(): number | null {
    return this.#newest;
  }

  /** What comes next follows this offset. Returns how many will never come. */
  begin(offset: number): number {
    const skipped = this.#newest === null ? 0 : Math.max(0, offset - this.#newest);
    this.#newest = offset;
    return skipped;
  }

  hear(offset: number): Heard {
    const newest = this.#newest ?? offset - 1;
    if (offset > newest) {
      this.#newest = offset;
      for (let gap = Math.max(newest + 1, offset - Sequence.REMEMBERED); gap < offset; gap += 1) this.#remember(gap);
      return { kind: "new", missing: offset - newest - 1 };
    }
    return { kind: this.#missing.delete(offset) ? "out-of-order" : "duplicate" };
  }

  #remember(offset: number): void {
    this.#missing.add(offset);
    if (this.#missing.size <= Sequence.REMEMBERED) return;
    const [oldest] = this.#missing;
    if (oldest !== undefined) this.#missing.delete(oldest);
  }
}
