import { beforeEach, describe, expect, it } from "vitest";
import { Commands } from "../src/seats/commands";
import { Person } from "../src/seats/person";
import { ServerTime } from "../src/seats/server-time";
import { FakeBack, hold, settle, waiting } from "./seats-samples";
import { VirtualClock } from "./virtual-clock";

const HOLDS = "/api/seats/events/concert/holds";

let back: FakeBack;
let clock: VirtualClock;
let time: ServerTime;
let kept: Map<string, string>;
let commands: Commands;
let person: Person;

const storage = {
  getItem: (key: string) => kept.get(key) ?? null,
  setItem: (key: string, value: string) => void kept.set(key, value),
  removeItem: (key: string) => void kept.delete(key),
};

beforeEach(() => {
  back = new FakeBack();
  clock = new VirtualClock();
  time = new ServerTime(clock);
  kept = new Map([["madang.seats.identity", JSON.stringify({ session: "secret", sender: "me" })]]);
  person = new Person(storage, back.http);
  let keys = 0;
  const newKey = () => `key-${++keys}`;
  commands = new Commands({ http: back.http, person, time, clock, newKey, random: () => 0.5 });
});

describe("somebody", () => {
  it("is kept for all tabs, and asked for once", async () => {
    kept.clear();
    expect(person.known).toBeNull();
    const both = Promise.all([person.enter(), person.enter()]);
    await back.answer("/api/sessions", 201, { session: "s", sender: "p", now: 1 });
    expect(await both).toEqual([
      { session: "s", sender: "p" },
      { session: "s", sender: "p" },
    ]);
    expect([back.asked.length, new Person(storage, back.http).known]).toEqual([0, { session: "s", sender: "p" }]);
    person.forget();
    expect([person.known, kept.size]).toEqual([null, 0]);
  });

  it("is whoever another tab made first", async () => {
    kept.clear();
    const entered = person.enter();
    kept.set("madang.seats.identity", JSON.stringify({ session: "first", sender: "f" }));
    await back.answer("/api/sessions", 201, { session: "second", sender: "s" });
    expect(await entered).toEqual({ session: "first", sender: "f" });
  });

  it("is remembered by the page where nothing can be stored", async () => {
    const forbid = () => {
      throw new Error("forbidden");
    };
    const forgetful = new Person({ getItem: forbid, setItem: forbid, removeItem: forbid }, back.http);
    void forgetful.enter();
    await back.answer("/api/sessions", 201, { session: "s", sender: "p" });
    expect(forgetful.known).toEqual({ session: "s", sender: "p" });
    forgetful.forget();
    expect(forgetful.known).toBeNull();
  });
});

describe("a command", () => {
  it("says who asks and has a key, and teaches the time", async () => {
    const outcome = commands.hold("concert", { places: ["A-1"] });
    await settle();
    clock.advance(100);
    const now = clock.now() + 5000 - 50;
    const ask = await back.answer(HOLDS, 201, { ...hold("h", ["A-1"]), now });
    expect(ask).toMatchObject({
      method: "POST",
      body: { places: ["A-1"] },
      headers: { Authorization: "Bearer secret", "Idempotency-Key": "key-1" },
    });
    expect(await outcome).toMatchObject({ ok: true, value: { hold: "h" } });
    expect(time.now() - clock.now()).toBe(5000);
  });

  it("is repeated with its key until it's answered", async () => {
    const outcome = commands.hold("concert", { places: ["A-1"] });
    await settle();
    const keys = [];
    for (const status of [null, 503, 429]) {
      const ask = await back.answer(
        HOLDS,
        status,
        status === 429 ? { code: "rate_limited", retry_after_ms: 5000 } : {},
      );
      keys.push(ask.headers?.["Idempotency-Key"]);
      if (status === 429) clock.advance(5000);
      await settle();
      expect(back.asked).toHaveLength(0);
      clock.advance(2000);
      await settle();
    }
    keys.push((await back.answer(HOLDS, 201, hold("h", ["A-1"]))).headers?.["Idempotency-Key"]);
    expect([await outcome, keys]).toEqual([
      { ok: true, value: hold("h", ["A-1"]) },
      ["key-1", "key-1", "key-1", "key-1"],
    ]);
  });

  it("keeps its key when it's given up, and a new one is for a new command", async () => {
    const first = commands.hold("concert", { places: ["A-1"] });
    for (;;) {
      await settle();
      if (back.asked.length === 0) break;
      await back.answer(HOLDS, null);
      clock.advance(15_000);
    }
    expect(await first).toMatchObject({ ok: false, code: "unreachable" });
    void commands.hold("concert", { places: ["A-1"] });
    await settle();
    expect((await back.answer(HOLDS, 201, hold("h", ["A-1"]))).headers?.["Idempotency-Key"]).toBe("key-1");
    void commands.hold("concert", { places: ["A-1"] });
    void commands.hold("concert", { places: ["A-2"] });
    await settle();
    const keys = [];
    for (let n = 0; n < 2; n += 1) keys.push((await back.answer(HOLDS, 409)).headers?.["Idempotency-Key"]);
    expect(keys).toEqual(["key-2", "key-3"]);
  });

  it("that is refused says why", async () => {
    const outcomes = [];
    for (const [status, body] of [
      [409, { code: "seats_taken", message: "x", places: ["A-1", 7] }],
      [409, { code: "hold_limit", message: "x", limit: 6 }],
      [404, "what?"],
      [201, { hold: 7 }],
    ] as const) {
      const outcome = commands.hold("concert", { places: ["A-1"] });
      await settle();
      await back.answer(HOLDS, status, body);
      outcomes.push(await outcome);
    }
    expect(outcomes).toEqual([
      { ok: false, code: "seats_taken", places: ["A-1"], limit: null },
      { ok: false, code: "hold_limit", places: [], limit: 6 },
      { ok: false, code: "unreadable", places: [], limit: null },
      { ok: false, code: "unreadable", places: [], limit: null },
    ]);
  });

  it("of somebody whom the server doesn't know makes somebody else of them", async () => {
    const refused = commands.extend("h");
    await settle();
    await back.answer("/api/seats/holds/h/extend", 401, { code: "session_needed" });
    expect(await refused).toMatchObject({ code: "session_needed" });
    void commands.hold("concert", { places: ["A-1"] });
    await back.answer("/api/sessions", 201, { session: "new", sender: "n" });
    expect((await back.answer(HOLDS, 201)).headers?.Authorization).toBe("Bearer new");
  });

  it("goes where it belongs", async () => {
    void commands.release("h/1");
    void commands.confirm("h");
    void commands.checkout("h");
    void commands.pay("p", "failed");
    void commands.wait("concert", "R", 2);
    void commands.leave("w");
    void commands.hold("table", { slot: "2026-12-01T18:00", party: 4 });
    await settle();
    expect(back.asked.map(({ ask }) => [ask.path, ask.body])).toEqual([
      ["/api/seats/holds/h%2F1/release", {}],
      ["/api/seats/holds/h/confirm", {}],
      ["/api/seats/holds/h/checkout", {}],
      ["/api/seats/demo-payments/p", { status: "failed" }],
      ["/api/seats/events/concert/waiting", { section: "R", count: 2 }],
      ["/api/seats/waiting/w/leave", {}],
      ["/api/seats/events/table/holds", { slot: "2026-12-01T18:00", party: 4 }],
    ]);
  });
});

describe("what one has", () => {
  it("is asked for, and nobody has nothing", async () => {
    const holds = commands.holds();
    await back.answer("/api/seats/holds", 200, { holds: [hold("h", [])], now: 1 });
    expect(await holds).toHaveLength(1);
    const waits = commands.waiting();
    await back.answer("/api/seats/waiting", 200, { waiting: [waiting("w")] });
    expect(await waits).toHaveLength(1);
    const silent = commands.holds();
    await back.answer("/api/seats/holds", 503);
    expect(await silent).toBeNull();
    kept.clear();
    expect([await commands.holds(), back.asked.length]).toEqual([[], 0]);
  });
});
