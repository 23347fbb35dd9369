/** The chat's messages, whichever way they go; docs/chat-protocol.md describes them. */

/** A place in a room's history: right after the message with this offset. Another epoch is another numbering. */
export interface Position {
  offset: number;
  epoch: string;
}

/** What every entry of a room's history has. `offset` is its place in the room, from 1; `at` is milliseconds since the epoch of clocks. */
interface Stored {
  offset: number;
  author: string;
  client_id: string;
  at: number;
}

/** A stored message, as it is by now. */
export interface StoredMessage extends Stored {
  kind?: "message" | null;
  text: string;
  reply_to?: number | null;
  /** Names of people it is for. */
  mentions?: string[] | null;
  /** The offset of the last change that is in it. */
  version?: number | null;
  edited_at?: number | null;
  deleted?: boolean | null;
  reactions?: Reaction[] | null;
}

/** Who feels what about a message; not everybody is named where many do. */
export interface Reaction {
  emoji: string;
  names: string[];
  count: number;
}

/** Says that the message at `target` is no longer what it was. It has a place in the room as a message has. */
export type Change = Stored & { target: number } & (
    | { kind: "edit"; text: string; mentions?: string[] | null }
    | { kind: "delete" }
    | { kind: "reaction"; emoji: string; on: boolean }
  );

/** One entry of a room's history. */
export type Entry = StoredMessage | Change;

export type ChangeKind = Change["kind"];

/** What somebody may do in a room. */
export type Role = "guest" | "member" | "moderator" | "admin";

export interface Standing {
  /** The name of the account that speaks; null for a guest. */
  account: string | null;
  role: Role;
}

/** Who has a session, and the public id by which its own messages are left out. */
export interface Identity {
  session: string;
  sender: string;
}

/** `sender` in a `join` is for ways that ask by HTTP; a socket's server knows it by the session. */
export type ClientMessage =
  | ({ type: "join"; name: string; after?: number; epoch?: string } & Partial<Identity>)
  | { type: "send"; client_id: string; text: string; reply_to?: number }
  | { type: "edit"; client_id: string; target: number; text: string }
  | { type: "delete"; client_id: string; target: number }
  | { type: "react"; client_id: string; target: number; emoji: string; on: boolean }
  | { type: "read"; offset: number }
  | { type: "history"; after?: number; epoch?: string; before?: number; limit: number }
  | { type: "typing"; active: boolean };

/** Who has read how far. */
export interface Reader {
  name: string;
  offset: number;
}

export type Welcome = {
  type: "welcome";
  name: string;
  members: string[];
  recovered?: boolean;
  /** The name of the account that speaks, if one does. */
  account?: string | null;
  role?: Role | null;
  /** How far this person has read, and how far others have. */
  read?: number | null;
  readers?: Reader[] | null;
} & Identity &
  Position;

/** A command of one's own that has a place in the history, and is told until the server has acknowledged it. */
export type Command = Extract<ClientMessage, { client_id: string }>;

export type ServerMessage =
  | Welcome
  | ({ type: "message" } & StoredMessage)
  | { [K in ChangeKind]: { type: K } & Omit<Change & { kind: K }, "kind"> }[ChangeKind]
  /** With `unchanged` there was nothing to change: the offset is the message's, and nothing new is in the history. */
  | ({ type: "ack"; client_id: string; at: number; unchanged?: boolean | null; mentions?: string[] | null } & Position)
  | { type: "history"; messages: Entry[]; after?: number; before?: number; epoch: string; more: boolean }
  | ({ type: "read" } & Reader)
  /** Somebody with a right to it has changed what may be said here, or by whom. */
  | { type: "moderated"; action: string; name?: string | null; until?: number | null }
  | { type: "typing"; name: string; active: boolean }
  | { type: "joined" | "left"; name: string }
  /** All up to there has been said, less the own ones. */
  | ({ type: "position" } & Position)
  /** What was missed can't be said any more; what comes follows this position. */
  | ({ type: "lost" } & Position)
  /** The server left out this many events because the page was slow to take them. */
  | { type: "skipped"; count: number }
  | { type: "error"; code: string; message: string; client_id?: string; retry_after_ms?: number; reason?: string };

/** The server closes with these codes when the room's name is not one, and when this person was sent away. */
export const CLOSE_ROOM_INVALID = 4404;
export const CLOSE_BANNED = 4403;

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

/** What a live event adds to the history. */
export function entryOf(message: ServerMessage & { type: "message" | ChangeKind }): Entry {
  if (message.type === "message") return message;
  const { type, ...rest } = message;
  return { ...rest, kind: type } as Change;
}

export function isChange(entry: Entry): entry is Change {
  return typeof entry.kind === "string" && entry.kind !== "message";
}

/** The message of an entry: a socket says as `type` what the history says as `kind`. */
export function saidAs(entry: Entry): ServerMessage {
  if (!isChange(entry)) return { type: "message", ...entry };
  const { kind, ...rest } = entry;
  return { type: kind, ...rest } as ServerMessage;
}

/** The same for what says its type elsewhere, as the name of an event. */
export function readTyped(type: string, data: unknown): ServerMessage | null {
  if (!isRecord(data)) return null;
  // An entry of the history that is no message says so itself.
  return readServerMessage({ ...data, type: type === "message" && isString(data.kind) ? data.kind : type });
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
      isOptional(m.recovered, isBoolean) &&
      isOptional(m.account, isString) &&
      isOptional(m.role, isString) &&
      isOptional(m.read, isCount) &&
      isOptional(m.readers, (readers) => isListOf(readers, isReader)),
    message: isStored,
    edit: (m) => isEntry({ ...m, kind: "edit" }),
    delete: (m) => isEntry({ ...m, kind: "delete" }),
    reaction: (m) => isEntry({ ...m, kind: "reaction" }),
    ack: (m) =>
      isString(m.client_id) &&
      isPosition(m) &&
      isCount(m.at) &&
      isOptional(m.unchanged, isBoolean) &&
      isOptional(m.mentions, isNames),
    history: (m) =>
      isEntryList(m.messages) &&
      isOptional(m.after, isCount) &&
      isOptional(m.before, isCount) &&
      isString(m.epoch) &&
      typeof m.more === "boolean",
    typing: (m) => isString(m.name) && isBoolean(m.active),
    read: isReader,
    moderated: (m) => isString(m.action) && isOptional(m.name, isString) && isOptional(m.until, isCount),
    joined: (m) => isString(m.name),
    left: (m) => isString(m.name),
    position: isPosition,
    lost: isPosition,
    skipped: (m) => isCount(m.count),
    error: (m) =>
      isString(m.code) &&
      isString(m.message) &&
      isOptional(m.client_id, isString) &&
      isOptional(m.retry_after_ms, isCount) &&
      isOptional(m.reason, isString),
  } satisfies Record<ServerMessage["type"], (m: Fields) => boolean>),
);

export function isPosition<M extends Fields>(m: M): m is M & Position {
  return isCount(m.offset) && isString(m.epoch);
}

export function isIdentity<M extends Fields>(m: M): m is M & Identity {
  return isString(m.session) && isString(m.sender);
}

export function isEntryList(value: unknown): value is Entry[] {
  return isListOf(value, isEntry);
}

export function isRecord(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isEntry(m: Fields): boolean {
  if (!isCount(m.offset) || !isString(m.author) || !isString(m.client_id) || !isCount(m.at)) return false;
  switch (m.kind ?? "message") {
    case "message":
      return isStored(m);
    case "edit":
      return isCount(m.target) && isString(m.text) && isOptional(m.mentions, isNames);
    case "delete":
      return isCount(m.target);
    case "reaction":
      return isCount(m.target) && isString(m.emoji) && isBoolean(m.on);
    default:
      return false;
  }
}

function isStored(m: Fields): boolean {
  return (
    isCount(m.offset) &&
    isString(m.author) &&
    isString(m.client_id) &&
    isCount(m.at) &&
    isString(m.text) &&
    isOptional(m.reply_to, isCount) &&
    isOptional(m.mentions, isNames) &&
    isOptional(m.version, isCount) &&
    isOptional(m.edited_at, isCount) &&
    isOptional(m.deleted, isBoolean) &&
    isOptional(m.reactions, (reactions) => isListOf(reactions, isReaction))
  );
}

function isReaction(m: Fields): boolean {
  return isString(m.emoji) && isNames(m.names) && isCount(m.count);
}

function isReader(m: Fields): boolean {
  return isString(m.name) && isCount(m.offset);
}

function isListOf(value: unknown, is: (m: Fields) => boolean): boolean {
  return Array.isArray(value) && value.every((one) => isRecord(one) && is(one));
}

function isNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(isString);
}

function isBoolean(value: unknown): value is boolean {
  return typeof value === "boolean";
}

export function isString(value: unknown): value is string {
  return typeof value === "string";
}

/** An absent field may also be spelled `null`. */
function isOptional(value: unknown, is: (value: unknown) => boolean): boolean {
  return value === undefined || value === null || is(value);
}
