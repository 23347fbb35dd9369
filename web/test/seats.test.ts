import { describe, expect, it } from "vitest";
import { textsOf } from "../src/i18n/texts";
import { Hall } from "../src/seats/hall";
import { instead } from "../src/seats/instead";
import { layOut } from "../src/seats/layout";
import { Mine } from "../src/seats/mine";
import { edge, neighbour, type Point, spacing } from "../src/seats/neighbours";
import {
  type Change,
  readChanges,
  readHold,
  readHolds,
  readList,
  readPayment,
  readSnapshot,
  readWaiting,
} from "../src/seats/protocol";
import { ServerTime } from "../src/seats/server-time";
import { offerOf, partiesOf, stay, tableState, visit } from "../src/seats/tables";
import { Telling } from "../src/seats/telling";
import { EPOCH, hold, NOW, seats, tables, told, waiting } from "./seats-samples";
import { VirtualClock } from "./virtual-clock";

const held = (place: string, holder = "other", until = NOW + 60_000) => ({
  place,
  state: "held" as const,
  holder,
  until,
});
const sold = (place: string) => ({ place, state: "sold" as const });
const free = (place: string) => ({ place, state: "free" as const });

function hall(...changes: Change[]): Hall {
  const hall = new Hall();
  hall.take(seats(changes));
  return hall;
}

describe("what the back says", () => {
  it("is read if it's sound, with null for absent", () => {
    expect(readSnapshot(seats([{ ...held("A-1"), holder: null as never }]))).not.toBeNull();
    expect(readSnapshot(tables([sold("T1@2026-12-01T18:00")]))).not.toBeNull();
    expect(readHold({ ...hold("h", ["A-1"]), now: NOW, versions: { "A-1": 7 } })?.hold).toBe("h");
    expect(readHolds({ holds: [hold("h", [])], now: NOW })).toHaveLength(1);
    expect(readWaiting(waiting("w"))?.place).toBe(12);
    expect(readPayment({ payment: "p", amount: 1, currency: "KRW", state: "open" })?.payment).toBe("p");
    expect(readChanges('{"places":[{"place":"A-1","state":"free"}],"free":{"R":1}}')).toEqual([free("A-1")]);
  });

  it("isn't otherwise", () => {
    const [first] = seats().sections;
    for (const wrong of [
      null,
      {},
      seats([], { mode: "stalls" as never }),
      seats([], { position: { offset: -1, epoch: EPOCH } }),
      seats([{ place: "A-1", state: "gone" as never }]),
      seats([], { sections: [{ ...first, currency: "won" } as never] }),
      tables([], { slots: ["tonight"] }),
      tables([], { stay_slots: 0 }),
      tables([], { dates: ["tomorrow"] }),
    ]) {
      expect(readSnapshot(wrong), JSON.stringify(wrong)).toBeNull();
    }
    for (const text of ["", "[]", '{"places":{}}', '{"places":[{"place":1,"state":"free"}]}']) {
      expect(readChanges(text), text).toBeNull();
    }
    expect(readHold({ ...hold("h", []), state: "lost" })).toBeNull();
    expect(readWaiting(waiting("w", { state: "asleep" as never }))).toBeNull();
    expect(readList({ events: [{}] })).toBeNull();
  });
});

describe("a hall", () => {
  it("takes each change once and in order, and knows when something is missing", () => {
    const known = hall();
    expect(known.add(told(1, held("A-1")))).toEqual([held("A-1")]);
    expect(known.of("A-1")).toEqual({ state: "held", holder: "other", until: NOW + 60_000 });
    expect(known.add(told(1, free("A-1")))).toBe("known");
    expect(known.add(told(3, free("A-1")))).toBe("lost");
    expect(known.add({ offset: 2, text: "?" })).toBe("lost");
    expect(known.of("A-1").state).toBe("held");
    expect(known.add(told(2, free("A-1")))).toEqual([free("A-1")]);
    expect([known.isFree("A-1"), known.position]).toEqual([true, { offset: 2, epoch: EPOCH }]);
    expect(new Hall().add(told(1))).toBe("lost");
  });

  it("says what a snapshot changes, and nothing else", () => {
    const known = hall(held("A-1"), sold("A-2"), held("A-3"));
    expect(known.take(seats([held("A-1"), held("A-3", "me"), sold("B-1")]))).toEqual([
      free("A-2"),
      held("A-3", "me"),
      sold("B-1"),
    ]);
    expect(known.heldBy("me")).toEqual(["A-3"]);
  });

  it("lets go of what has run out, though nobody has said so", () => {
    const known = hall(held("A-1", "other", NOW + 1000), held("A-2"), sold("A-3"));
    expect(known.lapse(NOW + 1000 + Hall.GRACE_MS - 1)).toEqual([]);
    expect(known.lapse(NOW + 1000 + Hall.GRACE_MS)).toEqual([free("A-1")]);
    expect([known.isFree("A-1"), known.isFree("A-2")]).toEqual([true, false]);
  });

  it("counts what is free in a section", () => {
    const known = hall(held("A-1"), sold("C-1"));
    expect(seats().sections.map((section) => known.freeIn(section))).toEqual([9, 4]);
  });
});

describe("the time", () => {
  it("is the server's, by the quickest answer, whatever this page's clock says", () => {
    const clock = new VirtualClock();
    const time = new ServerTime(clock);
    const start = clock.now();
    clock.advance(100);
    time.learn(start, start + 3_600_050);
    expect(time.now()).toBe(clock.now() + 3_600_000);
    clock.advance(9000);
    time.learn(clock.now() - 4000, 0);
    expect(time.now()).toBe(clock.now() + 3_600_000);
    expect(time.secondsUntil(time.now() + 1)).toBe(1);
    expect(time.secondsUntil(time.now() + 1001)).toBe(2);
    expect(time.secondsUntil(time.now())).toBe(0);
    expect(time.secondsUntil(time.now() - 5000)).toBe(0);
  });
});

describe("what is one's own", () => {
  it("is open until it's decided on or over", () => {
    const mine = new Mine();
    mine.take([hold("b", ["A-2"], { state: "offered" }), hold("a", ["A-1"]), hold("z", ["C-1"], { state: "sold" })]);
    expect(mine.open("concert").map(({ hold }) => hold)).toEqual(["b", "a"]);
    expect(mine.open("table")).toEqual([]);
    expect([mine.has("concert", "A-1"), mine.has("concert", "C-1"), mine.has("table", "A-1")]).toEqual([
      "held",
      "sold",
      null,
    ]);
    expect(mine.lapse(NOW + 119_999)).toEqual([]);
    expect(mine.lapse(NOW + 120_000).map(({ hold, state }) => [hold, state])).toEqual([
      ["b", "expired"],
      ["a", "expired"],
    ]);
    expect(mine.lapse(NOW + 120_000)).toEqual([]);
    expect(mine.has("concert", "A-1")).toBeNull();
  });

  it("has the newest first, and each once", () => {
    const mine = new Mine();
    mine.put(hold("a", []));
    mine.put(hold("b", []));
    mine.put(hold("a", [], { extended: true }));
    expect(mine.holds.map(({ hold, extended }) => [hold, extended])).toEqual([
      ["b", false],
      ["a", true],
    ]);
    mine.putWaiting(waiting("w"));
    mine.putWaiting(waiting("w", { place: 3 }));
    expect(mine.waits("concert").map(({ place }) => place)).toEqual([3]);
    mine.putWaiting(waiting("w", { state: "left" }));
    expect(mine.waits("concert")).toEqual([]);
  });
});

describe("seats instead of others", () => {
  it("are side by side, in the section, and as near as can be", () => {
    expect(instead(hall(held("A-1"), held("A-2")), ["A-1", "A-2"], 2)).toEqual(["B-1", "B-2"]);
    expect(instead(hall(sold("A-2")), ["A-2"], 1)).toEqual(["A-1"]);
    expect(instead(hall(sold("A-2"), sold("A-1"), sold("A-3")), ["A-2"], 1)).toEqual(["B-2"]);
  });

  it("are scattered where nothing is together, and none where there are too few", () => {
    const rest = ["A-2", "A-4", "B-1", "B-2", "B-3", "B-4", "B-5"].map(sold);
    expect(instead(hall(...rest), ["A-2", "A-4"], 2)).toEqual(["A-3", "A-1"]);
    expect(instead(hall(...rest), ["A-2", "A-4"], 4)).toEqual([]);
    expect(instead(hall(), ["Z-1"], 1)).toEqual([]);
    expect(instead(hall(), [], 0)).toEqual([]);
  });

  it("leave wheelchair spaces to those who need them", () => {
    const snapshot = seats([sold("A-2")]);
    for (const one of snapshot.sections[0]?.seats ?? []) one.accessible = ["A-1", "A-3", "A-5"].includes(one.place);
    const known = new Hall();
    known.take(snapshot);
    expect(instead(known, ["A-2"], 1)).toEqual(["B-2"]);
    expect(instead(known, ["A-1"], 1)).toEqual(["A-3"]);
  });
});

describe("the arrow keys", () => {
  const point = (place: string, x: number, y: number): Point => ({ place, group: place[0] ?? "", x, y });
  // A bent row above a straight one, with an aisle, and a row of another section further down.
  const points = [
    point("a1", 0, 2),
    point("a2", 10, 0),
    point("a3", 30, 0),
    point("a4", 40, 2),
    point("b1", 0, 12),
    point("b2", 10, 12),
    point("b3", 40, 12),
    point("c1", 20, 40),
  ];
  const at = (place: string) => points.find((one) => one.place === place) as Point;
  const goes = (place: string, way: Parameters<typeof neighbour>[2]) =>
    neighbour(points, at(place), way)?.place ?? null;

  it("lead along the row, also across an aisle", () => {
    expect(["a1", "a2", "a3"].map((place) => goes(place, "right"))).toEqual(["a2", "a3", "a4"]);
    expect(["a4", "b3"].map((place) => goes(place, "left"))).toEqual(["a3", "b2"]);
  });

  it("lead to the row before and behind", () => {
    expect(["a1", "a3", "a4"].map((place) => goes(place, "down"))).toEqual(["b1", "b3", "b3"]);
    expect(["b2", "c1"].map((place) => goes(place, "up"))).toEqual(["a2", "b2"]);
    expect([goes("a2", "up"), goes("c1", "down")]).toEqual([null, null]);
  });

  it("lead to the ends", () => {
    expect(edge(points, at("a2"), "first")?.place).toBe("a1");
    expect(edge(points, at("a2"), "last")?.place).toBe("a4");
  });

  it("need to know how much room there is", () => {
    expect(spacing(points)).toBe(10);
    expect(spacing([])).toBe(1);
    expect(spacing([at("a1"), at("a1")])).toBe(1);
  });
});

describe("tables", () => {
  const room = (...taken: Change[]) => {
    const hall = new Hall();
    hall.take(tables(taken));
    return hall;
  };

  it("are taken for a whole visit, or less if it closes before", () => {
    expect(stay(tables(), "2026-12-01T19:00")).toEqual(["2026-12-01T19:00", "2026-12-01T20:00"]);
    expect(stay(tables(), "2026-12-01T20:00")).toEqual(["2026-12-01T20:00"]);
    expect(visit(tables(), "T1", "2026-12-01T20:00")).toEqual(["T1@2026-12-01T20:00"]);
    expect(partiesOf(tables())).toEqual({ min: 1, max: 8 });
  });

  it("are free only if they are all the time, and the smallest that fits is the best", () => {
    const known = room(held("T1@2026-12-01T19:00"), sold("T2@2026-12-01T20:00"));
    const at = (slot: string, party: number) => {
      const { free, best } = offerOf(known, tables(), slot, party);
      return [free, best?.table ?? null];
    };
    expect(at("2026-12-01T18:00", 2)).toEqual([1, "T2"]);
    expect(at("2026-12-01T19:00", 2)).toEqual([0, null]);
    expect(at("2026-12-01T20:00", 2)).toEqual([1, "T1"]);
    expect(at("2026-12-01T18:00", 3)).toEqual([2, "T2"]);
    expect(tableState(known, tables(), "T1", "2026-12-01T18:00")).toBe("held");
    expect(tableState(known, tables(), "T2", "2026-12-01T19:00")).toBe("sold");
  });
});

describe("the plan", () => {
  it("has every seat in its section, with what it costs there, and room around", () => {
    const { parts, signs, size, box, stage } = layOut(seats());
    expect(parts.map(({ part, spots }) => [part, spots.length])).toEqual([
      ["R", 10],
      ["S", 5],
    ]);
    expect(signs.filter(({ kind }) => kind === "part").map(({ price }) => price?.price)).toEqual([2000, 1000]);
    expect(signs.filter(({ kind }) => kind === "row").map(({ text }) => text)).toEqual(["A", "B", "C"]);
    expect([size > 0 && size < 10, stage]).toEqual([true, true]);
    for (const { x, y } of [...parts.flatMap(({ spots }) => spots), ...signs]) {
      expect(x > box.x && x < box.x + box.width && y > box.y && y < box.y + box.height).toBe(true);
    }
  });

  it("has every table, larger ones longer, and can be empty", () => {
    const { parts, stage } = layOut(tables());
    const widths = parts.flatMap(({ spots }) => spots.map(({ width }) => width));
    expect([parts.length, stage, widths.length]).toEqual([1, false, 3]);
    expect([...widths].sort()).toEqual(widths);
    expect(layOut(seats([], { sections: [] })).parts).toEqual([]);
    expect(layOut(tables([], { tables: [] })).box.width).toBe(1);
  });
});

describe("what it's called", () => {
  it("says seats by their sections, and tables by when a visit begins", () => {
    const known = hall();
    const english = new Telling("en", textsOf("en"), known);
    expect(english.places(["A-10", "A-9"])).toBe("A-9 and A-10");
    expect(english.places(["A-2", "A-1", "C-3"])).toBe("Section R A-1 and A-2; Section S C-3");
    expect(new Telling("ko", textsOf("ko"), known).places(["A-1"])).toBe("R석 A열 1번");
    expect(english.places(["Q-9"])).toBe("Q-9");
    const visits = ["T2@2026-12-01T19:00", "T2@2026-12-01T18:00"];
    expect(english.places(visits)).toMatch(/^T2, Tue, Dec 1.*6:00.PM$/);
    expect(english.place("")).toBe("");
  });

  it("says money, time and lines as the language does", () => {
    const english = new Telling("en", textsOf("en"), hall());
    const korean = new Telling("ko", textsOf("ko"), hall());
    expect([english.money(110_000, "KRW"), english.money(1050, "USD"), english.money(0, "KRW")]).toEqual([
      "₩110,000",
      "$10.50",
      "free of charge",
    ]);
    expect([59, 60, 121].map((seconds) => english.duration(seconds))).toEqual(["59 s", "1 min 0 s", "2 min 1 s"]);
    expect([1, 2, 3, 11, 12, 21].map((count) => english.line(count).match(/\d+\w+/)?.[0])).toEqual([
      "1st",
      "2nd",
      "3rd",
      "11th",
      "12th",
      "21st",
    ]);
    expect(korean.line(12)).toBe("대기 12번째입니다");
    expect(english.problem("already_extended")).toBe("More time is given once.");
    expect(english.problem("toString")).toBe("The server refused it (toString).");
  });
});
