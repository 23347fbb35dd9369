import { type Interval, isInterval, isSymbol } from "./protocol";
import { WATCH_LIMIT } from "./watch";

/** How the bars are drawn. */
export const STYLES = ["candles", "hollow", "line", "area"] as const;
export type Style = (typeof STYLES)[number];

/** How the page's connection is made. */
export type Via = "websocket" | "socketio";

/** What somebody has chosen on the page. */
export interface Choice {
  /** `null`: the first there is. */
  symbol: string | null;
  interval: Interval;
  via: Via;
  style: Style;
  log: boolean;
  averages: boolean;
  /** `null`: the first there are. */
  watchlist: readonly string[] | null;
}

/** The part of the Web Storage API in use. Any call may throw: storage can be full or forbidden. */
export type ChoiceStorage = Pick<Storage, "getItem" | "setItem">;

const KEY = "madang.market";

/** The address says what the chart is of, so that it can be passed on; the rest is what this browser remembers. */
export function readChoice(search: string, storage: ChoiceStorage): Choice {
  const query = new URLSearchParams(search);
  const known = recall(storage);
  const said = query.get("symbol")?.toUpperCase();
  const interval = query.get("interval");
  const symbol = [said, known.symbol].find(isSymbol) ?? null;
  return {
    symbol,
    interval: [interval, known.interval].find(isInterval) ?? "1m",
    via: query.get("via") === "socketio" ? "socketio" : "websocket",
    style: STYLES.find((style) => style === known.style) ?? "candles",
    log: known.log === true,
    averages: known.averages === true,
    watchlist: readWatchlist(storage),
  };
}

/** What this browser watches, whichever of its tabs it was chosen in; `null` if none was. */
export function readWatchlist(storage: ChoiceStorage): string[] | null {
  const { watchlist } = recall(storage);
  return Array.isArray(watchlist) ? watchlist.filter(isSymbol).slice(0, WATCH_LIMIT) : null;
}

/** Keeps all but what is watched: another tab may have chosen that in the meantime. */
export function keepChoice(choice: Choice, storage: ChoiceStorage): void {
  const { via: _, watchlist: __, ...kept } = choice;
  keep(kept, storage);
}

export function keepWatchlist(watchlist: readonly string[], storage: ChoiceStorage): void {
  keep({ watchlist }, storage);
}

/** Whether another tab has told of a change to what is kept here; without a key it has emptied everything. */
export function isOfChoice({ key }: Pick<StorageEvent, "key">): boolean {
  return key === KEY || key === null;
}

/** The page's address with a choice in it. */
export function hrefOf(href: string, { symbol, interval }: Choice): string {
  const url = new URL(href);
  if (symbol !== null) url.searchParams.set("symbol", symbol);
  url.searchParams.set("interval", interval);
  return url.href;
}

function keep(changed: Partial<Choice>, storage: ChoiceStorage): void {
  try {
    storage.setItem(KEY, JSON.stringify({ ...recall(storage), ...changed }));
  } catch {
    // It lasts as long as the page, then.
  }
}

function recall(storage: ChoiceStorage): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(storage.getItem(KEY) ?? "{}");
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
