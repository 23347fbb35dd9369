import type { Reading } from "./meter";
import type { LaneFigures } from "./run";

/** What one event cost on a lane: of all that passed through its line, for the page and the simulated clients alike. */
export interface Cost {
  requests: number;
  bytes: number;
}

/** `null` before the first event. */
export function cost({ line, simulated }: LaneFigures, { events }: Reading): Cost | null {
  const delivered = events + simulated.events;
  if (delivered === 0) return null;
  return { requests: line.requests / delivered, bytes: (line.bytes_up + line.bytes_down) / delivered };
}

/** Events that were published and that the lane hasn't heard, and may still hear. */
export function behind(published: number, { newest }: Reading): number {
  return newest === null ? 0 : Math.max(0, published - newest);
}
