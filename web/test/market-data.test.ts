import { describe, expect, it } from "vitest";
import { averages } from "../src/market/averages";
import { BARS_DROPPED, BARS_KEPT, Bars } from "../src/market/bars";
import { Book, FIRST_LISTINGS, FOUND } from "../src/market/book";
import { hrefOf, isOfChoice, keepChoice, keepWatchlist, readChoice, readWatchlist } from "../src/market/choice";
import { AGAIN_MS, Comparison } from "../src/market/comparison";
import { Desk } from "../src/market/desk";
import { Painter } from "../src/market/painter";
import { changeOf, formatPrice, formatShare, formatSigned } from "../src/market/price";
import { type Bar, type Quote, readEvent, readListings, readPage } from "../src/market/protocol";
import { GAP_SHOWN, Rows } from "../src/market/rows";
import { SPARK_POINTS, Spark } from "../src/market/spark";
import { socketIoWay, webSocketWay } from "../src/market/way";
import type { AskHttp } from "../src/net/http";
import type { SocketEvents } from "../src/net/socket";
import type { SocketIoEvents } from "../src/net/socketio";
import { FakeMarket, quote, bar as written } from "./fake-market";
import { VirtualClock } from "./virtual-clock";

const bar = (minute: number, close = minute): Bar => {
  return { at: minute * 60_000, open: close, high: close, low: close, close, volume: 1 };
};
const page = (bars: Bar[], more = true) => ({ scale: 2, bars, more, position: null });
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, place) => bar(from + place));

describe("prices", () => {
  it("are written digit by digit, whatever a float would make of them", () => {
    expect(formatPrice(123_456_789, 2)).toBe("1,234,567.89");
    expect(formatPrice(9_007_199_254_740_991, 6)).toBe("9,007,199,254.740991");
    expect([formatPrice(5, 2), formatPrice(0, 2), formatPrice(70_100, 0)]).toEqual(["0.05", "0.00", "70,100"]);
    expect([formatPrice(-1234, 3), formatPrice(-0.4, 2), formatSigned(1, 2)]).toEqual(["−1.234", "0.00", "+0.01"]);
  });

  it("are compared with the day before, or with the opening on the first day", () => {
    const of = (more: object) => (readEvent(quote("A", 101, more)) as { quote: Quote }).quote;
    expect(changeOf(of({ previous_close: 80 }))).toEqual({ by: 21, share: 2625 });
    expect(changeOf(of({ previous_close: null, open: 100 }))).toEqual({ by: 1, share: 100 });
    expect(changeOf(of({ previous_close: 0 })).share).toBe(0);
    expect([formatShare(2625), formatShare(-5), formatShare(0)]).toEqual(["+26.25 %", "−0.05 %", "0.00 %"]);
  });
});

describe("what the back says", () => {
  it("is read, or not at all", () => {
    expect(readEvent({ type: "quote", symbol: "A" })).toBeNull();
    expect(readEvent({ type: "bar", symbol: "A", interval: "1m", offset: 1, bar: [1, 2] })).toBeNull();
    expect(readEvent({ type: "something" })).toBeNull();
    expect(readEvent([])).toBeNull();
    expect(readPage({ scale: 2, bars: [[1, 2, 3, 4, 5, 6.5, 0]] })).toBeNull();
    const symbols = [{ symbol: "A", name: { en: "A", ko: "가" }, scale: 2, currency: "KRW", utc_offset_minutes: 540 }];
    expect(readListings({ symbols })?.[0]).toMatchObject({ symbol: "A", utcOffsetMinutes: 540 });
    expect(readListings({ symbols: [{}] })).toBeNull();
  });

  it("is the same over a WebSocket and over Socket.IO", () => {
    const told: unknown[] = [];
    const heard: unknown[] = [];
    const events = { opened: () => {}, received: (event: unknown) => heard.push(event), closed: () => {} };
    let socket: SocketEvents | null = null;
    const plain = webSocketWay("ws://b", (url, on) => {
      socket = on;
      return { send: (text) => told.push(url, JSON.parse(text)), close: () => {} };
    })(events);
    let io: SocketIoEvents | null = null;
    const other = socketIoWay((on) => {
      io = on;
      return { emit: (event, data) => told.push(event, data), close: () => {} };
    })(events);
    for (const line of [plain, other]) line.send({ type: "watch", add: ["A"], remove: [] });
    expect(told).toEqual([
      "ws://b/market",
      { type: "watch", add: ["A"], remove: [] },
      "watch",
      { add: ["A"], remove: [] },
    ]);
    const { type, ...rest } = quote("A", 7);
    (socket as unknown as SocketEvents).received(JSON.stringify({ type, ...rest }));
    (io as unknown as SocketIoEvents).received(type, rest);
    expect(heard[0]).toMatchObject({ type: "quote", quote: { price: 7 } });
    expect(heard[1]).toEqual(heard[0]);
    (socket as unknown as SocketEvents).received("{");
    (io as unknown as SocketIoEvents).received("quote", undefined);
    expect(heard.slice(2)).toEqual([null, null]);
  });
});

describe("bars", () => {
  it("tell a painter what has changed since it last asked", () => {
    const bars = new Bars();
    bars.take(page(range(1, 4)));
    expect([bars.drain(), bars.drain()]).toEqual(["all", []]);
    bars.change(bar(5));
    bars.change(bar(3, 9));
    bars.change(bar(5, 8));
    expect(bars.drain()).toEqual([bar(3, 9), bar(5, 8)]);
    bars.change(bar(4));
    expect([bars.drain(), bars.list.map(({ close }) => close)]).toEqual(["all", [1, 2, 9, 4, 8]]);
  });

  it("keep older ones only where new ones join them", () => {
    const bars = new Bars();
    bars.take(page(range(1, 4), false));
    bars.take(page([bar(3, 7), bar(4)]));
    expect([bars.list.map(({ close }) => close), bars.more]).toEqual([[1, 2, 7, 4], false]);
    bars.take(page([bar(9)]));
    expect([bars.list, bars.more]).toEqual([[bar(9)], true]);
    // And not where there are none any more.
    bars.take(page([bar(9), bar(10)], false));
    expect([bars.list, bars.more]).toEqual([[bar(9), bar(10)], false]);
    bars.take(page([bar(10)], false));
    expect(bars.list).toEqual([bar(10)]);
  });

  it("leave a change of a bar to the page that it's on, if there is one", () => {
    const bars = new Bars();
    bars.take(page(range(5, 7), true));
    bars.change(bar(2));
    expect(bars.list).toEqual(range(5, 7));
    bars.prepend(page([], true));
    expect(bars.more).toBe(false);
    bars.change(bar(4));
    expect(bars.list).toEqual(range(4, 7));
  });

  it("are never more than some, however long a page is open or how far somebody scrolls", () => {
    const bars = new Bars();
    bars.take(page(range(0, BARS_KEPT), true));
    expect(bars.more).toBe(false);
    for (const one of range(BARS_KEPT, BARS_KEPT + BARS_DROPPED)) bars.change(one);
    expect(bars.list).toHaveLength(BARS_KEPT + BARS_DROPPED);
    bars.drain();
    bars.change(bar(BARS_KEPT + BARS_DROPPED));
    expect([bars.list.length, bars.list[0], bars.drain()]).toEqual([BARS_KEPT, bar(BARS_DROPPED + 1), "all"]);
  });
});

describe("rows", () => {
  const times = (rows: Rows) => rows.list.map(({ at, open }) => (open === undefined ? -at : at) / 60_000);

  it("have empty places where there was no trade, and not too many", () => {
    const rows = new Rows(60_000);
    rows.set([bar(1), bar(4), bar(104)]);
    expect(times(rows).slice(0, 4)).toEqual([1, -2, -3, 4]);
    expect(rows.list).toHaveLength(4 + GAP_SHOWN + 1);
    expect(times(rows).slice(-2)).toEqual([-4 - GAP_SHOWN, 104]);
  });

  it("say which of them a change touches, and when it takes all of them", () => {
    const rows = new Rows(60_000);
    rows.set([bar(1), bar(2)]);
    expect(rows.change([bar(1, 9), bar(2, 8), bar(4)])).toEqual([0, 1, 2, 3]);
    expect(times(rows)).toEqual([1, 2, -3, 4]);
    expect(rows.change([bar(3)])).toBeNull();
  });
});

describe("averages", () => {
  const rows = [bar(1, 10), bar(2, 20), { at: 180_000 }, bar(4, 60), bar(5, 0)];

  it("go over bars, and not over empty places", () => {
    expect(averages(rows, 2).map(({ value }) => value)).toEqual([null, 15, null, 40, 30]);
    expect(averages(rows, 3).map(({ value }) => value)).toEqual([null, null, null, 30, 80 / 3]);
  });

  it("are the same from any place on", () => {
    for (let from = 0; from <= rows.length; from += 1) {
      for (const period of [1, 2, 3, 4]) {
        expect(averages(rows, period, from), `${period} from ${from}`).toEqual(averages(rows, period).slice(from));
      }
    }
  });
});

describe("a comparison", () => {
  const subject = { symbol: "OTHER", interval: "1m" } as const;

  it("has the bars there are, as far back as the chart, and then what the quotes say", () => {
    const back = new FakeMarket();
    back.bars.set(
      "OTHER 1m",
      Array.from({ length: 400 }, (_, minute) => written(minute, minute)),
    );
    const comparison = new Comparison(new Desk(back.ask), new VirtualClock(), () => {});
    back.slow = true;
    comparison.show(subject);
    back.answer();
    expect([comparison.closeAt(399 * 60_000), comparison.closeAt(0)]).toEqual([399, null]);
    comparison.reach(200 * 60_000);
    expect(back.asked).toHaveLength(1);
    comparison.reach(0);
    comparison.reach(0);
    back.answer();
    expect(back.asked).toHaveLength(2);
    expect(comparison.closeAt(0)).toBe(0);
    comparison.quote({ price: 7, scale: 2 }, 399 * 60_000);
    comparison.quote({ price: 8, scale: 2 }, 400 * 60_000);
    comparison.quote({ price: 9, scale: 2 }, 399 * 60_000);
    expect([399, 400].map((minute) => comparison.closeAt(minute * 60_000))).toEqual([7, 8]);
    expect([comparison.drain(), comparison.drain()]).toEqual([true, false]);
    // Listed anew, with one more decimal: what it costs is asked for again.
    back.scale = 3;
    comparison.quote({ price: 90, scale: 3 }, 401 * 60_000);
    comparison.quote({ price: 91, scale: 3 }, 401 * 60_000);
    expect(back.asked).toHaveLength(3);
    back.answer();
    comparison.quote({ price: 92, scale: 3 }, 401 * 60_000);
    expect([comparison.scale, comparison.closeAt(400 * 60_000), comparison.closeAt(401 * 60_000)]).toEqual([
      3,
      null,
      92,
    ]);
    comparison.drain();
    comparison.show(null);
    expect([comparison.drain(), comparison.closeAt(0)]).toEqual([true, null]);
  });

  it("asks again when there was no answer, until it's no longer wanted", () => {
    const back = new FakeMarket();
    const clock = new VirtualClock();
    back.down = true;
    back.slow = true;
    const comparison = new Comparison(new Desk(back.ask), clock, () => {});
    comparison.show(subject);
    back.answer();
    clock.advance(AGAIN_MS);
    back.answer();
    expect(back.asked).toHaveLength(2);
    comparison.show(null);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe("the symbols", () => {
  const listing = (symbol: string) => {
    return { symbol, name: { en: symbol, ko: symbol }, scale: 0, currency: "KRW", utc_offset_minutes: 0 };
  };

  it("are the first ones, and those that are wanted besides", () => {
    const asked: unknown[] = [];
    const first = [listing("A")];
    const ask: AskHttp = ({ query }, answered) => {
      asked.push(query);
      const symbols = query?.search === undefined ? first : query.search === "GONE" ? [] : [listing("B")];
      answered({ status: 200, body: { symbols }, etag: null });
      return () => {};
    };
    const book = new Book(new Desk(ask));
    const learned: unknown[] = [];
    book.learn(["A", "B", "GONE"], (first) => learned.push(first?.map(({ symbol }) => symbol)));
    expect(learned).toEqual([["A"]]);
    expect(["A", "B", "GONE"].map((symbol) => book.get(symbol)?.symbol)).toEqual(["A", "B", undefined]);
    expect(asked).toEqual([
      { search: undefined, limit: FIRST_LISTINGS },
      { search: "B", limit: FOUND },
      { search: "GONE", limit: FOUND },
    ]);
    // The server is another one now.
    first.splice(0, 1, listing("C"));
    book.learn([], () => {});
    expect(["A", "B", "C"].map((symbol) => book.get(symbol)?.symbol)).toEqual([undefined, undefined, "C"]);
  });
});

describe("what somebody has chosen", () => {
  const storage = (value: string | null = null) => {
    const kept = { value };
    const setItem = (_: string, text: string) => {
      kept.value = text;
    };
    return { kept, getItem: () => kept.value, setItem };
  };

  it("is in the address, or remembered, or as it is for everybody", () => {
    const place = storage();
    const choice = { ...readChoice("?symbol=abc&interval=1D&via=socketio", place), log: true, watchlist: ["B"] };
    expect(choice).toMatchObject({ symbol: "ABC", interval: "1D", via: "socketio", style: "candles" });
    keepChoice(choice, place);
    expect(readChoice("?interval=5s", place)).toMatchObject({
      symbol: "ABC",
      interval: "5s",
      via: "websocket",
      log: true,
    });
    expect(readChoice("", place).watchlist).toBeNull();
    expect(hrefOf("http://f/market?lang=ko&symbol=X", choice)).toBe("http://f/market?lang=ko&symbol=ABC&interval=1D");
  });

  it("doesn't undo what another tab watches", () => {
    const place = storage();
    const mine = { ...readChoice("", place), watchlist: ["A"] };
    keepWatchlist(["A", "B"], place);
    keepChoice({ ...mine, log: true }, place);
    expect(readChoice("", place)).toMatchObject({ log: true, watchlist: ["A", "B"] });
    keepWatchlist([], place);
    expect([readWatchlist(place), readChoice("", place).log]).toEqual([[], true]);
    place.setItem("", "{}");
    expect(readWatchlist(place)).toBeNull();
    expect(["madang.market", null, "madang.name"].map((key) => isOfChoice({ key }))).toEqual([true, true, false]);
  });

  it("is read with care, and lasts only as long as the page where nothing can be stored", () => {
    for (const text of ["{", "7", '{"symbol":"a b","interval":"2m","watchlist":[1,"OK"]}']) {
      const { symbol, interval } = readChoice("?symbol=%3Cb%3E&interval=9m", storage(text));
      expect([symbol, interval]).toEqual([null, "1m"]);
    }
    const full = {
      getItem: () => null,
      setItem: () => {
        throw new Error("full");
      },
    };
    expect(() => keepChoice(readChoice("", full), full)).not.toThrow();
  });
});

describe("a painter", () => {
  it("paints once a frame, however often it's asked", () => {
    const frames: (() => void)[] = [];
    let painted = 0;
    const painter = new Painter(
      (run) => {
        frames.push(run);
        return () => void frames.pop();
      },
      () => {
        painted += 1;
      },
    );
    for (let times = 0; times < 50; times += 1) painter.ask();
    expect(frames).toHaveLength(1);
    frames.shift()?.();
    expect(painted).toBe(1);
    painter.ask();
    painter.stop();
    expect([frames.length, painted]).toEqual([0, 1]);
  });
});

describe("a small picture", () => {
  it("has the last minutes, a point for each few seconds", () => {
    const spark = new Spark();
    const { quote: late } = readEvent(quote("A", 7, { at: 12_000 })) as { quote: Quote };
    spark.quote(late);
    const bars = Array.from({ length: SPARK_POINTS }, (_, place) => {
      return { ...bar(0, place), at: (place - SPARK_POINTS) * 5000 };
    });
    spark.take({ bars, scale: 2 });
    spark.quote({ ...late, at: 14_999, price: 8 });
    spark.quote({ ...late, at: 1, price: 1 });
    expect(spark.points).toHaveLength(SPARK_POINTS);
    expect(spark.points.slice(-2).map(({ price }) => price)).toEqual([59, 8]);
    // Listed anew, with one more decimal.
    spark.quote({ ...late, at: 15_000, price: 90, scale: 3 });
    expect(spark.points.slice(-3).map(({ price }) => price)).toEqual([590, 80, 90]);
  });

  it("is drawn within its frame, also while nothing moves", () => {
    const spark = new Spark();
    const bars = [0, 1, 2].map((place) => ({ ...bar(0, place === 1 ? 30 : 10), at: place * 5000 }));
    spark.take({ bars, scale: 0 });
    expect(spark.line(100, 20, 2)).toBe("2.0,18.0 50.0,2.0 98.0,18.0");
    const flat = new Spark();
    flat.take({ bars: [{ ...bar(0, 5), at: 0 }], scale: 0 });
    expect(flat.line(100, 20, 2)).toBe("2.0,10.0");
  });
});
