import { type Bar, type Quote, STEP_MS } from "./protocol";

/** Points of a small picture. */
export const SPARK_POINTS = 60;
/** What one point stands for. */
export const SPARK_INTERVAL = "5s";

/** The last minutes of a price, for a picture that is too small for more. */
export class Spark {
  #points: { at: number; price: number }[] = [];

  get points(): readonly { at: number; price: number }[] {
    return this.#points;
  }

  take(bars: readonly Bar[]): void {
    const quoted = this.#points;
    this.#points = [];
    for (const { at, close } of bars) this.#add(at, close);
    for (const { at, price } of quoted) this.#add(at, price);
  }

  quote({ at, price }: Quote): void {
    this.#add(at, price);
  }

  /** The points of a line in a picture of that size, with room for the line's width. */
  line(width: number, height: number, room: number): string {
    const prices = this.#points.map(({ price }) => price);
    const low = Math.min(...prices);
    const span = Math.max(...prices) - low;
    return prices
      .map((price, place) => {
        const x = room + ((width - 2 * room) * place) / Math.max(1, prices.length - 1);
        const y = span === 0 ? height / 2 : height - room - ((height - 2 * room) * (price - low)) / span;
        return `${x.toFixed(1)},${y.toFixed(1)}`;
      })
      .join(" ");
  }

  #add(when: number, price: number): void {
    const at = when - (when % STEP_MS[SPARK_INTERVAL]);
    const last = this.#points.at(-1);
    if (last !== undefined && at < last.at) return;
    if (last?.at === at) last.price = price;
    else this.#points.push({ at, price });
    this.#points = this.#points.slice(-SPARK_POINTS);
  }
}
