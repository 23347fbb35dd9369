import type { Desk } from "./desk";
import type { Listing } from "./protocol";

/** Symbols that are asked for at the start; more are found by searching. */
export const FIRST_LISTINGS = 50;
/** Found symbols that are shown. */
export const FOUND = 8;

/** The symbols that this page knows, with their names and what their prices are scaled by. */
export class Book {
  readonly #listings = new Map<string, Listing>();

  constructor(private readonly desk: Desk) {}

  get(symbol: string): Listing | null {
    return this.#listings.get(symbol) ?? null;
  }

  add(listings: readonly Listing[]): void {
    for (const listing of listings) this.#listings.set(listing.symbol, listing);
  }

  /** Learns the first symbols, and then `wanted` where they aren't among them. `learned` gets the first ones, or `null` if there was no answer. */
  learn(wanted: readonly string[], learned: (first: readonly Listing[] | null) => void): void {
    this.desk.listings("", FIRST_LISTINGS, (first) => {
      if (first === null) {
        learned(null);
        return;
      }
      // What was known may have been another server's.
      this.#listings.clear();
      this.add(first);
      const missing = wanted.filter((symbol) => !this.#listings.has(symbol));
      let open = missing.length;
      if (open === 0) learned(first);
      for (const symbol of missing) {
        this.desk.listings(symbol, FOUND, (found) => {
          this.add(found ?? []);
          open -= 1;
          if (open === 0) learned(first);
        });
      }
    });
  }
}
