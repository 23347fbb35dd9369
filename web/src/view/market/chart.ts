import {
  createChart,
  HistogramSeries,
  type IChartApi,
  type IPriceLine,
  type ISeriesApi,
  LineSeries,
  LineStyle,
  type MouseEventParams,
  PriceScaleMode,
  type UTCTimestamp,
} from "lightweight-charts";
import type { Language, Texts } from "../../i18n/texts";
import { averageAt, averages, PERIODS } from "../../market/averages";
import { type BarChanges, placeOf } from "../../market/bars";
import type { Shown } from "../../market/chart";
import type { Style } from "../../market/choice";
import { formatPrice } from "../../market/price";
import { type Bar, type Quote, STEP_MS } from "../../market/protocol";
import { type Row, Rows } from "../../market/rows";
import { type Look, readLook } from "./look";
import { addPrices, dataOf, type PriceSeries, recolour } from "./prices";

/** Bars left of those in view at which older ones are asked for. */
const OLDER_AT = 60;
/** Empty places right of the newest bar. */
const RIGHT_PLACES = 4;
/** Share of the chart's height that the volume has. */
const VOLUME_SHARE = 0.2;

/** What the price scale is like; `share` counts per cents from the first bar in view. */
export type ScaleMode = "linear" | "log" | "share";

export interface ChartViewEvents {
  /** The oldest bars are nearly in view. */
  older(): void;
  /** The bar under the pointer, or none. */
  pointed(bar: Bar | null): void;
  /** Whether the newest bar is in view. */
  atEnd(atEnd: boolean): void;
}

/** The chart itself: prices, volume, averages, the day's high and low. Times are the exchange's. */
export class ChartView {
  readonly chart: IChartApi;
  #look: Look;
  #shown: Shown | null = null;
  #rows = new Rows(STEP_MS["1m"]);
  #offsetMinutes = 0;
  #style: Style = "candles";
  #mode: ScaleMode = "linear";
  #prices: PriceSeries;
  readonly #volume: ISeriesApi<"Histogram">;
  #averages: ISeriesApi<"Line">[] = [];
  #other: ISeriesApi<"Line"> | null = null;
  #dayLines: { high: IPriceLine; low: IPriceLine } | null = null;
  readonly #volumes: Intl.NumberFormat;

  constructor(
    private readonly place: HTMLElement,
    language: Language,
    private readonly texts: Texts,
    private readonly events: ChartViewEvents,
  ) {
    this.#look = readLook(place);
    this.#volumes = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 });
    this.chart = createChart(place, {
      autoSize: true,
      localization: { locale: language, dateFormat: "yyyy-MM-dd" },
      ...this.#chartColours(),
    });
    this.chart.timeScale().applyOptions({ rightOffset: RIGHT_PLACES });
    this.#prices = addPrices(this.chart, this.#style, this.#look);
    const volume = {
      priceFormat: { type: "custom", minMove: 1, formatter: (lots: number) => this.#lots(lots) },
    } as const;
    this.#volume = this.chart.addSeries(
      HistogramSeries,
      { ...volume, priceLineVisible: false, lastValueVisible: false },
      1,
    );
    const [above, below] = this.chart.panes();
    above?.setStretchFactor(1 - VOLUME_SHARE);
    below?.setStretchFactor(VOLUME_SHARE);
    const timeScale = this.chart.timeScale();
    timeScale.subscribeVisibleLogicalRangeChange((range) => {
      if (range === null) return;
      if (range.from < OLDER_AT) this.events.older();
      const end = this.#rows.list.length - 1;
      this.events.atEnd(range.to >= end);
      this.place.dataset.from = String(this.#rows.list[Math.max(0, Math.ceil(range.from))]?.at);
      this.place.dataset.to = String(this.#rows.list[Math.min(end, Math.floor(range.to))]?.at);
    });
    this.chart.subscribeCrosshairMove((param) => this.#pointed(param));
  }

  get rows(): readonly Row[] {
    return this.#rows.list;
  }

  get prices(): PriceSeries {
    return this.#prices;
  }

  /** When the row is, as the chart counts time. */
  timeOf = ({ at }: { at: number }): UTCTimestamp => (at / 1000 + this.#offsetMinutes * 60) as UTCTimestamp;

  paint(shown: Shown, changes: BarChanges): void {
    const before = this.#shown;
    this.#shown = shown;
    if (before !== shown) {
      this.#begin(shown);
      this.#setAll();
      this.#toFirstView();
    } else if (changes === "all") this.#setAll();
    else this.#change(changes);
  }

  /** There is nothing to show of what the chart is of now. */
  clear(): void {
    this.#shown = null;
    this.day(null);
    this.#setAll();
    this.#other?.setData([]);
  }

  /** The exchange's clock, by which days begin. */
  zone(offsetMinutes: number): void {
    if (offsetMinutes === this.#offsetMinutes) return;
    this.#offsetMinutes = offsetMinutes;
    if (this.#shown !== null) this.#setAll();
  }

  style(style: Style): void {
    if (style === this.#style) return;
    this.#style = style;
    // The new one first: a pane that is left empty goes.
    const old = this.#prices;
    this.#dayLines = null;
    this.#prices = addPrices(this.chart, style, this.#look);
    this.chart.removeSeries(old);
    this.#format();
    this.#prices.setData(this.#rows.list.map((row) => this.#data(row)));
  }

  mode(mode: ScaleMode): void {
    // Whoever has pulled the scale to fit keeps it so.
    if (mode === this.#mode) return;
    this.#mode = mode;
    const modes = {
      linear: PriceScaleMode.Normal,
      log: PriceScaleMode.Logarithmic,
      share: PriceScaleMode.Percentage,
    };
    this.chart.priceScale("right").applyOptions({ mode: modes[mode], autoScale: true });
  }

  averages(on: boolean): void {
    if (on === this.#averages.length > 0) return;
    for (const series of this.#averages) this.chart.removeSeries(series);
    this.#averages = on ? PERIODS.map((_, place) => this.#addAverage(place)) : [];
    this.#format();
    this.#setAverages();
  }

  /** Another symbol's line beside this one's prices; `null` for none. It has a point only where this has a place. */
  compare(closeAt: ((at: number) => number | null) | null, title: string): void {
    if (closeAt === null) {
      if (this.#other !== null) this.chart.removeSeries(this.#other);
      this.#other = null;
      return;
    }
    this.#other ??= this.chart.addSeries(LineSeries, {
      color: this.#look.other,
      lineWidth: 2,
      priceLineVisible: false,
    });
    if (this.#other.options().title !== title) this.#other.applyOptions({ title });
    this.#other.setData(
      this.#rows.list.map((row) => {
        const value = closeAt(row.at);
        return value === null ? { time: this.timeOf(row) } : { time: this.timeOf(row), value };
      }),
    );
  }

  /** The highest and the lowest price of the exchange's day. */
  day(quote: Quote | null): void {
    if (quote === null) {
      if (this.#dayLines !== null) for (const line of Object.values(this.#dayLines)) this.#prices.removePriceLine(line);
      this.#dayLines = null;
      return;
    }
    this.#dayLines ??= {
      high: this.#addDayLine(quote.high, this.texts.market.day_high),
      low: this.#addDayLine(quote.low, this.texts.market.day_low),
    };
    const { high, low } = this.#dayLines;
    if (high.options().price !== quote.high) high.applyOptions({ price: quote.high });
    if (low.options().price !== quote.low) low.applyOptions({ price: quote.low });
  }

  /** The colours of another scheme. */
  relook(): void {
    this.#look = readLook(this.place);
    this.chart.applyOptions(this.#chartColours());
    recolour(this.#prices, this.#style, this.#look);
    for (const [place, series] of this.#averages.entries()) series.applyOptions({ color: this.#averageColour(place) });
    this.#other?.applyOptions({ color: this.#look.other });
    for (const line of Object.values(this.#dayLines ?? {})) line.applyOptions({ color: this.#look.soft });
    this.#volume.setData(this.#rows.list.map((row) => this.#volumeData(row)));
  }

  toLatest(): void {
    this.chart.timeScale().scrollToPosition(RIGHT_PLACES, false);
  }

  /** What the averages are at the bar that begins at `at`. */
  averagesAt(at: number): (number | null)[] {
    const index = placeOf(this.#rows.list, at);
    return PERIODS.map((period) => averageAt(this.#rows.list, period, index));
  }

  format(price: number): string {
    return formatPrice(price, this.#shown?.scale ?? 0);
  }

  #begin({ interval }: Shown): void {
    this.#rows = new Rows(STEP_MS[interval]);
    this.day(null);
    this.#format();
    this.chart.timeScale().applyOptions({ timeVisible: interval !== "1D", secondsVisible: interval.endsWith("s") });
  }

  #toFirstView(): void {
    this.chart.timeScale().resetTimeScale();
    this.toLatest();
    this.chart.priceScale("right").applyOptions({ autoScale: true });
  }

  #setAll(): void {
    this.#rows.set(this.#shown?.bars.list ?? []);
    this.#prices.setData(this.#rows.list.map((row) => this.#data(row)));
    this.#volume.setData(this.#rows.list.map((row) => this.#volumeData(row)));
    this.#setAverages();
  }

  #change(changes: readonly Bar[]): void {
    const end = this.#rows.list.length - 1;
    const touched = this.#rows.change(changes);
    if (touched === null) {
      this.#setAll();
      return;
    }
    for (const index of touched) {
      const row = this.#rows.list[index] as Row;
      this.#prices.update(this.#data(row), index < end);
      this.#volume.update(this.#volumeData(row), index < end);
    }
    const [first] = touched;
    if (first === undefined) return;
    // A late tick moves the averages of all bars that follow it.
    if (first < end) this.#setAverages();
    else this.#moveAverages(first);
  }

  #setAverages(): void {
    for (const [place, series] of this.#averages.entries()) {
      series.setData(averages(this.#rows.list, PERIODS[place] as number).map((point) => this.#averageData(point)));
    }
  }

  #moveAverages(first: number): void {
    for (const [place, series] of this.#averages.entries()) {
      for (const point of averages(this.#rows.list, PERIODS[place] as number, first)) {
        series.update(this.#averageData(point));
      }
    }
  }

  #data(row: Row): ReturnType<typeof dataOf> {
    return dataOf(this.#style, row, this.timeOf(row));
  }

  #volumeData(row: Row): { time: UTCTimestamp; value?: number; color?: string } {
    const time = this.timeOf(row);
    if (row.open === undefined) return { time };
    return { time, value: row.volume, color: row.close < row.open ? this.#look.downTint : this.#look.upTint };
  }

  #averageData(point: { at: number; value: number | null }): { time: UTCTimestamp; value?: number } {
    const time = this.timeOf(point);
    return point.value === null ? { time } : { time, value: point.value };
  }

  #addAverage(place: number): ISeriesApi<"Line"> {
    return this.chart.addSeries(LineSeries, {
      color: this.#averageColour(place),
      lineWidth: 1,
      priceLineVisible: false,
      lastValueVisible: false,
      crosshairMarkerVisible: false,
    });
  }

  #averageColour(place: number): string {
    return this.#look.averages[place] ?? this.#look.soft;
  }

  #addDayLine(price: number, title: string): IPriceLine {
    const { soft } = this.#look;
    return this.#prices.createPriceLine({ price, title, color: soft, lineWidth: 1, lineStyle: LineStyle.Dotted });
  }

  /** The chart has the integers themselves, and only what is written has a point. */
  #format(): void {
    const { scale = 0 } = this.#shown ?? {};
    const priceFormat = {
      type: "custom",
      minMove: 1,
      formatter: (price: number) => formatPrice(price, scale),
    } as const;
    for (const series of [this.#prices, ...this.#averages]) series.applyOptions({ priceFormat });
  }

  #lots(lots: number): string {
    return this.#volumes.format(lots);
  }

  #pointed({ logical }: MouseEventParams): void {
    const row = logical === undefined ? undefined : this.#rows.list[logical];
    this.events.pointed(row?.open === undefined ? null : row);
  }

  #chartColours() {
    const { soft, line, surface } = this.#look;
    const crosshair = { color: soft, labelBackgroundColor: this.#look.accent };
    return {
      layout: {
        background: { color: surface },
        textColor: soft,
        fontFamily: getComputedStyle(this.place).fontFamily,
        panes: { separatorColor: line, separatorHoverColor: line },
        // It would put a style element into the page, which the policy forbids; the link is below the chart.
        attributionLogo: false,
      },
      grid: { vertLines: { color: line }, horzLines: { color: line } },
      crosshair: { vertLine: crosshair, horzLine: crosshair, mode: 0 },
      rightPriceScale: { borderColor: line },
      timeScale: { borderColor: line },
    } as const;
  }
}
