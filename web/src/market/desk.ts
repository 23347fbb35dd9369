import type { Cancel } from "../net/clock";
import type { Answer, AskHttp } from "../net/http";
import { type BarPage, type Interval, type Listing, readListings, readPage } from "./protocol";

/** Bars of a page: the first fills a wide screen. */
export const PAGE_BARS = 300;
/** How long an answer is waited for, in milliseconds. */
const PATIENCE_MS = 10_000;

/** What is asked for over HTTP. `answered` comes once, and never after its question was cancelled. */
export class Desk {
  constructor(private readonly ask: AskHttp) {}

  /** The newest bars with their position, or those before a time; `null` if they can't be had now. */
  bars(
    { symbol, interval }: { symbol: string; interval: Interval },
    before: number | null,
    answered: (page: BarPage | "unknown" | null) => void,
  ): Cancel {
    const query = { interval, limit: PAGE_BARS, before: before ?? undefined };
    const path = `/api/market/bars/${symbol}`;
    return this.ask({ method: "GET", path, query, kept: before !== null, patienceMs: PATIENCE_MS }, (answer) => {
      answered(answer?.status === 404 ? "unknown" : bodyOf(answer, readPage));
    });
  }

  /** Symbols that a search finds, the best first; without one, the first there are. */
  listings(search: string, limit: number, answered: (listings: Listing[] | null) => void): Cancel {
    const query = { search: search === "" ? undefined : search, limit };
    return this.ask({ method: "GET", path: "/api/market/symbols", query, patienceMs: PATIENCE_MS }, (answer) => {
      answered(bodyOf(answer, readListings));
    });
  }
}

function bodyOf<T>(answer: Answer | null, read: (body: unknown) => T | null): T | null {
  return answer?.status === 200 ? read(answer.body) : null;
}
