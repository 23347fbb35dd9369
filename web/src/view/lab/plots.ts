import uPlot from "uplot";
import { LANES } from "../../lab/lane";
import type { Sample, Step } from "../../lab/series";
import { byId, part } from "../dom";
import type { Units } from "./units";

/** Steps that are shown: two minutes, one a second. */
const SHOWN = 120;
/** Height of a plot in CSS pixels. */
const HEIGHT = 190;
/** Dashes of the lanes, so that colour isn't all that tells them apart. */
const DASHES = [[], [8, 4], [2, 3], [14, 4], [8, 3, 2, 3]];

/** The plots of all lanes over time: delay, bytes and requests. */
export class Plots {
  readonly #plots: { plot: uPlot; value: keyof Sample }[];

  constructor(units: Units) {
    this.#plots = [
      { value: "delay", plot: plot("plot-delay", 3, 1, (value) => units.milliseconds(value)) },
      { value: "bytes", plot: plot("plot-bytes", 1, 1000, (value) => units.bytes(value)) },
      { value: "requests", plot: plot("plot-requests", 1, 1, (value) => units.share(value)) },
    ];
    // The colours of the scheme are read when they're painted.
    const repaint = () => {
      for (const { plot } of this.#plots) plot.redraw(false, true);
    };
    new MutationObserver(repaint).observe(document.documentElement, { attributeFilter: ["data-theme"] });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  }

  show(steps: readonly Step[]): void {
    const shown = steps.slice(-SHOWN);
    for (const { plot, value } of this.#plots) {
      plot.setData([
        shown.map(({ at }) => at),
        ...LANES.map((lane) => shown.map(({ lanes }) => lanes[lane][value])),
      ] as uPlot.AlignedData);
    }
  }
}

/** `distribution` is uPlot's: 1 for a linear scale, 3 for a logarithmic one. A linear scale reaches at least to `least`. */
function plot(id: string, distribution: 1 | 3, least: number, words: (value: number) => string): uPlot {
  const place = byId(id, "div");
  const ink = () => getComputedStyle(place).color;
  const line = () => getComputedStyle(place).borderTopColor;
  const axis: uPlot.Axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
  const shape = new uPlot(
    {
      width: Math.max(1, place.clientWidth),
      height: HEIGHT,
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { time: false },
        y:
          distribution === 3
            ? { distr: 3, range: decades }
            : { range: (_, __, most) => [0, Math.max(least, most * 1.1)] },
      },
      axes: [
        { ...axis, values: (_, ticks) => ticks.map((tick) => `${tick} s`) },
        {
          ...axis,
          size: 64,
          ...(distribution === 3 ? { splits: powers } : {}),
          values: (_, ticks) => ticks.map((tick) => (tick === null ? "" : words(tick))),
        },
      ],
      series: [
        {},
        ...LANES.map((lane, place): uPlot.Series => {
          const swatch = part(document, `[data-lane="${lane}"] .swatch`);
          return {
            label: lane,
            stroke: () => getComputedStyle(swatch).color,
            width: 2,
            dash: DASHES[place] ?? [],
            spanGaps: true,
            points: { show: false },
          };
        }),
      ],
    },
    [[], ...LANES.map(() => [])],
    place,
  );
  new ResizeObserver(() => shape.setSize({ width: Math.max(1, place.clientWidth), height: HEIGHT })).observe(place);
  return shape;
}

/** Whole powers of ten around the values, one millisecond at least. */
function decades(_: uPlot, least: number, most: number): [number, number] {
  const low = 10 ** Math.floor(Math.log10(Math.max(0.1, least)));
  const high = 10 ** Math.ceil(Math.log10(Math.max(10, most)));
  return [low, high];
}

/** The powers of ten from one to the other. */
function powers(_: uPlot, __: number, low: number, high: number): number[] {
  const first = Math.round(Math.log10(low));
  const count = Math.round(Math.log10(high)) - first + 1;
  return Array.from({ length: Math.max(0, count) }, (_, place) => 10 ** (first + place));
}
