import { isOpen } from "./mine";
import type { Hold } from "./protocol";

/** Something that can't wait: seats that the waiting list offers, or a hold whose time is nearly over. */
export interface Turn {
  kind: "offered" | "ending";
  hold: Hold;
  /** Seconds that are left. */
  seconds: number;
}

/** Seconds that are left when what somebody holds can't wait any more. */
export const ENDING_S = 30;

/** What can't wait, of all that somebody holds: an offer before what they took themselves, and what is over first before the rest. */
export function turnOf(holds: readonly Hold[], secondsUntil: (at: number) => number): Turn | null {
  const turns = holds.filter(isOpen).flatMap((hold): Turn[] => {
    const seconds = secondsUntil(hold.expires_at);
    const offered = hold.state === "offered";
    if (seconds <= 0 || (!offered && seconds > ENDING_S)) return [];
    return [{ kind: offered ? "offered" : "ending", hold, seconds }];
  });
  const rank = ({ kind }: Turn) => (kind === "offered" ? 0 : 1);
  const sorted = turns.sort((one, other) => rank(one) - rank(other) || one.seconds - other.seconds);
  return sorted[0] ?? null;
}
