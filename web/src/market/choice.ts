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
  const { watchlist } = known;
  return {
    symbol,
    interval: [interval, known.interval].find(isInterval) ?? "1m",
    via: query.get("via") === "socketio" ? "socketio" : "websocket",
    style: STYLES.find((style) => style === known.style) ?? "candles",
    log: known.log === true,
    averages: known.averages === true,
    watchlist: Array.isArray(watchlist) ? watchlist.filter(isSymbol).slice(0, WATCH_LIMIT) : null,
  };
}

export function keepChoice(choice: Choice, storage: ChoiceStorage): void {
  const { via: _, ...kept } = choice;
  try {
    storage.setItem(KEY, JSON.stringify(kept));
  } catch {
    // It lasts as long as the page, then.
  }
}

/** The page's address with a choice in it. */
export function hrefOf(href: string, { symbol, interval }: Choice): string {
  const url = new URL(href);
  if (symbol !== null) url.searchParams.set("symbol", symbol);
  url.searchParams.set("interval", interval);
  return url.href;
}

function recall(storage: ChoiceStorage): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(storage.getItem(KEY) ?? "{}");
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
