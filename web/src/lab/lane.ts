import type { Clock } from "../net/clock";

/** The ways that are compared, the oldest first. */
export const LANES = ["polling", "long-polling", "sse", "websocket", "socketio"] as const;
export type LaneName = (typeof LANES)[number];

/** A place in the room: behind the message with this offset. */
export interface Position {
  offset: number;
  epoch: string;
}

/** A message of the room, as far as the laboratory looks at it. */
export interface Message {
  offset: number;
  text: string;
}

export type LaneState = "stopped" | "connecting" | "live" | "waiting";

/** What a lane reports. */
export interface LaneEvents {
  state(state: LaneState): void;
  /** It hears the room from here on; what lies between this and what it has heard is lost. */
  position(position: Position): void;
  heard(message: Message): void;
  /** A question was answered without news. */
  noNews(): void;
  /** What carries it now, where that can change. */
  carriedBy?(carrier: string): void;
}

/** A lane that is open. Nothing is reported after `close`. */
export interface Lane {
  close(): void;
}

/** What every lane is opened with. */
export interface LaneSite {
  /** The line's origin, such as `http://127.0.0.1:40123`. */
  http: string;
  /** The same for sockets. */
  ws: string;
  room: string;
  clock: Clock;
  /** Gives a number in [0, 1). */
  random: () => number;
}

/** How long a lane waits before it comes back, in milliseconds: short, since the reader watches, and the same for all. */
const PAUSE_MS = 500;

/** The wait before another attempt, spread so that lanes that were cut off together don't come together. */
export function pause(random: () => number): number {
  return PAUSE_MS * (1 + random());
}

export function isPosition(value: unknown): value is Position {
  const { offset, epoch } = fields(value);
  return typeof offset === "number" && typeof epoch === "string";
}

export function isMessage(value: unknown): value is Message {
  const { offset, text } = fields(value);
  return typeof offset === "number" && typeof text === "string";
}

/** The fields of whatever came, so that they can be looked at one by one. */
export function fields(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
