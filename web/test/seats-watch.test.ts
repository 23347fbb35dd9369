import { describe, expect, it } from "vitest";
import type { Via } from "../src/chat/choice";
import type { AskHttp } from "../src/net/http";
import { Hall } from "../src/seats/hall";
import type { Change } from "../src/seats/protocol";
import { ServerTime } from "../src/seats/server-time";
import { Watch } from "../src/seats/watch";
import { FakeRoom } from "./fake-room";
import { abilities, WAYS } from "./person";
import { seats } from "./seats-samples";
import { VirtualClock } from "./virtual-clock";

/** An event and its room: what changes is stored, and told unless `secretly`. */
class FakeEvent {
  readonly clock = new VirtualClock();
  readonly room = new FakeRoom(this.clock);
  readonly #changed = new Map<string, Change>();
  snapshots = 0;
  closed = false;
  /** The days that were asked for. */
  readonly dates: unknown[] = [];
  /** What a question for a snapshot is answered with instead. */
  status = 200;

  readonly http: AskHttp = (ask, answered) => {
    if (!ask.path.startsWith("/api/seats/")) return this.room.http(ask, answered);
    let over = false;
    this.dates.push(ask.query?.date);
    this.clock.after(5, () => {
      if (over) return;
      if (!this.room.reachable) return answered(null);
      this.snapshots += 1;
      const body = this.status === 200 ? this.snapshot() : { code: "x", retry_after_ms: 3000 };
      this.clock.after(5, () => over || answered({ status: this.status, body, etag: null }));
    });
    return () => {
      over = true;
    };
  };

  snapshot() {
    return seats([...this.#changed.values()], {
      position: this.room.position,
      now: this.clock.now(),
      closed: this.closed,
    });
  }

  change(place: string, state: Change["state"], secretly = false): void {
    this.#changed.set(place, { place, state });
    const text = JSON.stringify({ places: [{ place, state }], free: {} });
    if (secretly) this.room.storeOnly("server", text);
    else this.room.say("server", text);
  }
}

function watch(via: Via, event = new FakeEvent()) {
  const hall = new Hall();
  const states: string[] = [];
  const changes: string[] = [];
  const { clock, room, http } = event;
  const watch = new Watch({
    event: "concert",
    way: room.ways[via],
    http,
    name: "guest",
    hall,
    time: new ServerTime(clock),
    clock,
    random: () => 0.5,
    events: {
      changed: (list, whole) => void (whole || changes.push(...list.map(({ place, state }) => `${place} ${state}`))),
      became: (state) => void states.push(state),
    },
  });
  watch.start();
  const shown = () =>
    [...seats().sections.flatMap(({ seats }) => seats)].flatMap(({ place }) =>
      hall.isFree(place) ? [] : [`${place} ${hall.of(place).state}`],
    );
  return { watch, event, hall, states, changes, shown, clock, room };
}

/** Long enough for a poll. */
const A_WHILE = 6000;

describe.each(WAYS)("an event by %s", (via) => {
  it("is a snapshot and what follows it", () => {
    const event = new FakeEvent();
    event.change("A-1", "sold", true);
    const { clock, shown, states, watch: one } = watch(via, event);
    clock.advance(A_WHILE);
    expect([shown(), states]).toEqual([["A-1 sold"], ["connecting", "live"]]);
    event.change("A-2", "held");
    event.change("A-2", "free");
    event.change("B-1", "held");
    clock.advance(A_WHILE);
    expect([shown(), event.snapshots]).toEqual([["A-1 sold", "B-1 held"], 1]);
    one.stop();
    clock.advance(A_WHILE);
    expect([clock.pendingTimers, states.at(-1)]).toEqual([0, "stopped"]);
  });

  it("goes on after a break from where it was, without a snapshot", () => {
    const { event, clock, shown, states, room } = watch(via);
    clock.advance(A_WHILE);
    event.change("A-1", "held");
    clock.advance(A_WHILE);
    room.reachable = false;
    room.dropAll();
    event.change("A-2", "sold", true);
    clock.advance(A_WHILE);
    expect(states.at(-1)).not.toBe("live");
    room.reachable = true;
    clock.advance(40_000);
    expect([shown(), states.at(-1), event.snapshots]).toEqual([["A-1 held", "A-2 sold"], "live", 1]);
  });

  it("takes a snapshot where the room has begun anew, or doesn't reach back", () => {
    const { event, clock, shown, room, states } = watch(via);
    clock.advance(A_WHILE);
    event.change("A-1", "held");
    clock.advance(A_WHILE);
    room.restart();
    event.change("B-2", "sold", true);
    clock.advance(40_000);
    expect([shown(), states.at(-1), event.snapshots]).toEqual([["A-1 held", "B-2 sold"], "live", 2]);
    room.reachable = false;
    room.dropAll();
    event.change("C-1", "sold", true);
    event.change("C-2", "sold", true);
    room.oldest = 3;
    room.reachable = true;
    clock.advance(40_000);
    expect([shown().length, event.snapshots]).toEqual([4, 3]);
    event.change("C-3", "sold");
    clock.advance(A_WHILE);
    expect(shown()).toContain("C-3 sold");
  });

  it("misses nothing that changes while a snapshot is on its way", () => {
    const { event, clock, shown, room } = watch(via);
    clock.advance(A_WHILE);
    room.restart();
    for (let n = 0; n < 200; n += 1) {
      clock.advance(17);
      event.change(`${"ABC"[n % 3]}-${(n % 5) + 1}`, n % 2 === 0 ? "held" : "free");
    }
    clock.advance(40_000);
    const held = event.snapshot().sections.flatMap(({ seats }) => seats.filter(({ state }) => state !== "free"));
    expect(shown()).toEqual(held.map(({ place, state }) => `${place} ${state}`));
  });

  it("is looked at on another day, also while it's not connected, and still is after a break", () => {
    const { event, clock, room, watch: one, states, shown } = watch(via);
    one.look("2026-12-01");
    clock.advance(A_WHILE);
    one.look("2026-12-02");
    one.look("2026-12-02");
    clock.advance(A_WHILE);
    event.change("A-1", "sold");
    clock.advance(A_WHILE);
    expect([shown(), states.at(-1)]).toEqual([["A-1 sold"], "live"]);
    room.restart();
    clock.advance(40_000);
    expect(event.dates).toEqual([undefined, "2026-12-01", "2026-12-02", "2026-12-02"]);
  });

  it("waits as long as it's told to, and knows when there is no such event", () => {
    const event = new FakeEvent();
    event.status = 503;
    const { clock, states } = watch(via, event);
    clock.advance(2000);
    expect([states.at(-1), event.snapshots]).toEqual(["waiting", 1]);
    clock.advance(2000);
    expect(event.snapshots).toBe(2);
    event.status = 404;
    clock.advance(60_000);
    expect([states.at(-1), event.snapshots]).toEqual(["gone", 3]);
  });
});

describe.each(WAYS.filter((via) => abilities(via).overSocket))("a line by %s", (via) => {
  it("tells each change at once", () => {
    const { event, clock, changes } = watch(via);
    clock.advance(A_WHILE);
    event.change("A-1", "held");
    clock.advance(1);
    expect(changes).toEqual(["A-1 held"]);
  });

  it("that is dead is noticed, and one that lost something asks for it", () => {
    const { event, clock, shown, states, room } = watch(via);
    clock.advance(A_WHILE);
    event.change("A-1", "held", true);
    clock.advance(Watch.PROBE_MS + 10);
    expect(shown()).toEqual(["A-1 held"]);
    room.mute = true;
    clock.advance(Watch.PROBE_MS + Watch.REPLY_MS);
    expect(states.slice(-2)).toContain("waiting");
    room.mute = false;
    clock.advance(60_000);
    expect(states.at(-1)).toBe("live");
  });

  it("that skips something brings a snapshot", () => {
    const { event, clock, shown, room } = watch(via);
    clock.advance(A_WHILE);
    event.change("A-1", "held", true);
    room.tell({ type: "skipped", count: 1 });
    clock.advance(1000);
    expect([shown(), event.snapshots]).toEqual([["A-1 held"], 2]);
    event.change("A-2", "held", true);
    event.change("A-3", "held");
    clock.advance(1000);
    expect([shown().length, event.snapshots]).toEqual([3, 3]);
  });

  it("is looked at again when something else than a place has changed", () => {
    const { event, clock, hall, room } = watch(via);
    clock.advance(A_WHILE);
    event.closed = true;
    room.say("server", JSON.stringify({ event: "concert" }));
    clock.advance(A_WHILE);
    expect([hall.snapshot?.closed, event.snapshots]).toEqual([true, 2]);
    event.change("A-1", "held");
    clock.advance(A_WHILE);
    expect([hall.of("A-1").state, event.snapshots]).toEqual(["held", 2]);
  });

  it("loses nothing that is told while a snapshot is on its way", () => {
    const { event, clock, shown, room } = watch(via);
    clock.advance(A_WHILE);
    room.tell({ type: "skipped", count: 1 });
    // The server has read how it is, and hasn't answered yet.
    clock.advance(8);
    event.change("A-1", "held");
    clock.advance(100);
    expect([shown(), event.snapshots]).toEqual([["A-1 held"], 2]);
  });

  it("is looked after as soon as somebody looks at the page", () => {
    const { event, clock, shown, states, room, watch: one } = watch(via);
    clock.advance(A_WHILE);
    event.change("A-1", "held", true);
    one.wake();
    clock.advance(100);
    expect(shown()).toEqual(["A-1 held"]);
    room.reachable = false;
    room.dropAll();
    clock.advance(1);
    expect(states.at(-1)).toBe("waiting");
    room.reachable = true;
    one.wake();
    clock.advance(100);
    expect(states.at(-1)).toBe("live");
  });

  it("is refused for good where there is no such room", () => {
    const event = new FakeEvent();
    event.room.invalid = true;
    const { clock, states } = watch(via, event);
    clock.advance(60_000);
    expect(states).toEqual(["connecting", "gone"]);
  });
});
