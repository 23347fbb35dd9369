import {
  AreaSeries,
  CandlestickSeries,
  type CandlestickSeriesPartialOptions,
  type IChartApi,
  type ISeriesApi,
  LineSeries,
  type UTCTimestamp,
} from "lightweight-charts";
import type { Style } from "../../market/choice";
import type { Row } from "../../market/rows";
import type { Look } from "./look";

/** The series that has the prices, in whichever style. */
export type PriceSeries = ISeriesApi<"Candlestick"> | ISeriesApi<"Line"> | ISeriesApi<"Area">;

/** A row as every style takes it: each reads what it needs. */
export interface PriceData {
  time: UTCTimestamp;
  open: number;
  high: number;
  low: number;
  close: number;
  value: number;
}

export function addPrices(chart: IChartApi, style: Style, look: Look): PriceSeries {
  const { candles, line, area } = colours(style, look);
  if (style === "line") return chart.addSeries(LineSeries, line);
  if (style === "area") return chart.addSeries(AreaSeries, area);
  return chart.addSeries(CandlestickSeries, candles);
}

export function recolour(series: PriceSeries, style: Style, look: Look): void {
  const { candles, line, area } = colours(style, look);
  series.applyOptions(style === "line" ? line : style === "area" ? area : candles);
}

/** An empty place has only its time; the chart's types don't say so of `update`. */
export function dataOf(style: Style, row: Row, time: UTCTimestamp): PriceData {
  if (row.open === undefined) return { time } as PriceData;
  const { open, high, low, close } = row;
  if (style === "line" || style === "area") return { time, value: close } as PriceData;
  return { time, open, high, low, close } as PriceData;
}

function colours(style: Style, { up, down, accent, upTint, surface }: Look) {
  const candles: CandlestickSeriesPartialOptions = {
    upColor: style === "hollow" ? surface : up,
    downColor: down,
    borderUpColor: up,
    borderDownColor: down,
    wickUpColor: up,
    wickDownColor: down,
  };
  const line = { color: accent, lineWidth: 2 } as const;
  const area = { lineColor: accent, topColor: upTint, bottomColor: "transparent", lineWidth: 2 } as const;
  return { candles, line, area };
}
