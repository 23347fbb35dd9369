import type { Cancel, Clock } from "../net/clock";
import { Bars } from "./bars";
import type { Subject } from "./chart";
import type { Desk } from "./desk";
import type { Quote } from "./protocol";

/** Pause before bars that didn't come are asked for again, in milliseconds. */
export const AGAIN_MS = 2000;

/**
 * Another symbol's closes beside a chart. A connection has one chart, so these begin with the bars that a request brings, and quotes carry
 * them on.
 */
export class Comparison {
  #subject: Subject | null = null;
  #bars = new Bars();
  #scale = 0;
  #cancel: Cancel | null = null;
  #fresh = false;

  constructor(
    private readonly desk: Desk,
    private readonly clock: Clock,
    private readonly changed: () => void,
  ) {}

  get subject(): Subject | null {
    return this.#subject;
  }

  show(subject: Subject | null): void {
    const { symbol, interval } = subject ?? {};
    if (symbol === this.#subject?.symbol && interval === this.#subject?.interval) return;
    this.#subject = subject;
    this.#bars = new Bars();
    this.refresh();
  }

  /** Digits behind the point of its prices. */
  get scale(): number {
    return this.#scale;
  }

  /** The newest bars again: what the quotes told is not all if there were none for a while. */
  refresh(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#ask(null);
    this.#changed();
  }

  /** Asks for older bars until they begin where the chart does. */
  reach(at: number): void {
    const first = this.#bars.list[0];
    if (first === undefined || first.at <= at || !this.#bars.more || this.#cancel !== null) return;
    this.#ask(first.at);
  }

  /** The newest price, which the chart shows at `at`. */
  quote({ price, scale }: Pick<Quote, "price" | "scale">, at: number): void {
    if (scale !== this.#scale) {
      // Listed anew: all its prices have other digits. Its bars may be on their way.
      if (this.#cancel === null) this.refresh();
      return;
    }
    const last = this.#bars.list.at(-1);
    if (last === undefined || at < last.at) return;
    this.#bars.change({ at, open: price, high: price, low: price, close: price, volume: 0 });
    this.#changed();
  }

  closeAt(at: number): number | null {
    return this.#bars.at(at)?.close ?? null;
  }

  /** Whether it has changed since this was called last. */
  drain(): boolean {
    const fresh = this.#fresh;
    this.#fresh = false;
    return fresh;
  }

  #changed(): void {
    this.#fresh = true;
    this.changed();
  }

  #ask(before: number | null): void {
    const subject = this.#subject;
    if (subject === null) return;
    this.#cancel = this.desk.bars(subject, before, (page) => {
      this.#cancel = null;
      if (page === "unknown") return;
      if (page === null) {
        this.#cancel = this.clock.after(AGAIN_MS, () => this.#ask(before));
        return;
      }
      if (before === null) {
        if (page.scale !== this.#scale) this.#bars = new Bars();
        this.#scale = page.scale;
        this.#bars.take(page);
      } else if (page.scale === this.#scale) this.#bars.prepend(page);
      this.#changed();
    });
  }
}
