import { cost } from "./cost";
import type { LaneName } from "./lane";
import type { Reading } from "./meter";
import type { Figures } from "./run";
import { perLane, type Step } from "./series";

/** A run as JSON: what was set, what was measured where, and how it went step by step. */
export function report(
  at: Date,
  figures: Figures,
  readings: Record<LaneName, Reading>,
  steps: readonly Step[],
  clock: { ahead_ms: number | null; uncertainty_ms: number | null },
): string {
  const { run, room, age_ms, published, plan } = figures;
  const lanes = perLane((lane) => {
    const onLine = figures.lanes[lane];
    return {
      page: readings[lane],
      line: onLine.line,
      simulated: onLine.simulated,
      per_event: cost(onLine, readings[lane]),
    };
  });
  return JSON.stringify({ at: at.toISOString(), run, room, age_ms, published, plan, clock, lanes, steps }, null, 2);
}
