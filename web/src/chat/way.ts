import type { ClientMessage, ServerMessage } from "./protocol";

/** What carries the messages of a connection. */
export type Carrier = "websocket" | "polling" | "long-polling" | "sse";

/** One connection to a room. */
export interface Line {
  send(message: ClientMessage): void;
  close(): void;
}

/** Why a line has ended, as far as it was told. */
export interface End {
  /** A code of the protocol. */
  code: string;
  /** Whether it's pointless to come again. */
  final: boolean;
  /** How long the server wants to be left alone, in milliseconds. */
  retryAfterMs?: number;
  /** What a person has given as the reason. */
  reason?: string;
}

/** What a line reports. `closed` comes at most once, also when the line never opened; after `close` nothing counts. */
export interface LineEvents {
  opened(): void;
  /** `null` is a message that isn't one, or that this page is too old to know: a sign of life all the same. */
  received(message: ServerMessage | null): void;
  /** What carries the messages from now on. */
  carriedBy(carrier: Carrier): void;
  /** The line does nothing while nobody looks: its silence means nothing until it goes on. */
  resting(resting: boolean): void;
  /** `null` when nothing is known but that it's over. */
  closed(end: End | null): void;
}

/** A way to a room: opens a line to it. */
export type Way = (events: LineEvents) => Line;

/** The end of a line for what an error says. */
export function endOf({ code, retry_after_ms: ms, reason }: ServerMessage & { type: "error" }): Omit<End, "final"> {
  return { code, ...(typeof ms === "number" ? { retryAfterMs: ms } : {}), ...(reason ? { reason } : {}) };
}
