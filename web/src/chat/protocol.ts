/** The chat's messages, whichever way they go; docs/chat-protocol.md describes them. */

/** A stored message. `seq` is per room, from 1; `at` is milliseconds since the epoch. */
export interface StoredMessage {
  seq: number;
  author: string;
  client_id: string;
  text: string;
  at: number;
}

export type ClientMessage =
  | { type: "join"; name: string; session?: string }
  | { type: "send"; client_id: string; text: string }
  | { type: "history"; after?: number; before?: number; limit: number }
  | { type: "typing"; active: boolean };

export type ServerMessage =
  | { type: "welcome"; name: string; session: string; last_seq: number; members: string[] }
  | ({ type: "message" } & StoredMessage)
  | { type: "ack"; client_id: string; seq: number; at: number }
  | { type: "history"; messages: StoredMessage[]; after?: number; before?: number; more: boolean }
  | { type: "typing"; name: string; active: boolean }
  | { type: "joined" | "left"; name: string }
  | { type: "error"; code: string; message: string; client_id?: string };

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

type Fields = Record<string, unknown>;

const shapes = new Map<string, (m: Fields) => boolean>(
  Object.entries({
    welcome: (m) =>
      isString(m.name) &&
      isString(m.session) &&
      isCount(m.last_seq) &&
      Array.isArray(m.members) &&
      m.members.every(isString),
    message: isStored,
    ack: (m) => isString(m.client_id) && isCount(m.seq) && isCount(m.at),
    history: (m) =>
      Array.isArray(m.messages) &&
      m.messages.every((one) => isRecord(one) && isStored(one)) &&
      isOptional(m.after, isCount) &&
      isOptional(m.before, isCount) &&
      typeof m.more === "boolean",
    typing: (m) => isString(m.name) && typeof m.active === "boolean",
    joined: (m) => isString(m.name),
    left: (m) => isString(m.name),
    error: (m) => isString(m.code) && isString(m.message) && isOptional(m.client_id, isString),
  } satisfies Record<ServerMessage["type"], (m: Fields) => boolean>),
);

function isStored(m: Fields): boolean {
  return isCount(m.seq) && isString(m.author) && isString(m.client_id) && isString(m.text) && isCount(m.at);
}

function isRecord(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isString(value: unknown): value is string {
  return typeof value === "string";
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** An absent field may also be spelled `null`. */
function isOptional(value: unknown, is: (value: unknown) => boolean): boolean {
  return value === undefined || value === null || is(value);
}
