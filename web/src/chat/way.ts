import type { ClientMessage, ServerMessage } from "./protocol";

/** What carries the messages of a connection. */
export type Carrier = "websocket" | "polling";

/** One connection to a room. */
export interface Line {
  send(message: ClientMessage): void;
  close(): void;
}

/** What a line reports. `closed` comes at most once, also when the line never opened; after `close` nothing counts. */
export interface LineEvents {
  opened(): void;
  /** `null` is a message that isn't one, or that this page is too old to know: a sign of life all the same. */
  received(message: ServerMessage | null): void;
  /** What carries the messages from now on. */
  carriedBy(carrier: Carrier): void;
  /** `refused` is the code of the error that makes it pointless to come again. */
  closed(refused: string | null): void;
}

/** A way to a room: opens a line to it. */
export type Way = (events: LineEvents) => Line;
