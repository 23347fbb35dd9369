import { type BarPage, type Quote, STEP_MS } from "./protocol";

/** Points of a small picture. */
export const SPARK_POINTS = 60;
/** What one point stands for. */
export const SPARK_INTERVAL = "5s";

/** The last minutes of a price, for a picture that is too small for more. */
export class Spark {
  #points: { at: number; price: number }[] = [];
  /** Digits behind the point that its prices have. */
  #scale = 0;

  get points(): readonly { at: number; price: number }[] {
    return this.#points;
  }

  take({ bars, scale }: Pick<BarPage, "bars" | "scale">): void {
    this.#rescale(scale);
    const quoted = this.#points;
    this.#points = [];
    for (const { at, close } of bars) this.#add(at, close);
    for (const { at, price } of quoted) this.#add(at, price);
  }

  quote({ at, price, scale }: Quote): void {
    this.#rescale(scale);
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

  #rescale(scale: number): void {
    for (const point of this.#points) point.price *= 10 ** (scale - this.#scale);
    this.#scale = scale;
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
