/** What the back says of events and places; docs/seats.md describes it. */

import { type Fields, isCount, isPosition, isRecord, type Position } from "../chat/protocol";

/** One text in each language. */
export interface Words {
  en: string;
  ko: string;
}

export type PlaceState = "free" | "held" | "sold" | "blocked";

/** How a place is: whose it is by the holder's public id, and until when a hold lasts by the database's clock. */
export interface PlaceNow {
  state: PlaceState;
  holder?: string;
  until?: number;
}

export interface Change extends PlaceNow {
  place: string;
}

export interface Listed {
  event: string;
  title: Words;
  venue: Words;
  mode: "seats" | "tables";
  starts_at: number;
  /** Nothing more of it is sold. */
  closed?: boolean;
  places: number;
  free: number;
}

export interface Seat extends Change {
  row: string;
  number: number;
  x: number;
  y: number;
  accessible: boolean;
}

export interface Section {
  section: string;
  name: Words;
  /** In the currency's smallest unit. */
  price: number;
  currency: string;
  seats: Seat[];
}

export interface Table {
  table: string;
  name: Words | string;
  /** The parties that it takes. */
  min: number;
  max: number;
  x: number;
  y: number;
  accessible: boolean;
}

interface Common {
  event: string;
  title: Words;
  venue: Words;
  starts_at: number;
  /** Nothing more of it is sold: what is held may still be had. */
  closed?: boolean;
  /** The database's clock, in milliseconds. */
  now: number;
  hold_seconds: number;
  /** Places that one person may hold. */
  hold_limit: number;
  /** Whether it asks for payment. */
  payment: boolean;
  position: Position;
}

export interface SeatsSnapshot extends Common {
  mode: "seats";
  sections: Section[];
}

export interface TablesSnapshot extends Common {
  mode: "tables";
  slot_minutes: number;
  /** Slots that a visit takes. */
  stay_slots: number;
  /** Which day `slots` and `taken` are of, and which there are. */
  date: string;
  dates: string[];
  /** When visits begin, as the clock on the wall says: `2026-12-01T18:00`. */
  slots: string[];
  tables: Table[];
  /** Whatever isn't free. */
  taken: Change[];
}

/** An event as it is at its position in the room. */
export type Snapshot = SeatsSnapshot | TablesSnapshot;

export type HoldState = "held" | "sold" | "released" | "expired" | "refund_due" | "refunded" | "offered";

export interface Hold {
  hold: string;
  event: string;
  places: string[];
  state: HoldState;
  expires_at: number;
  /** Whether it was extended, which it can be once. */
  extended: boolean;
  amount: number;
  currency: string;
}

export interface Payment {
  payment: string;
  amount: number;
  currency: string;
  state: string;
}

export type WaitingState = "waiting" | "offered" | "taken" | "passed" | "left";

export interface Waiting {
  waiting: string;
  event: string;
  section: string;
  count: number;
  /** From 1: how many come first, and oneself. */
  place: number;
  state: WaitingState;
  hold?: string;
}

/** The room in which an event's changes are told. */
export function roomOf(event: string): string {
  return `seats-${event}`;
}

export function readList(value: unknown): Listed[] | null {
  return isRecord(value) && isListOf(value.events, isListed) ? (value.events as unknown as Listed[]) : null;
}

export function readSnapshot(value: unknown): Snapshot | null {
  if (!isRecord(value) || !isCommon(value)) return null;
  const sound =
    value.mode === "seats"
      ? isListOf(value.sections, isSection)
      : value.mode === "tables" &&
        [value.slot_minutes, value.stay_slots].every((count) => isCount(count) && count > 0) &&
        Array.isArray(value.slots) &&
        value.slots.every(isSlot) &&
        isDay(value.date) &&
        Array.isArray(value.dates) &&
        value.dates.every(isDay) &&
        isListOf(value.tables, isTable) &&
        isListOf(value.taken, isChange);
  return sound ? (value as unknown as Snapshot) : null;
}

/** Reads what a message of an event's room tells. Nothing if it's about something else than places, which a snapshot has. */
export function readChanges(text: string): Change[] | null {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) && isListOf(value.places, isChange) ? (value.places as unknown as Change[]) : null;
  } catch {
    return null;
  }
}

export function readHold(value: unknown): Hold | null {
  return isRecord(value) && isHold(value) ? (value as unknown as Hold) : null;
}

export function readHolds(value: unknown): Hold[] | null {
  return isRecord(value) && isListOf(value.holds, isHold) ? (value.holds as unknown as Hold[]) : null;
}

export function readPayment(value: unknown): Payment | null {
  const sound =
    isRecord(value) && [value.payment, value.currency, value.state].every(isString) && isCount(value.amount);
  return sound ? (value as unknown as Payment) : null;
}

export function readWaiting(value: unknown): Waiting | null {
  return isRecord(value) && isWaiting(value) ? (value as unknown as Waiting) : null;
}

export function readWaitings(value: unknown): Waiting[] | null {
  return isRecord(value) && isListOf(value.waiting, isWaiting) ? (value.waiting as unknown as Waiting[]) : null;
}

/** The database's clock, if an answer says it. */
export function readNow(value: unknown): number | null {
  return isRecord(value) && isCount(value.now) ? value.now : null;
}

function isCommon(value: Fields): boolean {
  return (
    isString(value.event) &&
    isWords(value.title) &&
    isWords(value.venue) &&
    [value.starts_at, value.now, value.hold_seconds, value.hold_limit].every(isCount) &&
    typeof value.payment === "boolean" &&
    isOptional(value.closed, isBoolean) &&
    isRecord(value.position) &&
    isPosition(value.position)
  );
}

function isListed(value: Fields): boolean {
  return (
    isString(value.event) &&
    isWords(value.title) &&
    isWords(value.venue) &&
    (value.mode === "seats" || value.mode === "tables") &&
    isOptional(value.closed, isBoolean) &&
    [value.starts_at, value.places, value.free].every(isCount)
  );
}

function isSection(value: Fields): boolean {
  const { section, name, price, currency, seats } = value;
  return isString(section) && isWords(name) && isCount(price) && isCurrency(currency) && isListOf(seats, isSeat);
}

function isSeat(value: Fields): boolean {
  const { row, number, x, y, accessible } = value;
  return (
    isChange(value) && isString(row) && isCount(number) && isNumber(x) && isNumber(y) && typeof accessible === "boolean"
  );
}

function isTable(value: Fields): boolean {
  const { table, name, min, max, x, y, accessible } = value;
  const named = isString(table) && (isString(name) || isWords(name));
  return named && isCount(min) && isCount(max) && isNumber(x) && isNumber(y) && typeof accessible === "boolean";
}

const STATES = new Set<unknown>(["free", "held", "sold", "blocked"] satisfies PlaceState[]);

function isChange(value: Fields): boolean {
  const { place, state, holder, until } = value;
  return isString(place) && STATES.has(state) && isOptional(holder, isString) && isOptional(until, isCount);
}

const HOLD_STATES = new Set<unknown>([
  "held",
  "sold",
  "released",
  "expired",
  "refund_due",
  "refunded",
  "offered",
] satisfies HoldState[]);

function isHold(value: Fields): boolean {
  return (
    isString(value.hold) &&
    isString(value.event) &&
    Array.isArray(value.places) &&
    value.places.every(isString) &&
    HOLD_STATES.has(value.state) &&
    isCount(value.expires_at) &&
    typeof value.extended === "boolean" &&
    isCount(value.amount) &&
    isCurrency(value.currency)
  );
}

const WAITING_STATES = new Set<unknown>(["waiting", "offered", "taken", "passed", "left"] satisfies WaitingState[]);

function isWaiting(value: Fields): boolean {
  const { waiting, event, section, count, place, state, hold } = value;
  const counted = isCount(count) && isOptional(place, isCount);
  return (
    [waiting, event, section].every(isString) && counted && WAITING_STATES.has(state) && isOptional(hold, isString)
  );
}

function isListOf(value: unknown, is: (one: Fields) => boolean): boolean {
  return Array.isArray(value) && value.every((one) => isRecord(one) && is(one));
}

function isWords(value: unknown): boolean {
  return isRecord(value) && isString(value.en) && isString(value.ko);
}

function isSlot(value: unknown): boolean {
  return isString(value) && /^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(value);
}

function isDay(value: unknown): boolean {
  return isString(value) && /^\d{4}-\d\d-\d\d$/.test(value);
}

/** As `Intl` takes it. */
function isCurrency(value: unknown): boolean {
  return isString(value) && /^[A-Z]{3}$/.test(value);
}

function isString(value: unknown): value is string {
  return typeof value === "string";
}

function isBoolean(value: unknown): value is boolean {
  return typeof value === "boolean";
}

function isNumber(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value);
}

/** An absent field may also be spelled `null`. */
function isOptional(value: unknown, is: (value: unknown) => boolean): boolean {
  return value === undefined || value === null || is(value);
}
