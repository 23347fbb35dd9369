import { describe, expect, it } from "vitest";
import { Excerpt } from "../src/chat/excerpt";
import type { Entry } from "../src/chat/protocol";
import type { Part, Result } from "../src/chat/room-api";
import { Timeline } from "../src/chat/timeline";

const SIZE = 1000;
const EPOCH = "0000000000000001";

const message = (offset: number): Entry => {
  const stored = { offset, author: "Lee", client_id: `x-${offset}`, at: offset * 1000 };
  // Every tenth entry is a change of the message before it.
  return offset % 10 === 0
    ? { ...stored, kind: "edit", target: offset - 1, text: `edited ${offset - 1}` }
    : { ...stored, text: `${offset}` };
};
const part = (from: number, to: number): Entry[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, place) => message(from + place));

/** A room of a thousand entries of which the page has the newest fifty. */
function setUp() {
  const main = new Timeline();
  main.open(part(951, SIZE), SIZE, true);
  let epoch = EPOCH;
  const asked: string[] = [];
  const held: (() => void)[] = [];
  let hold = false;
  const answer = async (what: string, value: Part): Promise<Result<Part>> => {
    asked.push(what);
    if (hold) await new Promise<void>((go) => held.push(go));
    return { ok: true, value };
  };
  const api = {
    around: (offset: number, limit: number) => {
      const [from, to] = [Math.max(1, offset - limit / 2), Math.min(SIZE, offset + limit / 2 - 1)];
      return answer(`around ${offset}`, { messages: part(from, to), epoch, more: from > 1, moreAfter: to < SIZE });
    },
    before: (offset: number, limit: number) => {
      const from = Math.max(1, offset - limit);
      return answer(`before ${offset}`, { messages: part(from, offset - 1), epoch, more: from > 1, moreAfter: true });
    },
    after: (offset: number, _epoch: string, limit: number) => {
      const to = Math.min(SIZE, offset + limit);
      return answer(`after ${offset}`, { messages: part(offset + 1, to), epoch, more: true, moreAfter: to < SIZE });
    },
  };
  const excerpt = new Excerpt(
    api,
    main,
    () => epoch,
    () => {},
  );
  return {
    ...{ main, excerpt, asked },
    restart: () => {
      epoch = "0000000000000002";
    },
    hold: () => {
      hold = true;
      return held;
    },
  };
}

describe("a part of the history away from the newest", () => {
  it("isn't needed for what is on the list", async () => {
    const { excerpt, asked } = setUp();
    expect(await excerpt.goTo(960)).toBeNull();
    expect(await excerpt.goTo(961)).toBeNull();
    expect([excerpt.timeline, asked]).toEqual([null, []]);
    expect(await excerpt.goTo(SIZE + 1), "nothing is there").toBe("message_unknown");
  });

  it("is shown instead of the newest, and read on in both directions", async () => {
    const { excerpt, main } = setUp();
    expect(await excerpt.goTo(501)).toBeNull();
    const shown = () => excerpt.timeline?.confirmed.map(({ offset }) => offset) ?? [];
    expect([shown()[0], shown().at(-1)]).toEqual([451, 549]);
    expect(excerpt.timeline?.at(499)?.text).toBe("edited 499");
    await excerpt.older();
    await excerpt.newer();
    expect([shown()[0], shown().at(-1), excerpt.moreAfter]).toEqual([351, 649, true]);
    expect(excerpt.timeline?.misses(351, 649)).toBe(false);
    expect(main.first).toBe(951);
    excerpt.leave();
    expect([excerpt.timeline, main.elsewhere]).toEqual([null, null]);
  });

  it("becomes the beginning of the list where it gets to it", async () => {
    const { excerpt, main } = setUp();
    await excerpt.goTo(801);
    await excerpt.newer();
    expect(excerpt.timeline).toBeNull();
    expect([main.first, main.head, main.misses(750, SIZE), main.moreBefore]).toEqual([751, SIZE, false, true]);
    expect(main.at(949)?.text).toBe("edited 949");
    await excerpt.goTo(721);
    expect([excerpt.timeline, main.first], "at once, if it's near").toEqual([null, 671]);
  });

  it("changes as what it shows is changed, as seen from either place", async () => {
    const { excerpt, main } = setUp();
    await excerpt.goTo(501);
    const at = { author: "Lee", client_id: "x", at: 1 };
    main.receive({ ...at, offset: SIZE + 1, kind: "edit", target: 501, text: "later" });
    expect([excerpt.timeline?.at(501)?.text, main.head]).toEqual(["later", SIZE + 1]);
    main.add("mine", "own", 1, { change: { kind: "edit", target: 502 } });
    main.confirm("mine", SIZE + 2, "Kim", 1);
    expect(excerpt.timeline?.at(502)?.text).toBe("own");
  });

  it("asks for one page at a time, and only the last place that was asked for counts", async () => {
    const { excerpt, asked, hold } = setUp();
    const held = hold();
    const [first, second] = [excerpt.goTo(101), excerpt.goTo(501)];
    for (const go of held) go();
    expect([await first, await second]).toEqual(["superseded", null]);
    void excerpt.older();
    void excerpt.older();
    void excerpt.newer();
    expect(asked.slice(2)).toEqual(["before 451"]);
  });

  it("of another life of the room is not shown", async () => {
    const { excerpt, restart } = setUp();
    await excerpt.goTo(501);
    restart();
    expect([excerpt.timeline, excerpt.moreAfter]).toEqual([null, false]);
  });
});
