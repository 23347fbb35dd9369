// @vitest-environment happy-dom
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { textsOf } from "../src/i18n/texts";
import { averages, PERIODS } from "../src/market/averages";
import { Bars } from "../src/market/bars";
import { Book } from "../src/market/book";
import type { Shown } from "../src/market/chart";
import { Desk } from "../src/market/desk";
import { type Bar, type Quote, readEvent, readListings } from "../src/market/protocol";
import { byId } from "../src/view/dom";
import { ChartView } from "../src/view/market/chart";
import { ChartHead } from "../src/view/market/head";
import { ChartKeys } from "../src/view/market/keys";
import { Search, TYPING_MS } from "../src/view/market/search";
import { openThumbnail } from "../src/view/market/thumbnail";
import { Toolbar } from "../src/view/market/toolbar";
import { Watchlist } from "../src/view/market/watchlist";
import { type FakeChart, type FakeSeries, fakeCharts } from "./fake-charts";
import { FakeMarket, quote } from "./fake-market";
import { VirtualClock } from "./virtual-clock";

vi.mock("lightweight-charts", async () => (await import("./fake-charts")).fakeLibrary);

const texts = textsOf("en");
const template = readFileSync(join(import.meta.dirname, "../../server/templates/market.html"), "utf8");
const listings = readListings({
  symbols: ["ALPHA", "BETA"].map((symbol) => {
    return {
      symbol,
      name: { en: `The ${symbol}`, ko: `${symbol} 주식회사` },
      scale: 2,
      currency: "KRW",
      utc_offset_minutes: 540,
    };
  }),
});
const bar = (minute: number, close = minute): Bar => {
  return { at: minute * 60_000, open: 1, high: 9, low: 0, close, volume: 3 };
};
const quoteOf = (symbol: string, price: number, more: object = {}) =>
  (readEvent(quote(symbol, price, more)) as { quote: Quote }).quote;
const press = (target: Element, key: string) => {
  target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
};

beforeEach(() => {
  fakeCharts.splice(0);
  document.body.innerHTML = template.split("{% block body %}")[1]?.replace(/\{%.*?%\}/g, "") ?? "";
});

describe("the chart", () => {
  const shown = (bars: Bar[], interval: Shown["interval"] = "1m"): Shown => {
    const kept = new Bars();
    kept.take({ scale: 2, bars, more: true, position: null });
    return { symbol: "ALPHA", interval, scale: 2, bars: kept };
  };
  const open = () => {
    const events = { older: vi.fn(), pointed: vi.fn(), atEnd: vi.fn() };
    const view = new ChartView(byId("chart", "div"), "en", texts, events);
    const chart = fakeCharts[0] as FakeChart;
    const [prices, volume] = chart.series as [FakeSeries, FakeSeries];
    return { view, chart, prices, volume, events };
  };

  it("has the integers of the prices, and writes them with their point", () => {
    const { view, prices, volume } = open();
    const one = shown([bar(1, 250)]);
    view.paint(one, one.bars.drain());
    expect(prices.data).toEqual([{ time: 60, open: 1, high: 9, low: 0, close: 250 }]);
    expect(volume.data[0]).toMatchObject({ time: 60, value: 3 });
    expect(prices.options.priceFormat).toMatchObject({ type: "custom", minMove: 1 });
    expect((prices.options.priceFormat as { formatter(price: number): string }).formatter(250.2)).toBe("2.50");
  });

  it("is told of new bars, of gaps, and of bars that a late tick has changed, without being set anew", () => {
    const { view, prices, volume } = open();
    const one = shown([bar(1), bar(2), bar(3)]);
    view.paint(one, one.bars.drain());
    prices.calls.length = 0;
    for (const changed of [bar(5), bar(3, 8), bar(1, 7)]) one.bars.change(changed);
    view.paint(one, one.bars.drain());
    expect(prices.calls).toEqual(["update 60 historical", "update 180", "update 240", "update 300"]);
    expect(volume.calls.slice(-4)).toEqual(prices.calls);
    expect(prices.data.map(({ time, close }) => [time, close])).toEqual([
      [60, 7],
      [120, 2],
      [180, 8],
      [240, undefined],
      [300, 5],
    ]);
  });

  it("is set anew when older bars come, and when one comes where there was none", () => {
    const { view, prices, chart } = open();
    const one = shown([bar(3), bar(5)]);
    view.paint(one, one.bars.drain());
    const moves = chart.moves.length;
    one.bars.prepend({ scale: 2, bars: [bar(1), bar(2)], more: true, position: null });
    view.paint(one, one.bars.drain());
    one.bars.change(bar(4));
    view.paint(one, one.bars.drain());
    expect(prices.data.map(({ time }) => time)).toEqual([60, 120, 180, 240, 300]);
    expect(prices.calls.slice(-2)).toEqual(["set 5", "set 5"]);
    // Whoever looks at something goes on looking at it.
    expect(chart.moves).toHaveLength(moves);
  });

  it("shows the exchange's time, and asks for older bars when the oldest are nearly in view", () => {
    const { view, prices, chart, events } = open();
    const one = shown([bar(1)]);
    view.paint(one, one.bars.drain());
    view.zone(540);
    expect(prices.data[0]?.time).toBe(60 + 540 * 60);
    chart.range?.({ from: 59, to: 200 });
    chart.range?.({ from: 60, to: -1 });
    expect(events.older).toHaveBeenCalledTimes(1);
    expect(events.atEnd.mock.calls).toEqual([[true], [false]]);
    chart.crosshair?.({ logical: 0 });
    chart.crosshair?.({});
    expect(events.pointed.mock.calls).toEqual([[bar(1)], [null]]);
  });

  it("carries its averages on as it would have drawn them", () => {
    const { view, chart } = open();
    const one = shown(Array.from({ length: 70 }, (_, minute) => bar(minute, (minute * 37) % 100)));
    view.paint(one, one.bars.drain());
    view.averages(true);
    const drawn = () => chart.series.slice(2).map(({ data }) => data.map(({ value }) => value ?? null));
    const right = () => PERIODS.map((period) => averages(view.rows, period).map(({ value }) => value));
    for (const changed of [bar(69, 1), bar(72, 50), bar(40, 99)]) {
      one.bars.change(changed);
      view.paint(one, one.bars.drain());
      expect(drawn()).toEqual(right());
    }
    view.averages(false);
    expect(chart.series).toHaveLength(2);
  });

  it("goes over to another style with the same bars, and another symbol with its own", () => {
    const { view, chart } = open();
    const one = shown([bar(1), bar(3)]);
    view.paint(one, one.bars.drain());
    view.day(quoteOf("ALPHA", 5));
    view.style("line");
    const line = chart.series.at(-1) as FakeSeries;
    expect([line.kind, line.data]).toEqual(["Line", [{ time: 60, value: 1 }, { time: 120 }, { time: 180, value: 3 }]]);
    view.day(quoteOf("ALPHA", 5));
    view.day(quoteOf("ALPHA", 5, { high: 140 }));
    expect(line.lines.map(({ price }) => price)).toEqual([140, 90]);
    const other = shown([bar(9)], "1D");
    view.paint(other, other.bars.drain());
    expect([line.data, line.lines]).toEqual([[{ time: 540, value: 9 }], []]);
  });

  it("is empty when there is nothing to show, and filled again", () => {
    const { view, prices, volume } = open();
    const one = shown([bar(1), bar(2)]);
    view.paint(one, one.bars.drain());
    view.day(quoteOf("ALPHA", 5));
    view.clear();
    expect([prices.data, volume.data, prices.lines, view.rows]).toEqual([[], [], [], []]);
    view.paint(one, one.bars.drain());
    expect(prices.data).toHaveLength(2);
  });

  it("has another symbol's line only where it has a place itself", () => {
    const { view, chart } = open();
    const one = shown([bar(1), bar(3)]);
    view.paint(one, one.bars.drain());
    view.compare((at) => (at === 60_000 ? 700 : null), "BETA");
    const other = chart.series.at(-1) as FakeSeries;
    expect([other.options.title, other.data]).toEqual([
      "BETA",
      [{ time: 60, value: 700 }, { time: 120 }, { time: 180 }],
    ]);
    view.compare(null, "");
    expect(chart.series).toHaveLength(2);
  });

  it("is read by keys, bar by bar and past what is empty", () => {
    const { view, chart } = open();
    const moved: (number | undefined)[] = [];
    const place = byId("chart", "div");
    new ChartKeys(place, view, (at) => moved.push(at?.close));
    const one = shown([bar(1), bar(4), bar(5)]);
    view.paint(one, one.bars.drain());
    for (const key of ["ArrowLeft", "ArrowLeft", "ArrowLeft", "ArrowRight", "Home", "ArrowLeft", "End"])
      press(place, key);
    expect(moved).toEqual([5, 4, 1, 4, 1, 1, 5]);
    press(place, "+");
    expect(chart.spacing).toBeCloseTo(7.5);
    press(place, "Escape");
    expect(moved.at(-1)).toBeUndefined();
  });
});

describe("what is above the chart", () => {
  it("tells the price, how it has changed, and the numbers of a bar", () => {
    const star = vi.fn();
    const head = new ChartHead("ko", textsOf("ko"), star);
    head.subject("ALPHA", listings?.[0] ?? null);
    head.quote(quoteOf("ALPHA", 12_345, { previous_close: 12_000, state: "halted" }));
    expect(byId("chart-name", "p").textContent).toBe("ALPHA 주식회사 · KRW");
    expect(byId("chart-price", "strong").textContent).toBe("123.45");
    expect(byId("chart-change", "span").textContent).toBe("+3.45 (+2.88 %)");
    expect([byId("chart-change", "span").dataset.way, byId("chart-halted", "span").hidden]).toEqual(["up", false]);
    head.legend(bar(1, 250), 2, "2026-11-27 09:01", [260.4, null, 12_345], "BETA 7.00");
    head.sayLegend();
    expect(byId("chart-heard", "p").textContent).toBe(
      "2026-11-27 09:01, 시가 0.01, 고가 0.09, 저가 0.00, 종가 2.50, 거래량 3, BETA 7.00, 5 평균 2.60, 20 평균 –, 60 평균 123.45",
    );
    expect(document.querySelectorAll("#legend .average")).toHaveLength(PERIODS.length);
    head.legend(null, 2, "", null, null);
    expect(document.querySelector<HTMLElement>("#legend .compared")?.hidden).toBe(true);
    expect(document.querySelectorAll("#legend .average")).toHaveLength(0);
    head.star("ALPHA", true);
    expect(byId("star", "button").getAttribute("aria-label")).toBe("ALPHA 관심 종목에서 빼기");
    byId("star", "button").click();
    expect(star).toHaveBeenCalledOnce();
  });
});

describe("the watchlist", () => {
  it("shows prices, is walked through by arrows, and keeps its rows", () => {
    const book = new Book(new Desk(() => () => {}));
    book.add(listings ?? []);
    const events = { chosen: vi.fn(), removed: vi.fn() };
    const list = new Watchlist("en", texts, book, events);
    list.show([], null);
    expect(byId("watch-empty", "p").hidden).toBe(false);
    list.show(["ALPHA", "BETA"], "BETA");
    const rows = () => [...document.querySelectorAll<HTMLElement>("#watchlist .watch-row")];
    list.quote(quoteOf("ALPHA", 90));
    list.quote(quoteOf("BETA", 130, { state: "halted" }));
    expect(rows().map(({ textContent }) => textContent)).toEqual([
      "ALPHAThe ALPHA0.90−10.00 %",
      "BETAThe BETA1.30Halted",
    ]);
    expect(rows().map((row) => row.getAttribute("aria-current"))).toEqual([null, "true"]);
    expect(rows()[0]?.parentElement?.dataset.way).toBe("down");
    rows()[0]?.focus();
    press(rows()[0] as Element, "ArrowDown");
    expect(document.activeElement).toBe(rows()[1]);
    const [first] = rows();
    list.show(["ALPHA", "BETA"], "ALPHA");
    expect([rows()[0], document.activeElement]).toEqual([first, rows()[1]]);
    rows()[1]?.click();
    document.querySelector<HTMLElement>(".watch-remove")?.click();
    expect([events.chosen.mock.calls, events.removed.mock.calls]).toEqual([[["BETA"]], [["ALPHA"]]]);
  });
});

describe("the focus in the watchlist", () => {
  const open = () => {
    const book = new Book(new Desk(() => () => {}));
    book.add(listings ?? []);
    const list = new Watchlist("en", texts, book, { chosen: vi.fn(), removed: vi.fn() });
    const remove = (symbol: string) =>
      document.querySelector(`[data-symbol="${symbol}"]`)?.parentElement?.querySelector<HTMLElement>(".watch-remove");
    return { list, remove };
  };

  it("goes to the next row that is left when its own is removed, at last to the heading", () => {
    const { list, remove } = open();
    list.show(["A", "B", "C"], null);
    remove("B")?.focus();
    list.show(["A", "C"], null);
    expect(document.activeElement).toBe(remove("C"));
    list.show(["A"], null);
    expect(document.activeElement).toBe(remove("A"));
    list.show([], null);
    expect(document.activeElement?.id).toBe("watch-title");
  });

  it("stays where it is when another row comes or goes", () => {
    const { list, remove } = open();
    list.show(["A", "B"], null);
    const at = remove("B");
    at?.focus();
    list.show(["C", "B"], null);
    expect(document.activeElement).toBe(at);
    byId("search", "input").focus();
    list.show(["B"], null);
    expect(document.activeElement?.id).toBe("search");
  });
});

describe("the search", () => {
  function search(desk: Desk, clock: VirtualClock) {
    const chosen = vi.fn();
    new Search("en", texts, desk, clock, ({ symbol }) => chosen(symbol));
    const field = byId("search", "input");
    const type = (text: string) => {
      field.value = text;
      field.dispatchEvent(new Event("input"));
    };
    return { chosen, field, type };
  }

  it("takes what was typed, not what was found before, when Enter comes before the answer", () => {
    const clock = new VirtualClock();
    const answers: ((found: readonly string[]) => void)[] = [];
    const desk = new Desk((_, answered) => {
      answers.push((found) =>
        answered({
          status: 200,
          etag: null,
          body: {
            symbols: listings
              ?.filter(({ symbol }) => found.includes(symbol))
              .map((one) => ({ ...one, utc_offset_minutes: 0 })),
          },
        }),
      );
      return () => {};
    });
    const { chosen, field, type } = search(desk, clock);
    type("alpha");
    clock.advance(TYPING_MS);
    answers.shift()?.(["ALPHA"]);
    type("beta");
    press(field, "Enter");
    clock.advance(TYPING_MS);
    press(field, "Enter");
    expect(chosen).not.toHaveBeenCalled();
    answers.shift()?.(["BETA"]);
    expect([chosen.mock.calls, field.value]).toEqual([[["BETA"]], ""]);
    type("alp");
    press(field, "Enter");
    type("al");
    clock.advance(TYPING_MS);
    answers.shift()?.(["ALPHA"]);
    expect(chosen).toHaveBeenCalledOnce();
    type("zzz");
    press(field, "Enter");
    clock.advance(TYPING_MS);
    answers.shift()?.([]);
    expect([chosen.mock.calls.length, field.value]).toEqual([1, "zzz"]);
  });

  it("asks once somebody has typed, and is chosen from by keys or by pressing", () => {
    const clock = new VirtualClock();
    const asked: (string | number | undefined)[] = [];
    const desk = new Desk(({ query }, answered) => {
      asked.push(query?.search);
      answered({
        status: 200,
        etag: null,
        body: { symbols: listings?.map((one) => ({ ...one, utc_offset_minutes: 0 })) },
      });
      return () => {};
    });
    const { chosen, field, type } = search(desk, clock);
    type("a");
    clock.advance(TYPING_MS - 1);
    type(" al ");
    clock.advance(TYPING_MS);
    expect(asked).toEqual(["al"]);
    expect(byId("found-count", "p").textContent).toBe("2 symbols found");
    expect([field.getAttribute("aria-expanded"), field.getAttribute("aria-activedescendant")]).toEqual([
      "true",
      "found-ALPHA",
    ]);
    press(field, "ArrowDown");
    field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", isComposing: true }));
    expect(chosen).not.toHaveBeenCalled();
    press(field, "Enter");
    expect([field.value, byId("found", "ul").hidden]).toEqual(["", true]);
    type("x");
    clock.advance(TYPING_MS);
    document.querySelector<HTMLElement>("#found-ALPHA span")?.click();
    expect(chosen.mock.calls).toEqual([["BETA"], ["ALPHA"]]);
    type("y");
    clock.advance(TYPING_MS);
    press(field, "Escape");
    expect(byId("found", "ul").hidden).toBe(true);
  });
});

describe("the thumbnail", () => {
  it("stays empty without a market, and then follows its first symbol while somebody looks", () => {
    const back = new FakeMarket();
    const clock = new VirtualClock();
    const attention = {
      away: false,
      look: () => {},
      onChange(run: () => void) {
        attention.look = run;
        return () => {};
      },
    };
    const frames: (() => void)[] = [];
    const frame = (run: () => void) => {
      frames.push(run);
      return () => {};
    };
    const place = document.createElement("div");
    const page = { language: "en", texts, backWs: "", backHttp: "" } as const;
    openThumbnail(place, page, { way: back.way, ask: back.ask, clock, frame, attention });
    expect([place.childElementCount, back.lines.length]).toEqual([0, 0]);
    back.listings = [
      { symbol: "ALPHA", name: { en: "The ALPHA", ko: "" }, scale: 2, currency: "KRW", utc_offset_minutes: 0 },
    ];
    back.bars.set("ALPHA 5s", [
      [0, 1, 1, 1, 90, 0, 0],
      [5000, 1, 1, 1, 110, 0, 0],
    ]);
    attention.away = true;
    clock.advance(60_000);
    expect(back.asked).toHaveLength(1);
    attention.away = false;
    clock.advance(5000);
    back.line.events.opened();
    back.quote("ALPHA", 105, { at: 11_000 });
    for (const run of frames) run();
    expect(place.textContent).toBe("ALPHA1.05+5.00 %");
    expect(place.querySelector("polyline")?.getAttribute("points")?.split(" ")).toHaveLength(3);
    attention.away = true;
    attention.look();
    expect(back.line.said.at(-1)).toEqual({ type: "pause" });
  });
});

describe("the tool bar", () => {
  it("says what is chosen, and keeps what is compared as long as it can be", () => {
    // The template's loops, which no server has run here.
    byId("toolbar", "form").innerHTML =
      '<input type="radio" name="interval" value="1m"><input type="radio" name="interval" value="1D">' +
      '<select name="style"><option value="candles"></option><option value="area"></option></select>' +
      '<select name="compare"><option value=""></option></select><input type="checkbox" name="averages"><input type="checkbox" name="log">';
    const changed = vi.fn();
    const toolbar = new Toolbar(changed);
    toolbar.show({ interval: "1D", style: "area", averages: true, log: false });
    toolbar.others(["A", "B"]);
    const compare = document.querySelector<HTMLSelectElement>("[name=compare]");
    if (compare !== null) compare.value = "B";
    byId("toolbar", "form").dispatchEvent(new Event("change"));
    expect(changed).toHaveBeenCalledWith({ interval: "1D", style: "area", averages: true, log: false, compare: "B" });
    toolbar.others(["B", "C"]);
    expect(toolbar.read().compare).toBe("B");
    toolbar.others(["C"]);
    expect(toolbar.read().compare).toBeNull();
  });
});
