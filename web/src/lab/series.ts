import { LANES, type LaneName } from "./lane";
import type { Counted } from "./run";

/** What a lane did in one step; `null` where there was nothing to measure. */
export interface Sample {
  /** Milliseconds: 95 % of the step's events took at most this. */
  delay: number | null;
  /** Requests a second. */
  requests: number;
  /** Bytes a second, both ways. */
  bytes: number;
}

export interface Step {
  /** Seconds since the run began. */
  at: number;
  lanes: Record<LaneName, Sample>;
}

/** What the lanes did, step by step: the difference between what was counted then and now. */
export class Series {
  /** Steps that are kept: ten minutes, one a second. */
  static readonly KEPT = 600;

  readonly steps: Step[] = [];
  #before: { at: number; lanes: Record<LaneName, Counted> } | null = null;

  /** `at` in seconds, what the lines have counted until then, and the delays since the last time. */
  add(at: number, lines: Record<LaneName, Counted>, delays: Record<LaneName, number | null>): void {
    const before = this.#before;
    this.#before = { at, lanes: lines };
    if (before === null || at <= before.at) return;
    const seconds = at - before.at;
    const sample = (lane: LaneName): Sample => {
      const now = lines[lane];
      const then = before.lanes[lane];
      const bytes = now.bytes_up + now.bytes_down - then.bytes_up - then.bytes_down;
      return {
        delay: delays[lane],
        requests: (now.requests - then.requests) / seconds,
        bytes: bytes / seconds,
      };
    };
    this.steps.push({ at, lanes: perLane(sample) });
    if (this.steps.length > Series.KEPT) this.steps.shift();
  }
}

/** One value for each lane. */
export function perLane<T>(make: (lane: LaneName) => T): Record<LaneName, T> {
  return Object.fromEntries(LANES.map((lane) => [lane, make(lane)])) as Record<LaneName, T>;
}
