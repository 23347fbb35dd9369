/** What the connection really is at the moment. */
export type ConnectionState =
  /** A line is being opened, or has been and the room hasn't answered yet. */
  | { kind: "connecting" }
  /** In the room; what was missed meanwhile is still arriving. */
  | { kind: "catching-up" }
  /** In the room with nothing missing. */
  | { kind: "live" }
  /** Not connected; the next attempt is at `retryAt` (milliseconds since the epoch). `code` says why, if that's known. */
  | { kind: "waiting"; retryAt: number; code?: string }
  /** The server will not have this room, name or person; only a change of it helps, or waiting until `until`, if that's given. */
  | { kind: "refused"; code: string; until?: number; reason?: string }
  /** Not started, or stopped. */
  | { kind: "stopped" };
