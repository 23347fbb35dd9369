import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { REACTION_NAMES } from "../src/chat/changes";
import type { Change, Entry, StoredMessage } from "../src/chat/protocol";
import { Timeline } from "../src/chat/timeline";

const message = (offset: number, more: Partial<StoredMessage> = {}): StoredMessage => ({
  ...{ offset, author: "Lee", client_id: `x-${offset}`, text: `${offset}`, at: offset * 1000 },
  ...more,
});
const change = (offset: number, target: number, what: Told): Change =>
  ({ offset, author: "Lee", client_id: `x-${offset}`, at: offset * 1000, target, ...what }) as Change;
type Told = { kind: "edit"; text: string } | { kind: "delete" } | Reacts;
type Reacts = { kind: "reaction"; emoji: string; on: boolean; author?: string };

function opened(...page: Entry[]): Timeline {
  const timeline = new Timeline();
  timeline.open(page, 0, false);
  return timeline;
}

describe("changes of messages", () => {
  it("take a place in the room, and change what is said there", () => {
    const timeline = opened(message(1), message(2));
    timeline.receive(change(3, 1, { kind: "edit", text: "better" }));
    timeline.receive(change(4, 2, { kind: "reaction", emoji: "👍", on: true }));
    expect([timeline.head, timeline.hasGap, timeline.misses(2, 5)]).toEqual([4, false, false]);
    expect(timeline.confirmed).toMatchObject([
      { text: "better", edited: true, reactions: [] },
      { text: "2", edited: false, reactions: [{ emoji: "👍", names: ["Lee"], count: 1 }] },
    ]);
    timeline.receive(change(5, 1, { kind: "delete" }));
    timeline.receive(change(6, 1, { kind: "edit", text: "too late" }));
    timeline.receive(change(7, 2, { kind: "reaction", emoji: "👍", on: false }));
    expect(timeline.confirmed).toMatchObject([{ text: "", deleted: true }, { reactions: [] }]);
  });

  it("are laid over what was read from the server only if they aren't in it yet", () => {
    const timeline = opened(message(1, { text: "third", version: 6, edited_at: 6000 }));
    timeline.apply(change(3, 1, { kind: "edit", text: "first" }));
    timeline.apply(change(5, 1, { kind: "edit", text: "second" }));
    expect(timeline.at(1)?.text).toBe("third");
    timeline.apply(change(8, 1, { kind: "edit", text: "fourth" }));
    timeline.apply(change(7, 1, { kind: "edit", text: "between" }));
    expect(timeline.at(1)?.text, "the order is the server's, not that of arrival").toBe("fourth");
  });

  it("apply to a message that comes later than they do", () => {
    const timeline = opened(message(10));
    timeline.receive(change(11, 4, { kind: "edit", text: "changed" }));
    timeline.prepend(10, [message(4), message(5)], false);
    expect(timeline.at(4)).toMatchObject({ text: "changed", edited: true });
  });

  it("of reactions count those who aren't named, too", () => {
    const names = Array.from({ length: REACTION_NAMES }, (_, place) => `${place}`);
    const timeline = opened(message(1, { reactions: [{ emoji: "👍", names, count: 30 }] }));
    timeline.apply(change(2, 1, { kind: "reaction", emoji: "👍", on: true, author: "new" }));
    timeline.apply(change(3, 1, { kind: "reaction", emoji: "👍", on: false, author: "unnamed" }));
    timeline.apply(change(4, 1, { kind: "reaction", emoji: "👍", on: true, author: "0" }));
    const [reaction] = timeline.at(1)?.reactions ?? [];
    expect([reaction?.count, reaction?.names.length]).toEqual([30, REACTION_NAMES]);
  });

  it("are let go with the messages that were before them", () => {
    const timeline = opened(message(1), change(2, 1, { kind: "edit", text: "b" }), message(3), message(4));
    timeline.trim(1);
    expect([timeline.first, timeline.has(2), timeline.has(4)]).toEqual([4, false, true]);
    timeline.prepend(
      4,
      [message(1, { text: "b", version: 2 }), change(2, 1, { kind: "edit", text: "b" }), message(3)],
      false,
    );
    expect(timeline.confirmed.map(({ text }) => text)).toEqual(["b", "3", "4"]);
  });

  it("lead to the same, in whatever order and however often they come, and whichever were in the page", () => {
    const told = fc.oneof(
      fc.record({ kind: fc.constant("edit" as const), text: fc.string() }),
      fc.record({
        kind: fc.constant("reaction" as const),
        emoji: fc.constantFrom("👍", "🎉"),
        on: fc.boolean(),
        author: fc.constantFrom("Kim", "Lee", "Park"),
      }),
      fc.record({ kind: fc.constant("delete" as const) }),
    );
    const said = ({ confirmed }: Timeline) =>
      confirmed.map(({ text, deleted, reactions }) => ({
        ...{ text, deleted },
        // Who reacted first isn't told by the server's list of names, but who did is.
        reactions: reactions.map((one) => ({ ...one, names: [...one.names].sort() })),
      }));
    fc.assert(
      fc.property(
        fc.array(fc.record({ target: fc.integer({ min: 1, max: 3 }), what: told }), { maxLength: 12 }),
        fc.nat(12),
        fc.array(fc.nat(11), { maxLength: 30 }),
        (all, seen, order) => {
          const messages = [message(1), message(2), message(3)];
          const changes = all.map(({ target, what }, place) => change(place + 4, target, what));
          const expected = opened(...messages, ...changes);
          // What a page has that was read after the first few of the changes.
          const before = opened(...messages, ...changes.slice(0, seen));
          const page = before.confirmed.map((one, place) => {
            const last = changes.slice(0, seen).findLast(({ target }) => target === one.offset);
            const { text, deleted, edited, reactions } = one;
            return message(place + 1, {
              ...{ text, deleted, reactions: [...reactions], edited_at: edited ? 1 : null },
              version: last?.offset ?? null,
            });
          });
          const timeline = opened(...page);
          const some = order.flatMap((place) => changes[place] ?? []);
          for (const one of [...some, ...[...changes].reverse()]) timeline.receive(one);
          expect(said(timeline)).toEqual(said(expected));
          expect(timeline.head).toBe(changes.length + 3);
        },
      ),
    );
  });
});
