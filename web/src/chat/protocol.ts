/** The chat's messages, whichever way they go; docs/chat-protocol.md describes them. */

/** A place in a room's history: right after the message with this offset. Another epoch is another numbering. */
export interface Position {
  offset: number;
  epoch: string;
}

/** A stored message. `offset` is its place in the room, from 1; `at` is milliseconds since the epoch of clocks. */
export interface StoredMessage {
  offset: number;
  author: string;
  client_id: string;
  text: string;
  at: number;
}

/** Who has a session, and the public id by which its own messages are left out. */
export interface Identity {
  session: string;
  sender: string;
}

/** `sender` in a `join` is for ways that ask by HTTP; a socket's server knows it by the session. */
export type ClientMessage =
  | ({ type: "join"; name: string; after?: number; epoch?: string } & Partial<Identity>)
  | { type: "send"; client_id: string; text: string }
  | { type: "history"; after?: number; epoch?: string; before?: number; limit: number }
  | { type: "typing"; active: boolean };

export type ServerMessage =
  | ({ type: "welcome"; name: string; members: string[]; recovered?: boolean } & Identity & Position)
  | ({ type: "message" } & StoredMessage)
  | ({ type: "ack"; client_id: string; at: number } & Position)
  | { type: "history"; messages: StoredMessage[]; after?: number; before?: number; epoch: string; more: boolean }
  | { type: "typing"; name: string; active: boolean }
  | { type: "joined" | "left"; name: string }
  /** All up to there has been said, less the own ones. */
  | ({ type: "position" } & Position)
  /** What was missed can't be said any more; what comes follows this position. */
  | ({ type: "lost" } & Position)
  /** The server left out this many events because the page was slow to take them. */
  | { type: "skipped"; count: number }
  | { type: "error"; code: string; message: string; client_id?: string; retry_after_ms?: number };

/** The server closes with this code when the room's name is not one; connecting again would not help. */
export const CLOSE_ROOM_INVALID = 4404;

/** Most messages one history answer may hold. */
export const HISTORY_MAX = 200;

/** Address of a room's socket; `back` is the origin of the back server, such as `ws://127.0.0.1:3000`. */
export function roomUrl(back: string, room: string): string {
  return `${back.replace(/\/+$/, "")}/ws/${encodeURIComponent(room)}`;
}

/**
 * Reads one message of the server. `null` for what isn't one, or is of a type that this page is too old to know:
 * such a message is skipped, the connection goes on.
 */
export function parseServerMessage(text: string): ServerMessage | null {
  try {
    return readServerMessage(JSON.parse(text));
  } catch {
    return null;
  }
}

/** The same for a message that is no text any more. */
export function readServerMessage(value: unknown): ServerMessage | null {
  if (!isRecord(value) || typeof value.type !== "string") return null;
  return shapes.get(value.type)?.(value) ? (value as unknown as ServerMessage) : null;
}

/** The same for what says its type elsewhere, as the name of an event. */
export function readTyped(type: string, data: unknown): ServerMessage | null {
  return isRecord(data) ? readServerMessage({ ...data, type }) : null;
}

export type Fields = Record<string, unknown>;

const shapes = new Map<string, (m: Fields) => boolean>(
  Object.entries({
    welcome: (m) =>
      isString(m.name) &&
      isIdentity(m) &&
      isPosition(m) &&
      Array.isArray(m.members) &&
      m.members.every(isString) &&
      isOptional(m.recovered, (value) => typeof value === "boolean"),
    message: isStored,
    ack: (m) => isString(m.client_id) && isPosition(m) && isCount(m.at),
    history: (m) =>
      isStoredList(m.messages) &&
      isOptional(m.after, isCount) &&
      isOptional(m.before, isCount) &&
      isString(m.epoch) &&
      typeof m.more === "boolean",
    typing: (m) => isString(m.name) && typeof m.active === "boolean",
    joined: (m) => isString(m.name),
    left: (m) => isString(m.name),
    position: isPosition,
    lost: isPosition,
    skipped: (m) => isCount(m.count),
    error: (m) =>
      isString(m.code) &&
      isString(m.message) &&
      isOptional(m.client_id, isString) &&
      isOptional(m.retry_after_ms, isCount),
  } satisfies Record<ServerMessage["type"], (m: Fields) => boolean>),
);

export function isPosition<M extends Fields>(m: M): m is M & Position {
  return isCount(m.offset) && isString(m.epoch);
}

export function isIdentity<M extends Fields>(m: M): m is M & Identity {
  return isString(m.session) && isString(m.sender);
}

export function isStoredList(value: unknown): value is StoredMessage[] {
  return Array.isArray(value) && value.every((one) => isRecord(one) && isStored(one));
}

export function isRecord(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isStored(m: Fields): boolean {
  return isCount(m.offset) && isString(m.author) && isString(m.client_id) && isString(m.text) && isCount(m.at);
}

function isString(value: unknown): value is string {
  return typeof value === "string";
}

/** An absent field may also be spelled `null`. */
function isOptional(value: unknown, is: (value: unknown) => boolean): boolean {
  return value === undefined || value === null || is(value);
}
