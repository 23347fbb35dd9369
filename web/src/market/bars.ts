import type { Bar, BarPage } from "./protocol";

/** Bars that are kept: what somebody scrolls back to, and at most what a chart of seconds gathers in five hours. */
export const BARS_KEPT = 20_000;
/** How many go at once when there are more: seldom, since a chart must then be set anew. */
export const BARS_DROPPED = 1000;

/** What a painter has to do since it last asked: set everything, or change these bars, the oldest first. */
export type BarChanges = "all" | readonly Bar[];

/** The bars of one symbol and interval, as far as they're known, without a hole between those the back has. */
export class Bars {
  #list: Bar[] = [];
  #more = false;
  #changed = new Map<number, Bar>();
  #all = true;

  /** Oldest first. */
  get list(): readonly Bar[] {
    return this.#list;
  }

  /** Whether older ones can be asked for. */
  get more(): boolean {
    return this.#more && this.#list.length < BARS_KEPT;
  }

  /** The bar that begins at that time. */
  at(time: number): Bar | null {
    const bar = this.#list[placeOf(this.#list, time)];
    return bar?.at === time ? bar : null;
  }

  /** Takes the newest bars. Older ones stay if these join them, and there still are any. */
  take({ bars, more }: BarPage): void {
    const first = bars[0];
    const last = this.#list.at(-1);
    const joins = more && first !== undefined && last !== undefined && first.at <= last.at;
    const kept = joins ? this.#list.filter(({ at }) => at < first.at) : [];
    this.#list = [...kept, ...bars];
    if (kept.length === 0) this.#more = more;
    this.#setAll();
  }

  /** Takes the page before the oldest bar. */
  prepend({ bars, more }: BarPage): void {
    const first = this.#list[0];
    const older = first === undefined ? bars : bars.filter(({ at }) => at < first.at);
    this.#list = [...older, ...this.#list];
    // A page that brings nothing would be asked for again and again.
    this.#more = more && older.length > 0;
    this.#setAll();
  }

  /** Takes a bar as it is now: the last one, the one after it, or one that a late tick has changed. */
  change(bar: Bar): void {
    const first = this.#list[0];
    // It's on a page that hasn't been asked for.
    if (first !== undefined && bar.at < first.at && this.#more) return;
    const place = placeOf(this.#list, bar.at);
    const known = this.#list[place]?.at === bar.at;
    this.#list.splice(place, known ? 1 : 0, bar);
    // Among the others it moves them all.
    if (!known && place < this.#list.length - 1) this.#setAll();
    if (this.#list.length > BARS_KEPT + BARS_DROPPED) {
      this.#list = this.#list.slice(-BARS_KEPT);
      this.#more = true;
      this.#setAll();
    }
    if (!this.#all) this.#changed.set(bar.at, bar);
  }

  /** What has changed since this was called last. */
  drain(): BarChanges {
    const changes = this.#all ? "all" : [...this.#changed.values()].sort((a, b) => a.at - b.at);
    this.#all = false;
    this.#changed = new Map();
    return changes;
  }

  #setAll(): void {
    this.#all = true;
    this.#changed.clear();
  }
}

/** Index of the first bar that isn't before `at`. Most changes are at the end. */
export function placeOf(list: readonly { readonly at: number }[], at: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle]?.at ?? at) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}
