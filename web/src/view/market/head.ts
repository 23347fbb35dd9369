import { fill, type Language, type Texts } from "../../i18n/texts";
import { PERIODS } from "../../market/averages";
import { changeOf, formatPrice, formatShare, formatSigned } from "../../market/price";
import type { Bar, Listing, Quote } from "../../market/protocol";
import { byId, make, part, setText } from "../dom";

/** Above the chart: what it's of, what it costs now, and the numbers of one bar. */
export class ChartHead {
  readonly #symbol = byId("chart-symbol", "h2");
  readonly #name = byId("chart-name", "p");
  readonly #price = byId("chart-price", "strong");
  readonly #change = byId("chart-change", "span");
  readonly #halted = byId("chart-halted", "span");
  readonly #star = byId("star", "button");
  readonly #legend = byId("legend", "p");
  readonly #heard = byId("chart-heard", "p");

  constructor(
    private readonly language: Language,
    private readonly texts: Texts,
    starred: () => void,
  ) {
    this.#star.addEventListener("click", starred);
  }

  subject(symbol: string, listing: Listing | null): void {
    setText(this.#symbol, symbol);
    setText(this.#name, listing === null ? "" : `${listing.name[this.language]} · ${listing.currency}`);
  }

  star(symbol: string, watched: boolean): void {
    const { watch_add, watch_remove } = this.texts.market;
    this.#star.setAttribute("aria-pressed", String(watched));
    this.#star.setAttribute("aria-label", fill(watched ? watch_remove : watch_add, { symbol }));
  }

  quote(quote: Quote | null): void {
    const scale = quote?.scale ?? 0;
    setText(this.#price, quote === null ? "" : formatPrice(quote.price, scale));
    const change = quote === null ? null : changeOf(quote);
    setText(this.#change, change === null ? "" : `${formatSigned(change.by, scale)} (${formatShare(change.share)})`);
    this.#change.dataset.way = wayOf(change?.by ?? 0);
    this.#halted.hidden = quote?.halted !== true;
  }

  /**
   * The numbers of a bar, where it is in time, and what else the chart shows: the averages there, if they're shown, and `compared`, another symbol and its
   * price.
   */
  legend(
    bar: Bar | null,
    scale: number,
    when: string,
    averages: readonly (number | null)[] | null,
    compared: string | null,
  ): void {
    const { market } = this.texts;
    const parts = (["open", "high", "low", "close"] as const).map((what) => {
      return [market[what], bar === null ? "–" : formatPrice(bar[what], scale)] as const;
    });
    const volume = bar === null ? "–" : new Intl.NumberFormat(this.language).format(bar.volume);
    const texts = [...parts, [market.volume, volume] as const];
    this.#legend.dataset.way = wayOf(bar === null ? 0 : bar.close - bar.open);
    this.#build(averages !== null);
    setText(part(this.#legend, "time"), when);
    for (const [place, [name, value]] of texts.entries()) {
      const field = this.#legend.querySelectorAll("[data-field]")[place];
      if (field !== undefined) setText(field, `${name} ${value}`);
    }
    for (const [place, average] of [...this.#legend.querySelectorAll("[data-average]")].entries()) {
      const name = fill(market.average, { period: PERIODS[place] ?? "" });
      const value = averages?.[place] ?? null;
      setText(average, `${name} ${value === null ? "–" : formatPrice(value, scale)}`);
    }
    const other = part(this.#legend, ".compared");
    other.hidden = compared === null;
    setText(other, compared ?? "");
  }

  /** Says the legend to those who can't see it: only when they moved the pointer themselves. */
  sayLegend(): void {
    const fields = [...this.#legend.querySelectorAll("time, [data-field], .compared:not([hidden]), .average")];
    setText(this.#heard, fields.map(({ textContent }) => textContent).join(", "));
  }

  #build(averages: boolean): void {
    if (this.#legend.childElementCount > 0 && this.#legend.dataset.averages === String(averages)) return;
    this.#legend.dataset.averages = String(averages);
    const fields = ["open", "high", "low", "close", "volume"].map((what) => {
      const field = make("span", "");
      field.dataset.field = what;
      return field;
    });
    const names = averages ? PERIODS.map((_, place) => this.#average(place)) : [];
    this.#legend.replaceChildren(make("time", ""), ...fields, make("span", "compared"), ...names);
  }

  #average(place: number): HTMLElement {
    const name = make("span", "average");
    name.dataset.average = String(place + 1);
    return name;
  }
}

export function wayOf(by: number): "up" | "down" | "none" {
  return by > 0 ? "up" : by < 0 ? "down" : "none";
}
