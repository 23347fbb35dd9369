import { placeOf } from "./bars";
import type { Bar } from "./protocol";

/** A place on the chart's time axis: a bar, or nothing but its time. */
export type Row = Bar | Blank;
export interface Blank {
  at: number;
  open?: never;
}

/** A gap is as wide as what's missing, up to so many places: a night of seconds must not push the day out of sight. */
export const GAP_SHOWN = 30;

/** The rows of a chart, with its gaps as empty places. */
export class Rows {
  #list: Row[] = [];

  constructor(private readonly step: number) {}

  get list(): readonly Row[] {
    return this.#list;
  }

  set(bars: readonly Bar[]): void {
    this.#list = [];
    for (const bar of bars) this.#append(bar);
  }

  /** Takes bars that have changed. Returns the rows to paint, each at its index, or `null` if that takes all of them anew. */
  change(bars: readonly Bar[]): readonly number[] | null {
    const touched: number[] = [];
    for (const bar of bars) {
      const last = this.#list.at(-1);
      if (last === undefined || bar.at > last.at) {
        const before = this.#list.length;
        this.#append(bar);
        for (let index = before; index < this.#list.length; index += 1) touched.push(index);
      } else {
        const index = placeOf(this.#list, bar.at);
        const row = this.#list[index];
        if (row?.at !== bar.at || row.open === undefined) return null;
        this.#list[index] = bar;
        touched.push(index);
      }
    }
    return touched;
  }

  #append(bar: Bar): void {
    const last = this.#list.at(-1);
    if (last !== undefined) {
      const missing = Math.round((bar.at - last.at) / this.step) - 1;
      for (let place = 1; place <= Math.min(missing, GAP_SHOWN); place += 1) {
        this.#list.push({ at: last.at + place * this.step });
      }
    }
    this.#list.push(bar);
  }
}
