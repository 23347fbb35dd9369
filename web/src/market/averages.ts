import type { Row } from "./rows";

/** Bars that the averages go over. */
export const PERIODS = [5, 20, 60] as const;
export type Period = (typeof PERIODS)[number];

/** A point of an average: without a value where there aren't bars enough yet, or none at all. */
export interface AveragePoint {
  at: number;
  value: number | null;
}

/** The mean of the last `period` closes at each row from `from` on; gaps don't count as bars. */
export function averages(rows: readonly Row[], period: number, from = 0): AveragePoint[] {
  const begin = reach(rows, period, from);
  const closes: number[] = [];
  let sum = 0;
  const points: AveragePoint[] = [];
  for (let index = begin; index < rows.length; index += 1) {
    const row = rows[index] as Row;
    if (row.open !== undefined) {
      closes.push(row.close);
      sum += row.close;
      if (closes.length > period) sum -= closes[closes.length - period - 1] ?? 0;
    }
    const full = row.open !== undefined && closes.length >= period;
    if (index >= from) points.push({ at: row.at, value: full ? sum / period : null });
  }
  return points;
}

/** The same at one row alone. */
export function averageAt(rows: readonly Row[], period: number, index: number): number | null {
  return averages(rows.slice(0, index + 1), period, index)[0]?.value ?? null;
}

/** Where the bars begin that the mean at `from` goes over. */
function reach(rows: readonly Row[], period: number, from: number): number {
  let begin = from;
  for (let bars = 1; begin > 0 && bars < period; begin -= 1) if (rows[begin - 1]?.open !== undefined) bars += 1;
  return begin;
}
