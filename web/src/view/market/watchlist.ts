import { fill, type Language, type Texts } from "../../i18n/texts";
import type { Book } from "../../market/book";
import { changeOf, formatPrice, formatShare } from "../../market/price";
import type { Quote } from "../../market/protocol";
import { byId, make, setText } from "../dom";
import { focusOn } from "../focus";
import { wayOf } from "./head";

export interface WatchlistEvents {
  chosen(symbol: string): void;
  removed(symbol: string): void;
}

interface Entry {
  item: HTMLLIElement;
  button: HTMLButtonElement;
  name: HTMLElement;
  price: HTMLElement;
  change: HTMLElement;
}

/** What is watched, with its newest prices. Arrow keys go from one to the next. */
export class Watchlist {
  readonly #list = byId("watchlist", "ul");
  readonly #empty = byId("watch-empty", "p");
  #entries = new Map<string, Entry>();

  constructor(
    private readonly language: Language,
    private readonly texts: Texts,
    private readonly book: Book,
    private readonly events: WatchlistEvents,
  ) {
    this.#list.addEventListener("keydown", (event) => this.#move(event));
  }

  show(symbols: readonly string[], charted: string | null): void {
    const known = this.#entries;
    this.#entries = new Map(symbols.map((symbol) => [symbol, known.get(symbol) ?? this.#make(symbol)]));
    const items = [...this.#entries.values()].map(({ item }) => item);
    if (!isSame(items, this.#list.children)) {
      // Moving an element that has the focus takes it away, and so does removing it.
      const next = this.#next(items);
      this.#list.replaceChildren(...items);
      if (next !== null) focusOn(next);
    }
    for (const [symbol, { button, name }] of this.#entries) {
      if (symbol === charted) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
      setText(name, this.book.get(symbol)?.name[this.language] ?? "");
    }
    this.#empty.hidden = symbols.length > 0;
  }

  quote(quote: Quote): void {
    const entry = this.#entries.get(quote.symbol);
    if (entry === undefined) return;
    const change = changeOf(quote);
    setText(entry.price, formatPrice(quote.price, quote.scale));
    setText(entry.change, quote.halted ? this.texts.market.halted : formatShare(change.share));
    entry.item.dataset.way = wayOf(change.by);
    entry.item.dataset.at = String(quote.at);
  }

  /** What has the focus in the list, or will have it once only these rows are left: the next one, which may be removed as well. */
  #next(left: readonly Element[]): HTMLElement | null {
    const at = document.activeElement;
    if (!(at instanceof HTMLElement) || !this.#list.contains(at)) return null;
    const rows = [...this.#list.children];
    const place = rows.findIndex((row) => row.contains(at));
    if (left.includes(rows[place] as Element)) return at;
    const near = [...rows.slice(place + 1), ...rows.slice(0, place).reverse()].find((row) => left.includes(row));
    return near?.querySelector<HTMLElement>(".watch-remove") ?? byId("watch-title", "h2");
  }

  #make(symbol: string): Entry {
    const name = make("span", "watch-name");
    const price = make("span", "watch-price", "–");
    const change = make("span", "watch-change");
    const button = make("button", "watch-row", make("strong", "", symbol), name, price, change);
    button.type = "button";
    button.dataset.symbol = symbol;
    button.addEventListener("click", () => this.events.chosen(symbol));
    const remove = make("button", "quiet watch-remove", "×");
    remove.type = "button";
    remove.setAttribute("aria-label", fill(this.texts.market.watch_remove, { symbol }));
    remove.addEventListener("click", () => this.events.removed(symbol));
    return { item: make("li", "", button, remove), button, name, price, change };
  }

  #move(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const buttons: Element[] = [...this.#entries.values()].map(({ button }) => button);
    const place = document.activeElement === null ? -1 : buttons.indexOf(document.activeElement);
    if (step === undefined || place < 0) return;
    event.preventDefault();
    const next = buttons[place + step];
    if (next instanceof HTMLElement) next.focus();
  }
}

function isSame(items: readonly Element[], shown: HTMLCollection): boolean {
  return items.length === shown.length && items.every((item, place) => item === shown[place]);
}
