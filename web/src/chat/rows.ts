import { changed, type Said } from "./changes";
import type { Reaction } from "./protocol";
import { NOBODY, type ReadBy } from "./reading";
import type { Confirmed, Pending, Timeline } from "./timeline";

/** One line of the message list, ready to be painted. */
export type Row = DayRow | BreakRow | UnreadRow | MessageRow;

/** What comes below it this person hasn't seen before. */
export interface UnreadRow {
  kind: "unread";
  key: "unread";
}

export interface DayRow {
  kind: "day";
  key: string;
  /** Any moment of that day, milliseconds since the epoch. */
  at: number;
}

/** Says that something isn't on the list: the page never leaves a gap without a word. */
export interface BreakRow {
  kind: "break";
  key: string;
  /**
   * `restarted`: what was before is of another numbering; `missing`: the server doesn't have it any more; `skipped`: it was
   * left out and is being fetched.
   */
  why: "restarted" | "missing" | "skipped";
}

export interface MessageRow {
  kind: "message";
  key: string;
  author: string;
  text: string;
  at: number;
  /** The viewer's. */
  own: boolean;
  /** Starts a group: shows the author and the time. */
  first: boolean;
  state: "sent" | Pending["state"];
  /** Names of people it is for. */
  mentions: readonly string[];
  edited: boolean;
  deleted: boolean;
  /** A change of it is on its way. */
  changing: boolean;
  reactions: readonly Reaction[];
  /** Who else has read it; of own messages alone. */
  readBy: ReadBy;
  /** What it answers. */
  answered?: Answered;
  clientId: string;
  /** Absent while pending. */
  offset?: number;
  reason?: string;
}

/** A message that another one answers. Without an author it isn't here. */
export interface Answered {
  offset: number;
  author?: string;
  text?: string;
  deleted?: boolean;
}

export interface Viewer {
  /** The name under which pending messages will be sent. */
  name: string;
  /** Whether a message with this id and author is the viewer's. */
  isOwn: (clientId: string, author: string) => boolean;
  /** Names a day in the viewer's time zone, such as `2026-03-01`. */
  dayOf: (at: number) => string;
  /** Whether the server has left out what is not here yet. */
  skipped: boolean;
  /** How far they had read when they came; 0 where no line is to be drawn. */
  readUpTo: number;
  /** Who else has read the message at an offset. */
  readBy: (offset: number) => ReadBy;
  /** A message of the room, if it is here. */
  find: (offset: number) => Confirmed | undefined;
}

/** Messages of one author closer than this form a group, in milliseconds. */
export const GROUP_MS = 5 * 60_000;

/**
 * Lays the timeline out: a line for each new day, each break and where the unread begins, and messages of one author in a row as a group.
 * `pending` messages come last; pending changes show as if they were made, until the server says otherwise.
 */
export function layOut(timeline: Timeline, viewer: Viewer, pending: readonly Pending[] = timeline.pending): Row[] {
  const rows: Row[] = [];
  let previous: MessageRow | null = null;
  let day = "";
  let read = viewer.readUpTo > 0 && timeline.first <= viewer.readUpTo + 1;
  for (const row of lines(timeline, viewer, pending)) {
    if (read && row.kind === "message" && !row.own && (row.offset ?? 0) > viewer.readUpTo) {
      read = false;
      rows.push({ kind: "unread", key: "unread" });
      previous = null;
    }
    if (row.kind === "break") {
      rows.push(row);
      previous = null;
      continue;
    }
    const rowDay = viewer.dayOf(row.at);
    if (rowDay !== day) {
      rows.push({ kind: "day", key: `d:${rowDay}:${row.offset ?? row.key}`, at: row.at });
      day = rowDay;
      previous = null;
    }
    row.first =
      previous === null ||
      previous.author !== row.author ||
      previous.own !== row.own ||
      Math.abs(row.at - previous.at) >= GROUP_MS;
    rows.push(row);
    previous = row;
  }
  return rows;
}

function* lines(timeline: Timeline, viewer: Viewer, pending: readonly Pending[]): Generator<MessageRow | BreakRow> {
  if (timeline.restarted) yield { kind: "break", key: "b:restarted", why: "restarted" };
  let { skipped } = viewer;
  let place: number | null = null;
  const changes = pending.filter(({ change }) => change !== undefined);
  for (const message of timeline.confirmed) {
    const { offset } = message;
    if (skipped && offset > timeline.head) {
      yield SKIPPED;
      skipped = false;
    } else if (place !== null && offset <= timeline.head && timeline.misses(place, offset)) {
      yield { kind: "break", key: `b:${offset}`, why: "missing" };
    }
    place = offset;
    const own = changes.filter(({ change }) => change?.target === offset);
    yield confirmedRow(message, viewer, own);
  }
  if (skipped) yield SKIPPED;
  for (const one of pending) if (one.change === undefined) yield pendingRow(one, viewer);
}

const SKIPPED: BreakRow = { kind: "break", key: "b:skipped", why: "skipped" };

function confirmedRow(message: Confirmed, viewer: Viewer, changes: readonly Pending[]): MessageRow {
  const { key, author, at, clientId, offset } = message;
  const own = viewer.isOwn(clientId, author);
  const { text, mentions, edited, deleted, reactions } = changes.reduce<Said>(
    (said, pending) => withPending(said, pending, viewer.name),
    message,
  );
  return {
    ...{ kind: "message", key, author, text, at, clientId, offset, own, first: false, state: "sent" },
    ...{ mentions, edited, deleted, reactions, changing: changes.length > 0 },
    readBy: own ? viewer.readBy(offset) : NOBODY,
    ...answeredBy(message, viewer),
  };
}

function withPending(said: Said, { change, text }: Pending, name: string): Said {
  if (change === undefined) return said;
  if (change.kind === "edit") return changed(said, { ...change, text });
  return changed(said, change.kind === "reaction" ? { ...change, author: name } : change);
}

function answeredBy({ replyTo }: { replyTo?: number }, viewer: Viewer): { answered?: Answered } {
  if (replyTo === undefined) return {};
  const found = viewer.find(replyTo);
  if (found === undefined) return { answered: { offset: replyTo } };
  const { author, text, deleted } = found;
  return { answered: { offset: replyTo, author, text, deleted } };
}

function pendingRow(pending: Pending, viewer: Viewer): MessageRow {
  const { key, text, at, clientId, state, reason } = pending;
  const row: MessageRow = {
    ...{ kind: "message", key, author: viewer.name, text, at, clientId, own: true, first: false, state },
    ...{ mentions: [], edited: false, deleted: false, changing: false, reactions: [], readBy: NOBODY },
    ...answeredBy(pending, viewer),
  };
  return reason === undefined ? row : { ...row, reason };
}
