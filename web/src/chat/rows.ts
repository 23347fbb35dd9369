import type { Confirmed, Pending, Timeline } from "./timeline";

/** One line of the message list, ready to be painted. */
export type Row = DayRow | BreakRow | MessageRow;

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
  clientId: string;
  /** Absent while pending. */
  offset?: number;
  reason?: string;
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
}

/** Messages of one author closer than this form a group, in milliseconds. */
export const GROUP_MS = 5 * 60_000;

/** Lays the timeline out: a line for each new day and each break, and messages of one author in a row as a group. */
export function layOut(timeline: Timeline, viewer: Viewer): Row[] {
  const rows: Row[] = [];
  let previous: MessageRow | null = null;
  let day = "";
  for (const row of lines(timeline, viewer)) {
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

function* lines(timeline: Timeline, viewer: Viewer): Generator<MessageRow | BreakRow> {
  if (timeline.restarted) yield { kind: "break", key: "b:restarted", why: "restarted" };
  let { skipped } = viewer;
  let place: number | null = null;
  for (const message of timeline.confirmed) {
    const { offset } = message;
    if (skipped && offset > timeline.head) {
      yield SKIPPED;
      skipped = false;
    } else if (place !== null && offset > place + 1 && offset <= timeline.head) {
      yield { kind: "break", key: `b:${offset}`, why: "missing" };
    }
    place = offset;
    yield confirmedRow(message, viewer);
  }
  if (skipped) yield SKIPPED;
  for (const pending of timeline.pending) yield pendingRow(pending, viewer);
}

const SKIPPED: BreakRow = { kind: "break", key: "b:skipped", why: "skipped" };

function confirmedRow({ key, author, text, at, clientId, offset }: Confirmed, viewer: Viewer): MessageRow {
  return {
    kind: "message",
    key,
    author,
    text,
    at,
    clientId,
    offset,
    own: viewer.isOwn(clientId, author),
    first: false,
    state: "sent",
  };
}

function pendingRow({ key, text, at, clientId, state, reason }: Pending, viewer: Viewer): MessageRow {
  const row: MessageRow = {
    kind: "message",
    key,
    author: viewer.name,
    text,
    at,
    clientId,
    own: true,
    first: false,
    state,
  };
  return reason === undefined ? row : { ...row, reason };
}
