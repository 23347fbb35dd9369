/** What the back says of the market, and what a page says to it; docs/market-protocol.md describes it. Prices are integers, scaled by 10^`scale`. */

/** How long a bar lasts. */
export const INTERVALS = ["1s", "5s", "1m", "5m", "15m", "1h", "1D"] as const;
export type Interval = (typeof INTERVALS)[number];

/** The same in milliseconds. A day is the exchange's, which doesn't change its clock. */
export const STEP_MS: Record<Interval, number> = {
  "1s": 1000,
  "5s": 5000,
  "1m": 60_000,
  "5m": 300_000,
  "15m": 900_000,
  "1h": 3_600_000,
  "1D": 86_400_000,
};

export interface Listing {
  symbol: string;
  name: { en: string; ko: string };
  /** Digits behind the point. */
  scale: number;
  currency: string;
  utcOffsetMinutes: number;
}

export interface Bar {
  /** When it begins, in milliseconds since 1970. */
  at: number;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
}

/** A price as it is, with the exchange's day so far. */
export interface Quote {
  symbol: string;
  /** Digits behind the point of its prices: a feed may list a symbol anew with others. */
  scale: number;
  at: number;
  price: number;
  open: number;
  high: number;
  low: number;
  /** `null` on the first day. */
  previousClose: number | null;
  volume: number;
  halted: boolean;
}

/** A place in the changes of one symbol and interval. */
export interface Position {
  offset: number;
  epoch: string;
}

/** Bars in a row, oldest first. */
export interface BarPage {
  scale: number;
  bars: Bar[];
  /** Whether there are older ones. */
  more: boolean;
  /** From where changes go on; an older page has none. */
  position: Position | null;
}

/** What the back says on a connection. */
export type MarketEvent =
  | { type: "watching"; symbols: string[]; quotes: Quote[] }
  | { type: "quote"; quote: Quote }
  | { type: "charting"; symbol: string; interval: string; recovered: boolean }
  | { type: "bar"; symbol: string; interval: string; offset: number; bar: Bar }
  | { type: "skipped" }
  | { type: "error"; code: string };

/** What a page says on a connection. */
export type MarketCommand =
  | { type: "watch"; add: string[]; remove: string[] }
  | { type: "chart"; symbol: string; interval: Interval; offset: number; epoch: string }
  | { type: "chart"; symbol: null }
  | { type: "pause" }
  | { type: "resume" };

export function isInterval(value: unknown): value is Interval {
  return INTERVALS.some((interval) => interval === value);
}

export function isSymbol(value: unknown): value is string {
  return typeof value === "string" && /^[A-Z0-9.]{1,12}$/.test(value);
}

/** Reads an event; `null` for what isn't one, or one that this page is too old to know. */
export function readEvent(value: unknown): MarketEvent | null {
  if (!isRecord(value)) return null;
  switch (value.type) {
    case "watching":
      return readWatching(value);
    case "quote": {
      const quote = readQuote(value);
      return quote === null ? null : { type: "quote", quote };
    }
    case "charting":
      return isSymbol(value.symbol) && isString(value.interval) && typeof value.recovered === "boolean"
        ? { type: "charting", symbol: value.symbol, interval: value.interval, recovered: value.recovered }
        : null;
    case "bar":
      return readChange(value);
    case "skipped":
      return { type: "skipped" };
    case "error":
      return isString(value.code) ? { type: "error", code: value.code } : null;
    default:
      return null;
  }
}

export function readPage(value: unknown): BarPage | null {
  if (!isRecord(value) || !isCount(value.scale) || !Array.isArray(value.bars)) return null;
  const bars = value.bars.map(readBar);
  if (!bars.every((bar) => bar !== null)) return null;
  return { scale: value.scale, bars, more: value.more === true, position: readPosition(value.position) };
}

export function readListings(value: unknown): Listing[] | null {
  if (!isRecord(value) || !Array.isArray(value.symbols)) return null;
  const listings = value.symbols.map(readListing);
  return listings.every((listing) => listing !== null) ? listings : null;
}

function readWatching(value: Fields): MarketEvent | null {
  if (!Array.isArray(value.symbols) || !value.symbols.every(isSymbol) || !Array.isArray(value.quotes)) return null;
  const quotes = value.quotes.map(readQuote).filter((quote) => quote !== null);
  return { type: "watching", symbols: value.symbols, quotes };
}

function readChange(value: Fields): MarketEvent | null {
  const bar = readBar(value.bar);
  if (bar === null || !isSymbol(value.symbol) || !isString(value.interval) || !isCount(value.offset)) return null;
  return { type: "bar", symbol: value.symbol, interval: value.interval, offset: value.offset, bar };
}

function readBar(value: unknown): Bar | null {
  if (!Array.isArray(value) || value.length < 6 || !value.every(isWhole)) return null;
  const [at, open, high, low, close, volume] = value as [number, number, number, number, number, number];
  return { at, open, high, low, close, volume };
}

function readQuote(value: unknown): Quote | null {
  if (!isRecord(value) || !isSymbol(value.symbol)) return null;
  const { symbol, scale, at, price, open, high, low, volume } = value;
  if (
    !isCount(scale) ||
    !isWhole(at) ||
    !isWhole(price) ||
    !isWhole(open) ||
    !isWhole(high) ||
    !isWhole(low) ||
    !isWhole(volume)
  ) {
    return null;
  }
  const previousClose = isWhole(value.previous_close) ? value.previous_close : null;
  return { symbol, scale, at, price, open, high, low, previousClose, volume, halted: value.state === "halted" };
}

function readListing(value: unknown): Listing | null {
  if (!isRecord(value) || !isSymbol(value.symbol) || !isRecord(value.name)) return null;
  const { en, ko } = value.name;
  const { symbol, scale, currency, utc_offset_minutes: utcOffsetMinutes } = value;
  if (!isString(en) || !isString(ko) || !isCount(scale) || !isString(currency) || !isWhole(utcOffsetMinutes)) {
    return null;
  }
  return { symbol, name: { en, ko }, scale, currency, utcOffsetMinutes };
}

function readPosition(value: unknown): Position | null {
  if (!isRecord(value) || !isCount(value.offset) || !isString(value.epoch)) return null;
  return { offset: value.offset, epoch: value.epoch };
}

type Fields = Record<string, unknown>;

function isRecord(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isString(value: unknown): value is string {
  return typeof value === "string";
}

function isWhole(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value);
}

function isCount(value: unknown): value is number {
  return isWhole(value) && value >= 0;
}
