import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { auditReport, MAX_REPORTS } from "../src/chat/audit-report";
import { Auditor, type Violation } from "../src/chat/auditor";
import type { StoredMessage } from "../src/chat/protocol";
import type { Ask } from "../src/net/http";
import { VirtualClock } from "./virtual-clock";

const EPOCH = "00000000000000a1";
const at = (offset: number, epoch = EPOCH) => ({ offset, epoch });
const message = (offset: number, clientId = `other-${offset}`): StoredMessage => ({
  offset,
  author: "Lee",
  client_id: clientId,
  text: `${offset}`,
  at: 0,
});

function setUp() {
  const clock = new VirtualClock();
  const violations: Violation[] = [];
  const auditor = new Auditor(clock, (violation) => violations.push(violation));
  const settle = () => clock.advance(3 * Auditor.SETTLE_MS);
  return { clock, auditor, violations, settle, kinds: () => violations.map(({ kind }) => kind) };
}

describe("a fault", () => {
  function listening() {
    const audit = setUp();
    audit.auditor.started(at(10));
    return audit;
  }

  it("a message left out is a gap, once what belongs there has had its time", () => {
    const { auditor, violations, clock } = listening();
    auditor.said(message(11));
    auditor.said(message(13));
    clock.advance(Auditor.SETTLE_MS - 1);
    expect(violations).toEqual([]);
    clock.advance(1);
    expect(violations).toEqual([{ kind: "gap", expected: 12, offset: 13 }]);
    expect(auditor.counts).toEqual({ gap: 1, duplicate: 0, order: 0, echo: 0 });
  });

  it("is a gap also when the stream ends before that time", () => {
    const { auditor, kinds } = listening();
    auditor.said(message(12));
    auditor.ended();
    expect(kinds()).toEqual(["gap"]);
  });

  it("what is said twice is a duplicate, and so is what was before the stream", () => {
    const { auditor, violations } = listening();
    auditor.said(message(11));
    auditor.said(message(11));
    auditor.said(message(10));
    expect(violations).toEqual([
      { kind: "duplicate", expected: 12, offset: 11 },
      { kind: "duplicate", expected: 12, offset: 10 },
    ]);
  });

  it("two that are swapped are out of order, and nothing else", () => {
    const { auditor, kinds, settle } = listening();
    auditor.said(message(12));
    auditor.said(message(11));
    auditor.said(message(13));
    settle();
    expect(kinds()).toEqual(["order"]);
  });

  it("an own message that comes back is an echo, before and after its acknowledgement", () => {
    const { auditor, kinds, settle } = listening();
    auditor.sent("mine-1");
    auditor.said(message(11, "mine-1"));
    auditor.settled("mine-1", 11);
    auditor.sent("mine-2");
    auditor.settled("mine-2", 12);
    auditor.said(message(12, "mine-2"));
    auditor.said(message(13));
    settle();
    expect(kinds()).toEqual(["echo", "echo"]);
  });

  it("a message of somebody else at an own offset is a duplicate", () => {
    const { auditor, kinds } = listening();
    auditor.sent("mine");
    auditor.settled("mine", 11);
    auditor.said(message(11));
    auditor.sent("ahead");
    auditor.settled("ahead", 13);
    auditor.said(message(13));
    expect(kinds()).toEqual(["duplicate", "duplicate"]);
  });

  it("is a gap when the server says that it has said more than it has", () => {
    const { auditor, violations, settle } = listening();
    auditor.said(message(11));
    auditor.reached(12);
    settle();
    expect(violations).toEqual([{ kind: "gap", expected: 12, offset: 13 }]);
  });

  it("a jump as far as a server can make one costs no more than what is remembered", () => {
    const { auditor, settle } = listening();
    auditor.said(message(Number.MAX_SAFE_INTEGER - 1));
    settle();
    expect(auditor.counts.gap).toBe(Auditor.MAX_REMEMBERED);
  });
});

describe("no fault", () => {
  it("is an offset that an own message has, whenever that turns out", () => {
    const { auditor, violations, settle } = setUp();
    auditor.started(at(0));
    auditor.sent("early");
    auditor.settled("early", 1);
    auditor.sent("late");
    auditor.said(message(3));
    settle();
    auditor.settled("late", 2);
    auditor.said(message(4));
    settle();
    expect(violations).toEqual([]);
  });

  it("but a message sent later can't be in an older hole", () => {
    const { auditor, kinds, settle } = setUp();
    auditor.started(at(0));
    auditor.said(message(2));
    auditor.sent("too late for 1");
    settle();
    expect(kinds()).toEqual(["gap"]);
  });

  it("is a hole that an abandoned message may be in, one for each", () => {
    const { auditor, kinds, settle } = setUp();
    auditor.started(at(0));
    auditor.sent("given up");
    auditor.abandoned("given up");
    auditor.said(message(2));
    settle();
    expect(kinds()).toEqual([]);
    auditor.said(message(4));
    settle();
    expect(kinds()).toEqual(["gap"]);
  });

  it("is the hole of a message sent again, even after it was given up", () => {
    const { auditor, kinds, settle } = setUp();
    auditor.started(at(0));
    auditor.sent("repeated");
    auditor.said(message(2));
    auditor.sent("repeated");
    settle();
    expect(kinds()).toEqual([]);
    auditor.abandoned("repeated");
    auditor.sent("repeated");
    settle();
    auditor.settled("repeated", 1);
    auditor.sent("at once");
    auditor.said(message(4));
    auditor.abandoned("at once");
    auditor.sent("at once");
    settle();
    auditor.settled("at once", 3);
    // What they excused is free again: for the next, and only for that.
    auditor.sent("given up");
    auditor.abandoned("given up");
    auditor.said(message(6));
    settle();
    expect(kinds()).toEqual([]);
    auditor.said(message(8));
    settle();
    expect(kinds()).toEqual(["gap"]);
  });

  it("but a refused message is in none", () => {
    const { auditor, kinds, settle } = setUp();
    auditor.started(at(0));
    auditor.sent("refused");
    auditor.said(message(2));
    settle();
    expect(kinds()).toEqual([]);
    auditor.refused("refused");
    expect(kinds()).toEqual(["gap"]);
  });

  it("is what the server says that it has skipped, and no more", () => {
    const { auditor, kinds, settle } = setUp();
    auditor.started(at(0));
    auditor.skipped(2);
    auditor.said(message(3));
    settle();
    expect(kinds()).toEqual([]);
    auditor.said(message(5));
    settle();
    expect(kinds()).toEqual(["gap"]);
    auditor.skipped(2);
    auditor.started(at(5));
    auditor.said(message(7));
    settle();
    expect(kinds(), "in that stream").toEqual(["gap", "gap"]);
  });

  it("is an own message that a history settles", () => {
    const { auditor, kinds, settle } = setUp();
    auditor.started(at(0));
    auditor.sent("mine");
    auditor.said(message(2));
    auditor.paged([message(1, "mine"), message(2)]);
    auditor.said(message(3));
    settle();
    expect(kinds()).toEqual([]);
  });

  it("is the same offset in another numbering, or in the next stream", () => {
    const { auditor, kinds, settle } = setUp();
    auditor.started(at(0));
    auditor.sent("mine");
    auditor.settled("mine", 1);
    auditor.said(message(2));
    auditor.started(at(1));
    auditor.said(message(2));
    auditor.started(at(0, "00000000000000a2"));
    auditor.said(message(1));
    settle();
    expect(kinds()).toEqual([]);
  });

  it("is anything while there is no stream", () => {
    const { auditor, kinds, clock } = setUp();
    auditor.said(message(5));
    auditor.reached(9);
    expect(kinds()).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe("whatever happens in a room", () => {
  /** What the room does next: somebody speaks, this page sends, an acknowledgement comes or is lost, the line breaks. */
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.constant("other" as const) },
    { weight: 3, arbitrary: fc.constant("own" as const) },
    { weight: 3, arbitrary: fc.constant("hear" as const) },
    { weight: 3, arbitrary: fc.constant("ack" as const) },
    { weight: 1, arbitrary: fc.constant("lose ack" as const) },
    { weight: 1, arbitrary: fc.constant("reconnect" as const) },
    { weight: 1, arbitrary: fc.constant("reconnect without recovery" as const) },
    { weight: 1, arbitrary: fc.constant("position" as const) },
    { weight: 2, arbitrary: fc.constant("wait" as const) },
  );
  type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

  /** A room and a page in it, by the promises of the protocol, with a fault in what is heard if `spoil` makes one. */
  function play(steps: readonly Step[], spoil: (coming: StoredMessage[]) => StoredMessage[] = (coming) => coming) {
    const audit = setUp();
    const { auditor, clock } = audit;
    const stored: StoredMessage[] = [];
    const own = new Map<string, { stored: boolean; acked: boolean }>();
    const acks: StoredMessage[] = [];
    /** What the page has in its list without a hole. */
    const known = new Set<number>();
    const head = () => {
      let offset = 0;
      while (known.has(offset + 1)) offset += 1;
      return offset;
    };
    let coming: StoredMessage[] = [];
    const hear = (one: StoredMessage) => {
      auditor.said(one);
      known.add(one.offset);
    };
    const hearAll = () => {
      for (const one of coming) hear(one);
      coming = [];
    };
    const acknowledge = () => {
      const one = acks.shift();
      if (one === undefined) return;
      auditor.settled(one.client_id, one.offset);
      known.add(one.offset);
      own.set(one.client_id, { stored: true, acked: true });
    };
    const reconnect = (recovers: boolean) => {
      auditor.ended();
      acks.length = 0;
      const after = recovers ? head() : stored.length;
      auditor.started(at(after));
      for (const one of stored) {
        if (!recovers) {
          known.add(one.offset);
          auditor.paged([one]);
        }
      }
      coming = recovers ? stored.filter((one) => one.offset > after && !own.has(one.client_id)) : [];
      // What has no acknowledgement is sent again, and acknowledged with the place it has.
      for (const [id, { acked }] of own) {
        const one = stored.find((stored) => stored.client_id === id);
        if (acked || one === undefined) continue;
        auditor.sent(id);
        acks.push(one);
      }
    };
    auditor.started(at(0));
    for (const one of steps) {
      if (one === "other") {
        const said = message(stored.length + 1);
        stored.push(said);
        coming.push(said);
      } else if (one === "own") {
        const said = message(stored.length + 1, `mine-${stored.length}`);
        auditor.sent(said.client_id);
        stored.push(said);
        own.set(said.client_id, { stored: true, acked: false });
        acks.push(said);
      } else if (one === "hear") {
        const next = coming.shift();
        if (next !== undefined) hear(next);
      } else if (one === "ack") acknowledge();
      else if (one === "lose ack") acks.pop();
      else if (one === "reconnect") reconnect(true);
      else if (one === "reconnect without recovery") reconnect(false);
      else if (one === "wait") clock.advance(Auditor.SETTLE_MS / 2);
      else {
        // An answer to a question has everything up to its position.
        hearAll();
        auditor.reached(stored.length);
      }
    }
    hearAll();
    while (acks.length > 0) acknowledge();
    // Lost acknowledgements come with the next line.
    reconnect(true);
    hearAll();
    while (acks.length > 0) acknowledge();
    audit.settle();
    expect(audit.violations, "before any fault").toEqual([]);

    // Three more that everybody hears, with the fault among them, and time to notice.
    const last = [1, 2, 3, 4].map((next) => message(stored.length + next));
    for (const one of spoil(last)) auditor.said(one);
    audit.settle();
    return audit;
  }

  it("no false alarm is raised", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        expect(play(steps).violations).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  const faults = {
    gap: (coming: StoredMessage[], place: number) => coming.filter((_, index) => index !== place),
    duplicate: (coming: StoredMessage[], place: number) =>
      coming.flatMap((one, index) => (index === place ? [one, one] : [one])),
    order: (coming: StoredMessage[], place: number) => {
      const swapped = [...coming];
      swapped.splice(place, 2, ...coming.slice(place, place + 2).reverse());
      return swapped;
    },
  };

  it.each(Object.keys(faults) as (keyof typeof faults)[])(
    "a fault of the kind %s is found, as that and once",
    (kind) => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 60 }), fc.nat(2), (steps, place) => {
          const { violations } = play(steps, (coming) => faults[kind](coming, place));
          expect(violations.map((one) => one.kind)).toEqual([kind]);
        }),
        { numRuns: 200 },
      );
    },
  );

  it("an own message among what is heard is found as an echo, and once", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.nat(3), (steps, place) => {
        const own = steps.includes("own") ? steps : ["own" as const, ...steps];
        const audit = play(own, (coming) => {
          const echoed = [...coming];
          // The first own one, which is acknowledged by now.
          echoed.splice(
            place,
            0,
            message(1 + own.filter((one) => one === "own" || one === "other").indexOf("own"), firstOwn(own)),
          );
          return echoed;
        });
        expect(audit.violations.map((one) => one.kind)).toEqual(["echo"]);
      }),
      { numRuns: 200 },
    );
  });

  function firstOwn(steps: readonly Step[]): string {
    return `mine-${steps.filter((one) => one === "own" || one === "other").indexOf("own")}`;
  }
});

describe("reports", () => {
  it("tell the server what was wrong, where and by which way, and are bounded", () => {
    const asked: Ask[] = [];
    const report = auditReport("마당", "sse", (ask, answered) => {
      asked.push(ask);
      answered(null);
      return () => {};
    });
    for (let n = 0; n < MAX_REPORTS + 5; n += 1) report({ kind: "gap", expected: n, offset: n + 1 });
    expect(asked).toHaveLength(MAX_REPORTS);
    expect(asked[0]).toMatchObject({
      method: "POST",
      path: "/api/audit",
      keepalive: true,
      body: { room: "마당", transport: "sse", kind: "gap", expected: 0, offset: 1 },
    });
  });
});
