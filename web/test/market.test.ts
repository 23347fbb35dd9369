import { beforeEach, describe, expect, it } from "vitest";
import { OLDER_PAUSE_MS } from "../src/market/chart";
import { PATIENCE_MS, REFUSED_MS, SILENCE_MS } from "../src/market/client";
import { PAGE_BARS } from "../src/market/desk";
import { WATCH_LIMIT } from "../src/market/watch";
import { Backoff } from "../src/net/backoff";
import { bar, FakeMarket, quote, visitor } from "./fake-market";

const SUBJECT = { symbol: "MADANG", interval: "1m" } as const;
const KEY = "MADANG 1m";
let back: FakeMarket;

beforeEach(() => {
  back = new FakeMarket();
  back.bars.set(KEY, [bar(1, 101), bar(2, 102)]);
});

/** Somebody who looks at the chart, with everything arrived. */
function looking() {
  const page = visitor(back);
  page.market.chart.show(SUBJECT);
  page.market.resume();
  back.line.events.opened();
  return page;
}

describe("a chart", () => {
  it("begins with the newest bars and goes on with the changes from their position", () => {
    const { market, closes } = looking();
    expect(back.asked).toEqual([`/api/market/bars/MADANG?interval=1m&limit=${PAGE_BARS}`]);
    expect(closes()).toEqual([101, 102]);
    expect(market.chart).toMatchObject({ state: "shown", follows: true });
    back.change(KEY, bar(2, 103));
    back.change(KEY, bar(3, 104));
    expect(closes()).toEqual([101, 103, 104]);
    expect(back.asked).toHaveLength(1);
  });

  it("misses nothing that happens between the bars and the connection", () => {
    const { market, closes } = visitor(back);
    market.chart.show(SUBJECT);
    back.change(KEY, bar(3, 103));
    market.resume();
    back.line.events.opened();
    expect(closes()).toEqual([101, 102, 103]);
  });

  it("takes a change for what it is when it comes twice, or from another chart", () => {
    const { market, closes } = looking();
    back.change(KEY, bar(3, 103));
    back.send(back.line, { type: "bar", symbol: "MADANG", interval: "1m", offset: 1, bar: bar(3, 1) });
    back.send(back.line, { type: "bar", symbol: "MADANG", interval: "5m", offset: 2, bar: bar(3, 2) });
    back.send(back.line, { type: "bar", symbol: "OTHER", interval: "1m", offset: 2, bar: bar(3, 3) });
    expect([market.chart.follows, closes()]).toEqual([true, [101, 102, 103]]);
  });

  it("takes the newest bars again when a change is missing", () => {
    const { market, clock, closes } = looking();
    back.change(KEY, bar(3, 103), true);
    back.change(KEY, bar(4, 104));
    expect(closes()).toEqual([101, 102]);
    expect(market.chart.follows).toBe(false);
    clock.advance(Backoff.FIRST_MS);
    expect(closes()).toEqual([101, 102, 103, 104]);
    back.change(KEY, bar(4, 105));
    expect(closes()).toEqual([101, 102, 103, 105]);
    expect(market.chart.follows).toBe(true);
  });

  it("takes them again when the back has skipped some, or refuses to go on", () => {
    const { market, clock, closes } = looking();
    back.change(KEY, bar(3, 103), true);
    back.send(back.line, { type: "skipped", count: 1 });
    clock.advance(Backoff.FIRST_MS);
    expect(closes()).toEqual([101, 102, 103]);
    back.restart();
    clock.advance(Backoff.FIRST_MS);
    back.bars.set(KEY, [bar(2, 102), bar(3, 103), bar(4, 104)]);
    back.line.events.opened();
    expect(market.chart.follows).toBe(false);
    expect(closes()).toEqual([101, 102, 103]);
    clock.advance(2 * Backoff.FIRST_MS);
    // That's all there is, it says.
    expect(closes()).toEqual([102, 103, 104]);
    expect(market.chart.follows).toBe(true);
  });

  it("has other digits when its symbol was listed anew, and takes no older bars that have not", () => {
    const { market, clock, closes } = looking();
    back.scale = 3;
    back.bars.set(
      KEY,
      Array.from({ length: 400 }, (_, minute) => bar(minute, 1000 + minute)),
    );
    back.send(back.line, { type: "skipped", count: 1 });
    clock.advance(Backoff.FIRST_MS);
    expect([market.chart.shown?.scale, closes()?.length]).toEqual([3, 300]);
    back.scale = 2;
    market.chart.older();
    expect(closes()).toHaveLength(300);
    back.scale = 3;
    clock.advance(OLDER_PAUSE_MS);
    market.chart.older();
    expect(closes()).toHaveLength(400);
  });

  it("is back when its symbol is traded that had gone", () => {
    const { market, clock, closes } = looking();
    market.watch.set(["MADANG"]);
    back.bars.delete(KEY);
    back.send(back.line, { type: "skipped", count: 1 });
    clock.advance(Backoff.FIRST_MS);
    expect([market.chart.state, market.chart.shown]).toEqual(["unknown", null]);
    back.bars.set(KEY, [bar(1, 101)]);
    back.send(back.line, quote("MADANG", 5, { state: "halted" }));
    clock.advance(60_000);
    expect(market.chart.state).toBe("unknown");
    back.send(back.line, quote("MADANG", 5));
    clock.advance(2 * Backoff.FIRST_MS);
    expect([market.chart.state, closes()]).toEqual(["shown", [101]]);
  });

  it("goes on from where it was after a connection that was lost", () => {
    const { market, clock, closes } = looking();
    back.change(KEY, bar(3, 103));
    back.line.events.closed();
    expect([market.state, market.chart.follows]).toEqual(["waiting", false]);
    back.change(KEY, bar(3, 104), true);
    back.change(KEY, bar(4, 105), true);
    clock.advance(Backoff.FIRST_MS);
    back.line.events.opened();
    expect(closes()).toEqual([101, 102, 104, 105]);
    expect(back.asked).toHaveLength(1);
    expect(back.line.said.at(-1)).toEqual({ type: "chart", ...SUBJECT, offset: 1, epoch: "one" });
  });

  it("shows what it showed until the bars of another symbol are here, and then only those", () => {
    back.bars.set("OTHER 5m", [bar(5, 205)]);
    const { market, closes } = looking();
    back.slow = true;
    market.chart.show({ symbol: "OTHER", interval: "5m" });
    expect([market.chart.state, closes()]).toEqual(["loading", [101, 102]]);
    back.change(KEY, bar(2, 1));
    expect(closes()).toEqual([101, 102]);
    back.answer();
    expect([market.chart.state, closes()]).toEqual(["shown", [205]]);
    back.change("OTHER 5m", bar(5, 206));
    expect(closes()).toEqual([206]);
  });

  it("has no use for the bars of a symbol that was left meanwhile", () => {
    back.bars.set("OTHER 1m", [bar(5, 205)]);
    back.slow = true;
    const { market, closes } = looking();
    market.chart.show({ symbol: "OTHER", interval: "1m" });
    back.answer();
    expect(closes()).toEqual([205]);
    expect(back.line.said).toHaveLength(1);
  });

  it("says that there is no such symbol, and that the bars can't be had, which it goes on asking for", () => {
    const { market, clock, closes } = looking();
    market.chart.show({ symbol: "NONE", interval: "1m" });
    expect(market.chart.state).toBe("unknown");
    clock.advance(60_000);
    expect(back.asked).toHaveLength(2);
    back.down = true;
    back.bars.set("OTHER 1m", [bar(5, 205)]);
    market.chart.show({ symbol: "OTHER", interval: "1m" });
    expect([market.chart.state, market.chart.shown]).toEqual(["unreachable", null]);
    back.down = false;
    clock.advance(Backoff.FIRST_MS);
    expect([market.chart.state, closes()]).toEqual(["shown", [205]]);
  });
});

it("a chart shows no symbol's bars under the name of another that can't be had, but its own", () => {
  const { market, clock, closes } = looking();
  back.down = true;
  market.chart.show({ symbol: "OTHER", interval: "1m" });
  expect([market.chart.state, market.chart.shown]).toEqual(["unreachable", null]);
  back.down = false;
  market.chart.show(SUBJECT);
  expect(closes()).toEqual([101, 102]);
  back.down = true;
  market.chart.show(SUBJECT);
  clock.advance(1);
  expect([market.chart.state, closes()]).toEqual(["unreachable", [101, 102]]);
});

describe("older bars", () => {
  const many = PAGE_BARS + 50;
  const numbers = Array.from({ length: many }, (_, minute) => minute);

  it("come a page at a time, once each, and join what is there", () => {
    back.bars.set(
      KEY,
      numbers.map((minute) => bar(minute, minute)),
    );
    const { market, closes } = looking();
    expect(closes()).toEqual(numbers.slice(50));
    back.slow = true;
    market.chart.older();
    market.chart.older();
    expect(back.asked.slice(1)).toEqual([`/api/market/bars/MADANG?interval=1m&limit=${PAGE_BARS}&before=3000000`]);
    back.change(KEY, bar(many, many));
    back.answer();
    expect(closes()).toEqual([...numbers, many]);
    market.chart.older();
    expect(back.asked).toHaveLength(2);
  });

  it("are asked for again after a pause when they didn't come", () => {
    back.bars.set(
      KEY,
      numbers.map((minute) => bar(minute, minute)),
    );
    const { market, clock, closes } = looking();
    back.down = true;
    market.chart.older();
    market.chart.older();
    expect(back.asked).toHaveLength(2);
    back.down = false;
    clock.advance(OLDER_PAUSE_MS);
    market.chart.older();
    expect(closes()).toEqual(numbers);
  });

  it("don't leave a hole when the newest have gone far ahead meanwhile", () => {
    back.bars.set(
      KEY,
      numbers.map((minute) => bar(minute, minute)),
    );
    const { market, clock, closes } = looking();
    back.slow = true;
    market.chart.older();
    const later = numbers.map((minute) => minute + 1000);
    back.bars.set(
      KEY,
      [...numbers, ...later].map((minute) => bar(minute, minute)),
    );
    back.send(back.line, { type: "skipped", count: 9 });
    clock.advance(Backoff.FIRST_MS);
    back.answer("newest first");
    expect(closes()).toEqual(later.slice(50));
  });
});

describe("the watchlist", () => {
  it("is told to the back as what is new and what goes, in one command", () => {
    const { market } = looking();
    market.watch.set(["A", "B"]);
    market.watch.set(["B", "C", "C"]);
    market.watch.set(["B", "C"]);
    expect(back.line.said.slice(1)).toEqual([
      { type: "watch", add: ["A", "B"], remove: [] },
      { type: "watch", add: ["C"], remove: ["A"] },
    ]);
  });

  it("is told anew to a new connection, and no further than the back allows", () => {
    const { market, clock } = looking();
    const many = Array.from({ length: WATCH_LIMIT + 1 }, (_, place) => `S${place}`);
    market.watch.set(many);
    back.restart();
    clock.advance(Backoff.FIRST_MS);
    back.line.events.opened();
    expect(back.line.said[0]).toEqual({ type: "watch", add: many.slice(0, WATCH_LIMIT), remove: [] });
  });

  it("is told from where the back is when it has been refused", () => {
    const { market } = looking();
    market.watch.set(["A"]);
    back.unknown.add("GONE");
    market.watch.set(["A", "B", "GONE"]);
    market.watch.set(["A", "B"]);
    expect(back.line.said.at(-1)).toEqual({ type: "watch", add: ["B"], remove: [] });
    expect([...back.line.watched]).toEqual(["A", "B"]);
  });

  it("is told again when the back was too busy to hear it", () => {
    const { market, clock } = looking();
    back.refusal = "rate_limited";
    back.unknown.add("A");
    market.watch.set(["A", "B"]);
    back.unknown.clear();
    expect([...back.line.watched]).toEqual([]);
    clock.advance(REFUSED_MS);
    expect([...back.line.watched]).toEqual(["A", "B"]);
    clock.advance(REFUSED_MS);
    expect(back.line.said.filter(({ type }) => type === "watch")).toHaveLength(2);
  });

  it("has the newest quote of each symbol for a painter, however many there were", () => {
    const { market } = looking();
    market.watch.set(["A", "B"]);
    market.watch.drain();
    for (let price = 1; price <= 50; price += 1) back.quote("A", price);
    back.quote("B", 7, { state: "halted", previous_close: null });
    expect(market.watch.drain().map(({ symbol, price, halted }) => [symbol, price, halted])).toEqual([
      ["A", 50, false],
      ["B", 7, true],
    ]);
    expect(market.watch.drain()).toEqual([]);
    market.watch.set(["B"]);
    back.send(back.line, quote("A", 51));
    expect([market.watch.quote("A"), market.watch.quote("B")?.previousClose]).toEqual([null, null]);
  });
});

describe("the connection", () => {
  it("waits longer and longer while nobody answers, or until somebody doesn't want to wait", () => {
    const { market, clock } = looking();
    for (const wait of [250, 500, 1000]) {
      back.line.events.closed();
      const before = back.lines.length;
      clock.advance(wait - 1);
      expect(back.lines).toHaveLength(before);
      clock.advance(1);
      expect([back.lines.length, market.state]).toEqual([before + 1, "connecting"]);
    }
    back.line.events.closed();
    market.tryNow();
    expect(market.state).toBe("connecting");
  });

  it("is given up when it doesn't open, or falls silent and doesn't answer", () => {
    const { market, clock } = visitor(back);
    market.resume();
    clock.advance(PATIENCE_MS);
    expect([market.state, back.line.closed]).toEqual(["waiting", true]);
    market.tryNow();
    back.line.events.opened();
    // The first time there is an answer.
    clock.advance(SILENCE_MS + PATIENCE_MS - 1);
    expect([market.state, back.line.said]).toEqual(["live", [{ type: "watch", add: [], remove: [] }]]);
    back.line.paused = true;
    clock.advance(SILENCE_MS + 1);
    expect([market.state, back.lines[1]?.closed]).toEqual(["waiting", true]);
  });

  it("hears nothing more of a line that it has let go", () => {
    const { market, clock } = visitor(back);
    market.resume();
    const { events } = back.line;
    clock.advance(PATIENCE_MS);
    market.tryNow();
    events.opened();
    events.closed();
    expect(market.state).toBe("connecting");
  });

  it("doesn't come again at once when it's refused each time", () => {
    const { market, clock } = visitor(back);
    market.resume();
    for (const wait of [250, 500, 1000]) {
      back.line.events.opened();
      back.line.events.received({ type: "error", code: "too_many" });
      back.line.events.closed();
      clock.advance(wait - 1);
      expect(market.state).toBe("waiting");
      clock.advance(1);
    }
  });
});

describe("a page that nobody looks at", () => {
  it("gets nothing, and how things are in one answer when somebody looks again", () => {
    const { market, clock, closes } = looking();
    market.watch.set(["A"]);
    market.pause();
    expect(market.state).toBe("paused");
    back.quote("A", 1);
    back.change(KEY, bar(3, 103));
    back.change(KEY, bar(4, 104));
    clock.advance(3_600_000);
    expect(closes()).toEqual([101, 102]);
    const before = back.line.said.length;
    market.watch.drain();
    market.resume();
    expect(back.line.said.slice(before).map(({ type }) => type)).toEqual(["resume", "chart"]);
    expect(market.watch.drain().map(({ price }) => price)).toEqual([100]);
    expect([market.state, closes()]).toEqual(["live", [101, 102, 103, 104]]);
    expect([back.asked.length, back.lines.length]).toEqual([1, 1]);
  });

  it("doesn't connect, neither at first nor when the connection is lost", () => {
    const { market, clock } = visitor(back);
    market.pause();
    expect(back.lines).toHaveLength(0);
    market.resume();
    back.line.events.opened();
    market.pause();
    back.line.events.closed();
    clock.advance(3_600_000);
    expect([market.state, back.lines.length, clock.pendingTimers]).toEqual(["paused", 1, 0]);
    market.resume();
    expect([market.state, back.lines.length]).toEqual(["connecting", 2]);
  });
});
