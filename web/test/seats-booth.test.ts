import { beforeEach, describe, expect, it, vi } from "vitest";
import { Booth, type News } from "../src/seats/booth";
import { Commands } from "../src/seats/commands";
import { Hall } from "../src/seats/hall";
import { Mine } from "../src/seats/mine";
import type { Change, Hold, Waiting } from "../src/seats/protocol";
import { asking, FakeBack, hold, NOW, seats, settle, told, waiting } from "./seats-samples";
import { VirtualClock } from "./virtual-clock";

const HOLDS = "/api/seats/events/concert/holds";

let back: FakeBack;
let clock: VirtualClock;
let hall: Hall;
let mine: Mine;
let booth: Booth;
let news: News[];

beforeEach(() => {
  back = new FakeBack();
  clock = new VirtualClock();
  hall = new Hall();
  mine = new Mine();
  news = [];
  const { time, commands } = asking(back, clock);
  const events = { changed: () => {}, told: (one: News) => void news.push(one) };
  booth = new Booth({ event: "concert", hall, mine, commands, time, clock, sender: () => "me", events });
  hall.take(seats());
});

/** The room tells of changes. */
function changes(...places: Change[]): void {
  const added = hall.add(told((hall.position?.offset ?? 0) + 1, ...places));
  if (typeof added === "string") throw new Error(added);
  booth.changed(added);
}

const by = (place: string, holder: string): Change => ({ place, state: "held", holder, until: NOW + 120_000 });
const toldKinds = () =>
  news.map((one) => (one.kind === "hold" ? one.state : one.kind === "notice" ? one.notice.kind : one.kind));

/** Answers the question for what one has. */
async function has(holds: Hold[], waits: Waiting[] = []): Promise<void> {
  await back.answer("/api/seats/holds", 200, { holds, now: clock.now() });
  await back.answer("/api/seats/waiting", 200, { waiting: waits });
}

async function holding(places: string[]): Promise<void> {
  for (const place of places) booth.toggle(place);
  void booth.holdChoice();
  await back.answer(HOLDS, 201, hold("h", places));
}

describe("a choice", () => {
  it("is what was pressed, until it's pressed again", () => {
    expect([booth.toggle("A-1"), booth.toggle("A-2"), booth.toggle("A-1")]).toEqual([true, true, true]);
    expect([booth.choice, booth.look("A-1"), booth.look("A-2")]).toEqual([["A-2"], "free", "chosen"]);
  });

  it("has only what can be had, and no more than one may hold", () => {
    changes(by("A-1", "other"));
    expect([booth.toggle("A-1"), booth.look("A-1"), booth.notice]).toEqual([false, "held", null]);
    for (const place of ["B-1", "B-2", "B-3", "B-4"]) expect(booth.toggle(place)).toBe(true);
    expect([booth.left, booth.toggle("B-5"), booth.notice]).toEqual([0, false, { kind: "limit", limit: 4 }]);
    expect(booth.toggle("B-4")).toBe(true);
    expect(booth.notice).toBeNull();
    booth.choose(["A-1", "C-1", "C-2"]);
    expect(booth.choice).toEqual(["C-1", "C-2"]);
  });

  it("counts what one holds already", async () => {
    await holding(["A-1", "A-2", "A-3"]);
    expect([booth.left, booth.toggle("B-1"), booth.toggle("B-2")]).toEqual([1, true, false]);
  });

  it("loses what others take, and says what to do", () => {
    for (const place of ["A-1", "A-2", "A-3"]) booth.toggle(place);
    changes(by("A-1", "other"), by("C-1", "other"));
    expect(booth.notice).toEqual({ kind: "taken", places: ["A-1"], rest: ["A-2", "A-3"], instead: ["B-1"] });
    changes({ place: "A-3", state: "sold" });
    expect(booth.notice).toMatchObject({ places: ["A-1", "A-3"], rest: ["A-2"], instead: ["B-1", "B-2"] });
    expect([booth.choice, toldKinds()]).toEqual([["A-2"], ["taken", "taken"]]);
    booth.choose(["A-2", "B-1", "B-2"]);
    expect([booth.choice.length, booth.notice]).toEqual([3, null]);
  });

  it("gives what another tab of one's own took to that", () => {
    booth.toggle("A-1");
    changes(by("A-1", "me"));
    expect([booth.choice, booth.notice, booth.look("A-1")]).toEqual([[], null, "mine"]);
  });
});

describe("a hold", () => {
  it("turns the choice into one's own, before the room has told of it", async () => {
    await holding(["A-1", "A-2"]);
    expect([booth.choice, booth.look("A-1"), toldKinds()]).toEqual([[], "mine", ["held"]]);
    expect(booth.open.map(({ hold }) => hold)).toEqual(["h"]);
    changes(by("A-1", "me"), by("A-2", "me"));
    expect(booth.look("A-2")).toBe("mine");
  });

  it("is asked for once, however often it's pressed", async () => {
    booth.toggle("A-1");
    void booth.holdChoice();
    void booth.holdChoice();
    await settle();
    expect([back.asked.length, booth.isBusy("hold"), booth.toggle("A-2")]).toEqual([1, true, false]);
    // The room is faster than the answer: that isn't somebody else.
    changes(by("A-1", "me"));
    expect([booth.choice, booth.notice]).toEqual([["A-1"], null]);
    await back.answer(HOLDS, 201, hold("h", ["A-1"]));
    expect([booth.choice, booth.isBusy("hold"), toldKinds()]).toEqual([[], false, ["held"]]);
  });

  it("that others were faster with leaves the rest, and offers what is near", async () => {
    for (const place of ["A-1", "A-2", "A-3"]) booth.toggle(place);
    void booth.holdChoice();
    await settle();
    changes(by("A-2", "other"));
    expect(booth.notice).toBeNull();
    await back.answer(HOLDS, 409, { code: "seats_taken", places: ["A-2"] });
    expect(booth.notice).toEqual({ kind: "taken", places: ["A-2"], rest: ["A-1", "A-3"], instead: ["B-2"] });
    expect(booth.choice).toEqual(["A-1", "A-3"]);
  });

  it("that can't be says why", async () => {
    const notices = [];
    for (const body of [
      { code: "others_wait", places: ["A-1"] },
      { code: "hold_limit", limit: 6 },
      { code: "table_unavailable" },
    ]) {
      booth.choose(["A-1"]);
      void booth.holdChoice();
      await settle();
      await back.answer(HOLDS, 409, body);
      notices.push(booth.notice);
    }
    expect(notices).toEqual([
      { kind: "promised", places: ["A-1"] },
      { kind: "limit", limit: 6 },
      { kind: "problem", code: "table_unavailable" },
    ]);
  });

  it("isn't said to be unanswered any more once the server answers, while another refusal stays", async () => {
    void booth.wait("R", 2);
    await settle();
    await back.answer("/api/seats/events/concert/waiting", 409, { code: "waiting_full" });
    booth.reached();
    expect(booth.notice).toEqual({ kind: "problem", code: "waiting_full" });
    const silence = { ok: false as const, code: "unreachable", places: [], limit: null };
    vi.spyOn(Commands.prototype, "wait").mockResolvedValueOnce(silence);
    await booth.wait("R", 2);
    expect(booth.notice).toEqual({ kind: "problem", code: "unreachable" });
    booth.reached();
    expect(booth.notice).toBeNull();
  });

  it("is extended, released, confirmed", async () => {
    await holding(["A-1"]);
    const one = hold("h", ["A-1"]);
    void booth.extend(one);
    await settle();
    expect(booth.isBusy("h")).toBe(true);
    await back.answer("/api/seats/holds/h/extend", 200, { ...one, extended: true });
    void booth.extend(one);
    await back.answer("/api/seats/holds/h/extend", 409, { code: "already_extended" });
    expect(booth.notice).toEqual({ kind: "problem", code: "already_extended" });
    await has([{ ...one, extended: true }]);
    void booth.confirm(one);
    await back.answer("/api/seats/holds/h/confirm", 200, { ...one, extended: true, state: "sold" });
    expect([booth.look("A-1"), booth.open, booth.notice]).toEqual(["booked", [], null]);
    await holding(["A-2"]);
    void booth.release(hold("h", ["A-2"]));
    await back.answer("/api/seats/holds/h/release", 200, hold("h", ["A-2"], { state: "released" }));
    expect([booth.look("A-2"), booth.open]).toEqual(["free", []]);
  });

  it("is over by the server's clock, with or without a word", async () => {
    await holding(["A-1"]);
    changes(by("A-1", "me"));
    clock.advance(119_999);
    expect(booth.tick()).toEqual([]);
    clock.advance(1);
    expect(booth.tick().map(({ place }) => place)).toEqual(["A-1"]);
    expect([booth.open, booth.notice?.kind]).toEqual([[], "expired"]);
    expect(booth.tick()).toEqual([]);
    // The server says the same a little later, which is no news.
    clock.advance(Booth.GATHER_MS);
    await has([hold("h", ["A-1"], { state: "expired" })]);
    expect(toldKinds()).toEqual(["held", "expired", "expired"]);
    clock.advance(Hall.GRACE_MS);
    expect(booth.tick()).toEqual([{ place: "A-1", state: "free" }]);
  });

  it("that was over when it was confirmed says so", async () => {
    await holding(["A-1"]);
    void booth.confirm(hold("h", ["A-1"]));
    await back.answer("/api/seats/holds/h/confirm", 410, { code: "hold_expired" });
    expect([booth.notice?.kind, booth.open]).toEqual(["expired", []]);
  });
});

describe("a payment", () => {
  it("makes a booking of a hold", async () => {
    await holding(["A-1"]);
    const one = hold("h", ["A-1"]);
    expect([booth.costs(one), booth.costs({ ...one, amount: 0 })]).toEqual([true, false]);
    const checkout = booth.checkout(one);
    await back.answer("/api/seats/holds/h/checkout", 200, {
      payment: "p",
      amount: 2000,
      currency: "KRW",
      state: "open",
    });
    const payment = await checkout;
    if (payment === null) throw new Error("no payment");
    void booth.pay(one, payment, "failed");
    await back.answer("/api/seats/demo-payments/p", 200, { state: "failed", duplicate: false });
    expect(booth.notice).toEqual({ kind: "payment_failed" });
    await has([one]);
    void booth.pay(one, payment, "succeeded");
    await back.answer("/api/seats/demo-payments/p", 200, { state: "sold", duplicate: false });
    await has([{ ...one, state: "sold" }]);
    expect([booth.notice, booth.look("A-1"), toldKinds()]).toEqual([
      null,
      "booked",
      ["held", "payment_failed", "sold"],
    ]);
  });

  it("that comes too late is to be given back", async () => {
    await holding(["A-1"]);
    const one = hold("h", ["A-1"]);
    void booth.refresh();
    await has([one]);
    void booth.pay(one, { payment: "p", amount: 2000, currency: "KRW", state: "open" }, "succeeded");
    await back.answer("/api/seats/demo-payments/p", 200, { state: "refund_due", duplicate: false });
    await has([{ ...one, state: "refund_due" }]);
    expect(booth.notice).toEqual({ kind: "refund_due", hold: { ...one, state: "refund_due" } });
  });
});

describe("the waiting list", () => {
  it("says one's place, which is asked for as long as it matters", async () => {
    void booth.wait("R", 2);
    await back.answer("/api/seats/events/concert/waiting", 201, waiting("w"));
    expect(news).toEqual([{ kind: "waiting", waiting: waiting("w") }]);
    clock.advance(Booth.GATHER_MS);
    await has([], [waiting("w")]);
    clock.advance(Booth.WAITING_MS);
    await has([], [waiting("w", { place: 3 })]);
    expect(mine.waits("concert")[0]?.place).toBe(3);
    // What others do is asked about after a while, what is one's own at once.
    changes({ place: "C-1", state: "free" });
    clock.advance(Booth.LINE_MS - 1);
    await settle();
    expect(back.asked).toEqual([]);
    changes(by("C-1", "me"));
    clock.advance(1);
    await has([], [waiting("w", { place: 1 })]);
    changes(by("C-2", "other"));
    changes(by("C-1", "me"));
    clock.advance(Booth.GATHER_MS);
    const offer = hold("o", ["C-1"], { state: "offered", expires_at: NOW + 60_000 });
    await has([offer], [waiting("w", { state: "offered", hold: "o", place: 1 })]);
    expect([booth.look("C-1"), toldKinds()]).toEqual(["mine", ["waiting", "offered"]]);
    void booth.leave(waiting("w"));
    await back.answer("/api/seats/waiting/w/leave", 200, waiting("w", { state: "left" }));
    clock.advance(Booth.GATHER_MS);
    await has([{ ...offer, state: "released" }], []);
    clock.advance(10 * Booth.WAITING_MS);
    expect(back.asked).toEqual([]);
  });

  it("that can't be joined says why", async () => {
    void booth.wait("R", 2);
    await back.answer("/api/seats/events/concert/waiting", 409, { code: "already_waiting" });
    expect(booth.notice).toEqual({ kind: "problem", code: "already_waiting" });
  });
});

describe("what one has", () => {
  it("is no news when the page is opened", async () => {
    void booth.refresh();
    await has([hold("h", ["A-1"])]);
    expect([news, booth.look("A-1")]).toEqual([[], "mine"]);
  });

  it("isn't taken from an answer that is older than a deed", async () => {
    void booth.refresh();
    await settle();
    await holding(["A-1"]);
    await has([]);
    expect(booth.open).toHaveLength(1);
    clock.advance(Booth.GATHER_MS);
    await has([hold("h", ["A-1"])]);
    expect(booth.open).toHaveLength(1);
  });

  it("is asked for when the room tells of it, once for many changes", async () => {
    changes(by("A-1", "me"));
    changes(by("A-2", "me"));
    changes(by("B-1", "other"));
    clock.advance(Booth.GATHER_MS);
    await settle();
    expect(back.asked.filter(({ ask }) => ask.path === "/api/seats/holds")).toHaveLength(1);
  });
});
