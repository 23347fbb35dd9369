import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { StoredMessage } from "../src/chat/protocol";
import { Timeline } from "../src/chat/timeline";

const message = (offset: number, clientId = `id-${offset}`): StoredMessage => ({
  offset,
  author: "Lee",
  client_id: clientId,
  text: `text ${offset}`,
  at: offset * 1000,
});
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => message(from + index));
const offsets = (timeline: Timeline) => timeline.confirmed.map((one) => one.offset);

describe("the order", () => {
  it("is that of offset, whatever order and however often messages come", () => {
    const arrivals = fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 120 });
    fc.assert(
      fc.property(arrivals, (order) => {
        const timeline = new Timeline();
        timeline.open([], 0, false);
        for (const offset of order) timeline.receive(message(offset));
        const expected = [...new Set(order)].sort((a, b) => a - b);
        expect(offsets(timeline)).toEqual(expected);
        let head = 0;
        while (expected[head] === head + 1) head += 1;
        expect(timeline.head).toBe(head);
        expect(timeline.hasGap).toBe(expected.length > head);
      }),
    );
  });

  it("doesn't depend on how live messages and pages interleave", () => {
    const action = fc.oneof(
      fc.record({ live: fc.integer({ min: 1, max: 40 }) }),
      fc.record({ after: fc.constant(true), limit: fc.integer({ min: 1, max: 10 }) }),
      fc.record({ before: fc.constant(true), limit: fc.integer({ min: 1, max: 10 }) }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const timeline = new Timeline();
        timeline.open(range(21, 30), 30, true);
        for (const one of actions) {
          if ("live" in one) timeline.receive(message(one.live));
          else if ("after" in one) {
            const { head } = timeline;
            timeline.extend(head, range(head + 1, Math.min(40, head + one.limit)));
          } else if (timeline.moreBefore) {
            const { first } = timeline;
            const from = Math.max(1, first - one.limit);
            timeline.prepend(first, range(from, first - 1), from > 1);
          }
          const known = offsets(timeline);
          expect(known).toEqual([...new Set(known)].sort((a, b) => a - b));
          // From the first to the head nothing is missing.
          const whole = known.filter((offset) => offset <= timeline.head);
          expect(whole).toEqual(range(timeline.first, timeline.head).map((each) => each.offset));
        }
      }),
    );
  });
});

describe("own messages", () => {
  it("keep their key when they are confirmed, by acknowledgement or by history", () => {
    const timeline = new Timeline();
    timeline.open(range(1, 3), 3, false);
    const first = timeline.add("mine-1", "one", 0);
    const second = timeline.add("mine-2", "two", 0);
    timeline.confirm("mine-1", 4, "Kim", 4000);
    timeline.extend(4, [message(5, "mine-2")]);
    expect(timeline.pending).toEqual([]);
    expect(timeline.confirmed.slice(3).map((one) => one.key)).toEqual([first.key, second.key]);
  });

  it("are on the list once, whether history or acknowledgement comes first, and how often", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(["ack", "history", "live", "ack again"], { minLength: 1 }), (order) => {
        const timeline = new Timeline();
        timeline.open([], 0, false);
        timeline.add("mine", "one", 0);
        for (const what of order) {
          if (what.startsWith("ack")) timeline.confirm("mine", 1, "Lee", 1000);
          else if (what === "history") timeline.extend(0, [message(1, "mine")]);
          else timeline.receive(message(1, "mine"));
        }
        expect(offsets(timeline)).toEqual([1]);
        expect(timeline.pending).toEqual([]);
      }),
    );
  });

  it("confirmed below the loaded part wait for their page", () => {
    const timeline = new Timeline();
    timeline.add("mine", "old", 0);
    timeline.open(range(51, 60), 60, true);
    expect(timeline.confirm("mine", 7, "Kim", 7000)).toBe(true);
    expect(timeline.pending).toEqual([]);
    expect(offsets(timeline)[0]).toBe(51);
  });
});

describe("what is loaded", () => {
  it("keeps messages that came before the first page, without a gap", () => {
    const timeline = new Timeline();
    timeline.receive(message(5));
    timeline.open(range(2, 4), 4, true);
    expect(offsets(timeline)).toEqual([2, 3, 4, 5]);
    expect(timeline.head).toBe(5);
  });

  it("has a gap while the server has told of more", () => {
    const timeline = new Timeline();
    timeline.open(range(1, 2), 2, false);
    timeline.tell(4);
    expect([timeline.hasGap, timeline.head]).toEqual([true, 2]);
    timeline.receive(message(3));
    timeline.tell(1);
    expect([timeline.hasGap, timeline.head]).toEqual([true, 3]);
    timeline.extend(3, [], 4);
    expect([timeline.hasGap, timeline.head]).toEqual([false, 4]);
    timeline.reset();
    expect([timeline.hasGap, timeline.told]).toEqual([false, 0]);
  });

  it("trims the oldest, which can then be loaded again", () => {
    const timeline = new Timeline();
    timeline.open(range(1, 20), 20, false);
    timeline.trim(5);
    expect(offsets(timeline)).toEqual([16, 17, 18, 19, 20]);
    expect(timeline.moreBefore).toBe(true);
    timeline.prepend(timeline.first, range(11, 15), true);
    expect(offsets(timeline)[0]).toBe(11);
    expect(timeline.head).toBe(20);
  });

  it("moves on over numbers the server says don't exist", () => {
    const timeline = new Timeline();
    timeline.open(range(1, 2), 2, false);
    timeline.receive(message(9));
    expect(timeline.hasGap).toBe(true);
    timeline.extend(2, [message(5), message(9)]);
    expect(timeline.hasGap).toBe(false);
    expect(timeline.head).toBe(9);
  });

  it("ignores an older page that doesn't join the loaded part", () => {
    const timeline = new Timeline();
    timeline.open(range(31, 40), 40, true);
    timeline.prepend(20, range(10, 19), true);
    expect(offsets(timeline)[0]).toBe(31);
  });
});
