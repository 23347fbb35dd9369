import type { MarketCommand, MarketEvent, Quote } from "./protocol";

/** Symbols that one connection may watch. */
export const WATCH_LIMIT = 100;

/** What is watched, and the newest quote of each. */
export class Watch {
  #wanted: readonly string[] = [];
  /** What the back has been told on this connection; `null` without one. */
  #told: Set<string> | null = null;
  /** What it has said that it watches. */
  #confirmed = new Set<string>();
  readonly #quotes = new Map<string, Quote>();
  readonly #changed = new Set<string>();

  constructor(
    private readonly say: (command: MarketCommand) => void,
    private readonly changed: () => void,
  ) {}

  /** Watches these and no others: a new list is one command, whatever is new and whatever goes. */
  set(symbols: readonly string[]): void {
    this.#wanted = [...new Set(symbols)].slice(0, WATCH_LIMIT);
    for (const symbol of this.#quotes.keys()) if (!this.#wanted.includes(symbol)) this.#forget(symbol);
    this.#tell();
  }

  quote(symbol: string): Quote | null {
    return this.#quotes.get(symbol) ?? null;
  }

  /** The newest quote of each symbol that had one since this was called last: a painter that is late has less to do, not more. */
  drain(): Quote[] {
    const quotes = [...this.#changed].map((symbol) => this.#quotes.get(symbol)).filter((quote) => quote !== undefined);
    this.#changed.clear();
    return quotes;
  }

  /** Tells the back again what it has refused. */
  retell(): void {
    this.#tell();
  }

  /** A connection that has been told nothing. */
  opened(): void {
    this.#told = new Set();
    this.#confirmed = new Set();
    this.#tell();
  }

  closed(): void {
    this.#told = null;
  }

  received(event: MarketEvent): void {
    if (event.type === "watching") {
      this.#confirmed = new Set(event.symbols);
      for (const quote of event.quotes) this.#take(quote);
    } else if (event.type === "quote") this.#take(event.quote);
    // A list with a symbol that has gone is refused as a whole; the next one will be told from where the back is.
    else if (event.type === "error" && this.#told !== null) this.#told = new Set(this.#confirmed);
  }

  #take(quote: Quote): void {
    // One that was on its way while its symbol went.
    if (!this.#wanted.includes(quote.symbol)) return;
    this.#quotes.set(quote.symbol, quote);
    this.#changed.add(quote.symbol);
    this.changed();
  }

  #tell(): void {
    const told = this.#told;
    if (told === null) return;
    const add = this.#wanted.filter((symbol) => !told.has(symbol));
    const remove = [...told].filter((symbol) => !this.#wanted.includes(symbol));
    if (add.length + remove.length === 0) return;
    this.#told = new Set(this.#wanted);
    this.say({ type: "watch", add, remove });
  }

  #forget(symbol: string): void {
    this.#quotes.delete(symbol);
    this.#changed.delete(symbol);
  }
}
