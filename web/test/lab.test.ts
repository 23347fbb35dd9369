import { describe, expect, it } from "vitest";
import { textsOf } from "../src/i18n/texts";
import { ClockSync } from "../src/lab/clock-sync";
import { behind, cost } from "../src/lab/cost";
import { Latencies, percentiles } from "../src/lab/latencies";
import { LATE_MS, Meter, type Reading } from "../src/lab/meter";
import { report } from "../src/lab/report";
import type { Counted, Figures, LaneFigures } from "../src/lab/run";
import { Sequence } from "../src/lab/sequence";
import { perLane, Series } from "../src/lab/series";
import { Units } from "../src/view/lab/units";

const counted = (more: Partial<Counted> = {}): Counted => ({
  connections: 1,
  open: 1,
  refused: 0,
  requests: 0,
  bytes_up: 0,
  bytes_down: 0,
  ...more,
});
const onLine = (line: Partial<Counted>, simulatedEvents = 0): LaneFigures => ({
  port: 1,
  line: counted(line),
  simulated: { clients: 0, connected: 0, events: simulatedEvents, late: 0, missed: 0, latency: null },
});

describe("the sequence of a lane", () => {
  it("takes the first offset as it is, and wants each that follows", () => {
    const sequence = new Sequence();
    expect([5, 6, 9].map((offset) => sequence.hear(offset))).toEqual([
      { kind: "new", missing: 0 },
      { kind: "new", missing: 0 },
      { kind: "new", missing: 2 },
    ]);
    expect(sequence.hear(8)).toEqual({ kind: "out-of-order" });
    expect(sequence.hear(8)).toEqual({ kind: "duplicate" });
    expect(sequence.hear(9)).toEqual({ kind: "duplicate" });
    expect(sequence.newest).toBe(9);
  });

  it("counts what lies before a new beginning as lost", () => {
    const sequence = new Sequence();
    expect(sequence.begin(10)).toBe(0);
    expect(sequence.hear(11)).toEqual({ kind: "new", missing: 0 });
    expect(sequence.begin(20)).toBe(9);
    expect(sequence.hear(21)).toEqual({ kind: "new", missing: 0 });
  });

  it("remembers only so many that are missing", () => {
    const sequence = new Sequence();
    sequence.begin(0);
    sequence.hear(Sequence.REMEMBERED + 2);
    expect(sequence.hear(1)).toEqual({ kind: "duplicate" });
    expect(sequence.hear(2)).toEqual({ kind: "out-of-order" });
    // Another gap, and the oldest is forgotten.
    sequence.hear(Sequence.REMEMBERED + 5);
    expect(sequence.hear(3)).toEqual({ kind: "duplicate" });
    expect(sequence.hear(4)).toEqual({ kind: "out-of-order" });
  });
});

describe("percentiles", () => {
  it("are values that were measured", () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(percentiles(hundred)).toEqual({ p50: 50, p95: 95, p99: 99 });
    expect(percentiles([7])).toEqual({ p50: 7, p95: 7, p99: 7 });
    expect(percentiles([])).toBeNull();
  });

  it("are those of the newest", () => {
    const latencies = new Latencies();
    for (let count = 0; count < Latencies.KEPT; count += 1) latencies.add(1);
    expect(latencies.percentiles()?.p99).toBe(1);
    for (let count = 0; count < Latencies.KEPT; count += 1) latencies.add(2);
    expect(latencies.percentiles()).toEqual({ p50: 2, p95: 2, p99: 2 });
  });
});

describe("the clock", () => {
  it("believes the shortest round trip, and tells how wrong it may be", () => {
    const sync = new ClockSync();
    expect([sync.ahead, sync.uncertainty]).toEqual([null, null]);
    // The server is 1000 ahead; the answer was held up on its way back.
    sync.add(0, 1005, 100);
    expect([sync.ahead, sync.uncertainty]).toEqual([955, 50]);
    sync.add(200, 1202, 204);
    expect([sync.ahead, sync.uncertainty]).toEqual([1000, 2]);
    sync.add(300, 1310, 340);
    expect(sync.ahead).toBe(1000);
  });

  it("forgets round trips that are long ago", () => {
    const sync = new ClockSync();
    sync.add(0, 1000, 0);
    for (let trip = 1; trip <= ClockSync.KEPT; trip += 1) sync.add(trip * 1000, trip * 1000 + 2005, trip * 1000 + 10);
    expect([sync.ahead, sync.uncertainty]).toEqual([2000, 5]);
  });
});

describe("the meter of a lane", () => {
  const said = (offset: number, sentMs: number) => ({
    offset,
    text: JSON.stringify({ n: 1, sent_us: sentMs * 1000, pad: "" }),
  });

  it("counts each event once, and what is late, missed, doubled and reordered", () => {
    let now = 10_000;
    const meter = new Meter(() => now);
    meter.position({ offset: 0 });
    meter.heard(said(1, 9_990));
    meter.heard(said(1, 9_990));
    meter.heard(said(4, now - LATE_MS - 1));
    meter.heard(said(3, now - LATE_MS));
    meter.position({ offset: 10 });
    meter.noNews();
    now += 1;
    const reading = meter.read();
    expect(reading).toMatchObject({
      events: 3,
      late: 1,
      missed: 1 + 6,
      duplicates: 1,
      outOfOrder: 1,
      noNews: 1,
      newest: 10,
    });
    expect(reading.latency?.p50).toBe(1000);
  });

  it("gives the delay of a step from the events of that step alone", () => {
    const meter = new Meter(() => 1000);
    meter.heard(said(1, 900));
    expect(meter.step()).toBe(100);
    expect(meter.step()).toBeNull();
    meter.heard(said(2, 995));
    expect(meter.step()).toBe(5);
  });

  it("has no delay where there is no time, and none below zero", () => {
    const blind = new Meter(() => null);
    blind.heard(said(1, 900));
    expect(blind.read()).toMatchObject({ events: 1, latency: null });
    const meter = new Meter(() => 1000);
    meter.heard({ offset: 1, text: "hello" });
    expect(meter.read()).toMatchObject({ events: 1, latency: null });
    meter.heard(said(2, 1001));
    expect(meter.read().latency?.p50).toBe(0);
  });
});

describe("the figures", () => {
  const reading = (events: number, newest: number | null = events): Reading => ({
    ...new Meter(() => 0).read(),
    events,
    newest,
  });

  it("share the cost among all who heard", () => {
    expect(cost(onLine({ requests: 12, bytes_up: 100, bytes_down: 500 }, 2), reading(4))).toEqual({
      requests: 2,
      bytes: 100,
    });
    expect(cost(onLine({ requests: 3 }), reading(0))).toBeNull();
  });

  it("tell what is yet to come", () => {
    expect(behind(10, reading(4, 7))).toBe(3);
    expect(behind(10, reading(0, null))).toBe(0);
    expect(behind(10, reading(4, 11))).toBe(0);
  });

  it("are differences a second, and bounded", () => {
    const series = new Series();
    const delays = perLane(() => 5);
    series.add(
      1,
      perLane(() => counted({ requests: 10, bytes_up: 100, bytes_down: 100 })),
      delays,
    );
    expect(series.steps).toEqual([]);
    series.add(
      3,
      perLane(() => counted({ requests: 14, bytes_up: 200, bytes_down: 500 })),
      delays,
    );
    expect(series.steps).toHaveLength(1);
    expect(series.steps[0]?.lanes.sse).toEqual({ delay: 5, requests: 2, bytes: 250 });
    for (let at = 4; at < 4 + 2 * Series.KEPT; at += 1)
      series.add(
        at,
        perLane(() => counted()),
        delays,
      );
    expect(series.steps).toHaveLength(Series.KEPT);
    expect(series.steps.at(-1)?.at).toBe(3 + 2 * Series.KEPT);
  });

  it("are all in the report", () => {
    const figures = {
      run: "r",
      room: "lab-r",
      now_us: 1,
      age_ms: 1000,
      published: 3,
      plan: { rate: 1 },
      lanes: perLane(() => onLine({ requests: 4, bytes_down: 40 })),
    } as unknown as Figures;
    const json = report(
      new Date(0),
      figures,
      perLane(() => reading(2)),
      [],
      { ahead_ms: 1, uncertainty_ms: 2 },
    );
    const read = JSON.parse(json);
    expect(read).toMatchObject({ at: "1970-01-01T00:00:00.000Z", run: "r", published: 3, plan: { rate: 1 } });
    expect(Object.keys(read.lanes)).toEqual(["polling", "long-polling", "sse", "websocket", "socketio"]);
    expect(read.lanes.sse.per_event).toEqual({ requests: 2, bytes: 20 });
    expect(read.lanes.sse.page.events).toBe(2);
  });
});

describe("numbers", () => {
  const units = new Units("en", textsOf("en"));

  it("have the unit in which they are short, on the same line", () => {
    expect([0, 999, 1000, 12_345, 123_456, 9_999_999].map((value) => units.bytes(value))).toEqual([
      "0\u00a0B",
      "999\u00a0B",
      "1\u00a0kB",
      "12.3\u00a0kB",
      "123\u00a0kB",
      "10\u00a0MB",
    ]);
    expect([0.24, 9.96, 12.3, 999, 1000, 12_345].map((value) => units.milliseconds(value))).toEqual([
      "0.2\u00a0ms",
      "10\u00a0ms",
      "12\u00a0ms",
      "999\u00a0ms",
      "1\u00a0s",
      "12\u00a0s",
    ]);
  });

  it("have the digits that count", () => {
    expect([0.012, 2.345, 23.45, 234.5].map((value) => units.share(value))).toEqual(["0.01", "2.35", "23.5", "235"]);
    expect([units.percent(0.05), units.count(12_345), units.perSecond(0.5)]).toEqual(["5%", "12,345", "0.5 a second"]);
    expect(new Units("ko", textsOf("ko")).perSecond(20)).toBe("초당 20개");
  });
});
