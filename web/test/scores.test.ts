import { describe, expect, it } from "vitest";
import { textsOf } from "../src/i18n/texts";
import { Meter } from "../src/scores/meter";
import { Operator } from "../src/scores/operator";
import { readList, readSnapshot } from "../src/scores/protocol";
import { LINES_KEPT, Relay } from "../src/scores/relay";
import { tellBases, tellPlay, tellState } from "../src/scores/telling";
import { answer, board, EPOCH, FakeBack, line, message, snapshot } from "./scores-samples";
import { VirtualClock } from "./virtual-clock";

const en = textsOf("en");
const ko = textsOf("ko");
const offsets = (relay: Relay) => relay.lines.map(({ offset }) => offset);

describe("what is known of a match", () => {
  it("is the same by snapshots and play by play", () => {
    const [asked, told] = [new Relay(), new Relay()];
    asked.take(snapshot(3));
    told.take(snapshot(2));
    const next = message(3, { play: { what: "ball" } });
    expect(told.add(next)).toMatchObject({ offset: 3 });
    expect(told.lines).toEqual(asked.lines);
    expect(told.board).toEqual(asked.board);
    expect(told.add(next)).toBe("known");
    expect(told.add(message(5))).toBe("lost");
    expect(told.offset).toBe(3);
  });

  it("says which plays are news", () => {
    const relay = new Relay();
    relay.take(snapshot(3));
    expect(relay.take(snapshot(3))).toEqual([]);
    expect(relay.take(snapshot(5)).map(({ offset }) => offset)).toEqual([4, 5]);
    expect(offsets(relay)).toEqual([1, 2, 3, 4, 5]);
  });

  it("has no older plays before a hole, nor those of another numbering", () => {
    const relay = new Relay();
    relay.take(snapshot(3));
    relay.take(snapshot(9, { plays: [line(8), line(9)] }));
    expect(offsets(relay)).toEqual([8, 9]);
    relay.take(snapshot(1, { epoch: "00000000000000bb" }));
    expect([offsets(relay), relay.epoch]).toEqual([[1], "00000000000000bb"]);
  });

  it("has a bound", () => {
    const relay = new Relay();
    relay.take(snapshot(LINES_KEPT));
    relay.add(message(LINES_KEPT + 1));
    expect([relay.lines.length, relay.lines[0]?.offset]).toEqual([LINES_KEPT, 2]);
  });
});

describe("what the server says", () => {
  it("is taken only in its form", () => {
    expect(readSnapshot(snapshot(2))).not.toBeNull();
    const wrong = [
      null,
      [],
      { ...snapshot(1), offset: -1 },
      { ...snapshot(1), epoch: 7 },
      { ...snapshot(1), board: { ...board(), bases: [true] } },
      { ...snapshot(1), board: { ...board(), half: "middle" } },
      { ...snapshot(1), board: { ...board(), away: {} } },
      { ...snapshot(1), plays: [{}] },
    ];
    for (const value of wrong) expect(readSnapshot(value), JSON.stringify(value)).toBeNull();
    expect(readList({ matches: [{ match: "yard", replay: true, board: board() }] })).toHaveLength(1);
    expect(readList({ matches: [{}] })).toBeNull();
  });

  it("is told in the reader's language", () => {
    expect(tellPlay({ what: "single" }, "ko", ko)).toBe("1루타");
    expect(tellPlay({ what: "single", text: { ko: "안타", en: "a hit" } }, "en", en)).toBe("a hit");
    expect(tellPlay({ what: "single", text: "nice" }, "ko", ko)).toBe("nice");
    expect(tellPlay({ what: "toString" }, "en", en)).toBe("toString");
    expect(tellState(board({ inning: 7, half: "bottom" }), ko)).toBe("7회말");
    expect(tellState(board({ status: "final" }), en)).toBe("Final");
    expect(tellBases(board({ bases: [true, false, true] }), en)).toBe("Runners on: First base, Third base");
  });
});

describe("the meter", () => {
  it("says how long a play took from the server to here, by the server's clock", () => {
    const clock = new VirtualClock();
    const meter = new Meter(clock);
    const at = 5_000_000;
    meter.arrived(3, at, 2000);
    expect(meter.read()).toMatchObject({ delay: null, meanDelay: null });
    clock.advance(8000);
    // It is pushed, a tenth of a second after it happened.
    meter.arrived(1, at + 2000 + 7900, null);
    clock.advance(1000);
    meter.arrived(1, at + 10_000, 900);
    expect(meter.read()).toMatchObject({ delay: 900, meanDelay: 500 });
  });

  it("says how old what is shown may be", () => {
    const clock = new VirtualClock();
    const meter = new Meter(clock);
    expect(meter.read().age).toBeNull();
    meter.confirmed();
    clock.advance(3000);
    expect(meter.read().age).toBe(3000);
    meter.held(true);
    clock.advance(60_000);
    expect(meter.read().age).toBe(0);
    meter.held(false);
    clock.advance(500);
    expect(meter.read().age).toBe(500);
  });

  it("counts with headers where the browser tells of them", () => {
    const meter = new Meter(new VirtualClock());
    meter.requested();
    meter.received(100);
    expect(meter.read()).toMatchObject({ requests: 1, bytes: 100 });
    meter.transferred(340);
    expect(meter.read().bytes).toBe(340);
  });
});

describe("the operator", () => {
  it("tells plays of the match as it was seen, by name", async () => {
    const back = new FakeBack();
    const told = new Operator("http://b", back.ask, () => "secret").tell("a", { what: "ball" }, `"${EPOCH}.3"`);
    expect(back.asked[0]).toMatchObject({
      url: "http://b/api/scores/a/plays",
      request: { method: "POST", headers: { Authorization: "Bearer secret", "If-Match": `"${EPOCH}.3"` } },
    });
    await back.answer(answer(201, { body: snapshot(4) }));
    expect(await told).toMatchObject({ ok: true, value: { offset: 4 } });
  });

  it("is told why not", async () => {
    const back = new FakeBack();
    const operator = new Operator("http://b", back.ask, () => null);
    const first = operator.signIn("guess");
    expect(back.asked[0]?.request.headers).not.toHaveProperty("Authorization");
    await back.answer(answer(429, { body: { code: "too_many_tries" }, retryAfter: 60 }));
    expect(await first).toEqual({ ok: false, code: "too_many_tries", retryAfter: 60 });
    const second = operator.open("a", "b", "c");
    await back.fail();
    expect(await second).toMatchObject({ ok: false, code: "unreachable" });
  });
});
