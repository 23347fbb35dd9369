export interface Percentiles {
  p50: number;
  p95: number;
  p99: number;
}

/** The newest delays of a lane, in milliseconds. */
export class Latencies {
  /** So many are kept: a percentile of fewer than a hundred is a guess, and of very many it forgets nothing. */
  static readonly KEPT = 1000;

  readonly #ring: number[] = [];
  #next = 0;

  add(milliseconds: number): void {
    this.#ring[this.#next] = milliseconds;
    this.#next = (this.#next + 1) % Latencies.KEPT;
  }

  percentiles(): Percentiles | null {
    return percentiles(this.#ring);
  }
}

/** Of at least p95 95 % of the values are not larger, and so on; `null` without values. */
export function percentiles(values: readonly number[]): Percentiles | null {
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort();
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}
