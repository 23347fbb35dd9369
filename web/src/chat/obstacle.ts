import type { ConnectionState } from "./connection-state";
import type { Hold, Outbox } from "./outbox";

/** What stands in the way of saying something. */
export interface Obstacle extends Hold {
  /** Whether nothing is taken meanwhile; otherwise what is said waits. */
  closed: boolean;
  /** What somebody gave as the reason. */
  reason?: string;
}

/** What stands in the way of saying something here, the gravest first; a lost connection is told elsewhere. `until` may be without end. */
export function obstacleOf(
  state: ConnectionState,
  { hold, silenced, readOnly }: Pick<Outbox, "hold" | "silenced" | "readOnly">,
): Obstacle | null {
  if (isBanned(state)) {
    const { code, until = Number.POSITIVE_INFINITY, reason } = state;
    return { code, until, closed: true, ...(reason === undefined ? {} : { reason }) };
  }
  if (readOnly) return { code: "room_read_only", until: Number.POSITIVE_INFINITY, closed: true };
  if (silenced !== null) return { ...silenced, closed: true };
  return hold === null ? null : { ...hold, closed: false };
}

export function isBanned(state: ConnectionState): state is ConnectionState & { kind: "refused"; code: "banned" } {
  return state.kind === "refused" && state.code === "banned";
}
