/** Lightweight Charts as far as the page uses it, without a canvas, and with its rules about the order of data. */

interface Point {
  time: number;
  [field: string]: unknown;
}

interface Line {
  price: number;
  [option: string]: unknown;
}

export class FakeSeries {
  data: Point[] = [];
  calls: string[] = [];
  lines: Line[] = [];

  constructor(
    readonly kind: string,
    public options: Record<string, unknown>,
    private readonly chart: FakeChart,
  ) {}

  setData(data: Point[]): void {
    this.calls.push(`set ${data.length}`);
    for (const [place, { time }] of data.entries()) {
      if (place > 0 && time <= (data[place - 1]?.time ?? time)) throw new Error("data must be in the order of time");
    }
    this.data = [...data];
  }

  update(point: Point, historical = false): void {
    this.calls.push(`update ${point.time}${historical ? " historical" : ""}`);
    const last = this.data.at(-1);
    if (!historical && last !== undefined && point.time < last.time) throw new Error("can't update oldest data");
    const known = this.chart.series.some(({ data }) => data.some(({ time }) => time === point.time));
    if (historical && !known) throw new Error("can't update what isn't there");
    const place = this.data.findIndex(({ time }) => time === point.time);
    if (place >= 0) this.data[place] = point;
    else this.data.push(point);
  }

  applyOptions(options: Record<string, unknown>): void {
    this.options = { ...this.options, ...options };
  }

  createPriceLine(options: Line) {
    const line = { ...options };
    this.lines.push(line);
    return {
      line,
      options: () => line,
      applyOptions: (changed: Partial<Line>) => void Object.assign(line, changed),
    };
  }

  removePriceLine({ line }: { line: Line }): void {
    this.lines = this.lines.filter((other) => other !== line);
  }
}

export class FakeChart {
  series: FakeSeries[] = [];
  /** Whatever moves what is in view. */
  moves: string[] = [];
  spacing = 6;
  range: ((range: { from: number; to: number }) => void) | null = null;
  crosshair: ((param: { logical?: number }) => void) | null = null;

  addSeries(kind: string, options: Record<string, unknown>): object {
    const series = new FakeSeries(kind, options, this);
    this.series.push(series);
    // The real one's `options` is a method.
    return new Proxy(series, {
      get: (target, name) => {
        if (name === "options") return () => target.options;
        const value = Reflect.get(target, name);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  }

  removeSeries(series: { setData: unknown; calls: string[] }): void {
    this.series = this.series.filter(({ calls }) => calls !== series.calls);
  }

  timeScale() {
    return {
      subscribeVisibleLogicalRangeChange: (run: FakeChart["range"]) => {
        this.range = run;
      },
      scrollToPosition: (position: number) => this.moves.push(`to ${position}`),
      resetTimeScale: () => this.moves.push("reset"),
      getVisibleLogicalRange: () => ({ from: 0, to: 1000 }),
      options: () => ({ barSpacing: this.spacing }),
      applyOptions: ({ barSpacing }: { barSpacing?: number }) => {
        this.spacing = barSpacing ?? this.spacing;
      },
    };
  }

  subscribeCrosshairMove(run: FakeChart["crosshair"]): void {
    this.crosshair = run;
  }

  panes = () => [0, 1].map(() => ({ setStretchFactor: () => {} }));
  priceScale = () => ({ applyOptions: () => {} });
  applyOptions(): void {}
  setCrosshairPosition(): void {}
  clearCrosshairPosition(): void {}
}

/** Every chart that was made. */
export const fakeCharts: FakeChart[] = [];

export const fakeLibrary = {
  createChart() {
    const chart = new FakeChart();
    fakeCharts.push(chart);
    return chart;
  },
  AreaSeries: "Area",
  CandlestickSeries: "Candlestick",
  HistogramSeries: "Histogram",
  LineSeries: "Line",
  LineStyle: { Dotted: 1 },
  PriceScaleMode: { Normal: 0, Logarithmic: 1, Percentage: 2 },
};
