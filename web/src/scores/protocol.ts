/** What the back says of a match; docs/scores.md describes it. */

/** One text for everybody, or one in each language. */
export type Words = string | { ko: string; en: string };

export interface Side {
  name: Words;
  /** Runs of each inning that it has batted in. */
  line: number[];
  runs: number;
  hits: number;
  errors: number;
}

/** The scoreboard after some play. */
export interface Board {
  status: "scheduled" | "live" | "final";
  inning: number;
  half: "top" | "bottom";
  outs: number;
  balls: number;
  strikes: number;
  /** Whether somebody is on first, second, third. */
  bases: [boolean, boolean, boolean];
  away: Side;
  home: Side;
}

/** One play, and what the board shows since. */
export interface Told {
  play: { what: string; text?: Words };
  /** When in the match it happened. */
  inning: number;
  half: "top" | "bottom";
  board: Board;
}

/** A play as a page lists it. */
export interface Line {
  offset: number;
  /** Milliseconds since the epoch, by the server's clock. */
  at: number;
  what: string;
  text?: Words;
  inning: number;
  half: "top" | "bottom";
  /** Runs after it. */
  away: number;
  home: number;
}

/** A match as it is now. */
export interface Snapshot {
  match: string;
  /** Its place in the room: what comes after it is what this doesn't have. */
  offset: number;
  epoch: string;
  /** When its last play was. */
  at: number;
  board: Board;
  /** The last ones, oldest first. */
  plays: Line[];
}

/** One of the matches there are. */
export interface Listed {
  match: string;
  /** Whether a file is played in it, so that nobody else may. */
  replay: boolean;
  board: Board;
}

/** A message of a match's room. */
export interface RoomMessage {
  offset: number;
  text: string;
  at: number;
}

/** The room in which a match is told. */
export function roomOf(match: string): string {
  return `scores-${match}`;
}

export function readSnapshot(value: unknown): Snapshot | null {
  const sound =
    isRecord(value) &&
    isString(value.match) &&
    isCount(value.offset) &&
    isString(value.epoch) &&
    isCount(value.at) &&
    isBoard(value.board) &&
    Array.isArray(value.plays) &&
    value.plays.every(isLine);
  return sound ? (value as unknown as Snapshot) : null;
}

export function readList(value: unknown): Listed[] | null {
  if (!isRecord(value) || !Array.isArray(value.matches)) return null;
  const sound = value.matches.every((one) => isRecord(one) && isString(one.match) && isBoard(one.board));
  return sound ? (value.matches as Listed[]) : null;
}

/** Reads a message of a match's room, as every transport has it. */
export function readMessage(value: unknown): RoomMessage | null {
  const sound = isRecord(value) && isCount(value.offset) && isString(value.text) && isCount(value.at);
  return sound ? (value as unknown as RoomMessage) : null;
}

/** Reads what a message of a match's room tells. */
export function readTold(json: string): Told | null {
  const value = parse(json);
  const sound = isRecord(value) && isRecord(value.play) && isString(value.play.what) && isWhen(value);
  return sound && isBoard(value.board) ? (value as unknown as Told) : null;
}

/** JSON, or `null` for what isn't. */
export function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}

type Fields = Record<string, unknown>;

function isLine(value: unknown): boolean {
  return (
    isRecord(value) &&
    [value.offset, value.at, value.away, value.home].every(isCount) &&
    isString(value.what) &&
    isWhen(value)
  );
}

function isBoard(value: unknown): boolean {
  return (
    isRecord(value) &&
    isOneOf(value.status, "scheduled", "live", "final") &&
    isWhen(value) &&
    [value.outs, value.balls, value.strikes].every(isCount) &&
    Array.isArray(value.bases) &&
    value.bases.length === 3 &&
    isSide(value.away) &&
    isSide(value.home)
  );
}

function isSide(value: unknown): boolean {
  return (
    isRecord(value) &&
    isWords(value.name) &&
    Array.isArray(value.line) &&
    value.line.every(isCount) &&
    [value.runs, value.hits, value.errors].every(isCount)
  );
}

function isWhen(value: Fields): boolean {
  return isCount(value.inning) && isOneOf(value.half, "top", "bottom");
}

function isWords(value: unknown): boolean {
  return isString(value) || (isRecord(value) && isString(value.ko) && isString(value.en));
}

export function isRecord(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isString(value: unknown): value is string {
  return typeof value === "string";
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isOneOf(value: unknown, ...texts: string[]): boolean {
  return isString(value) && texts.includes(value);
}
