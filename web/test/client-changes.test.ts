import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ChatClient } from "../src/chat/client";
import { layOut, type MessageRow } from "../src/chat/rows";
import { FakeRoom } from "./fake-room";
import { abilities, person, tabMemory, WAYS } from "./person";
import { VirtualClock } from "./virtual-clock";

/** What the page shows, changes that are on their way included. */
function shown(client: ChatClient): MessageRow[] {
  const viewer = {
    ...{ name: client.name, isOwn: (_: string, author: string) => author === client.name, dayOf: () => "today" },
    ...{ skipped: false, readUpTo: 0, find: (offset: number) => client.timeline.at(offset) },
    readBy: (offset: number) => client.reading.of(offset),
  };
  return layOut(client.timeline, viewer).filter((row): row is MessageRow => row.kind === "message");
}

const emojis = ({ reactions }: MessageRow) => reactions.map(({ emoji, count }) => `${emoji}${count}`).join(" ");

describe.each(WAYS)("changes of messages over %s", (way) => {
  const { overSocket, atOnce } = abilities(way);
  const settle = (clock: VirtualClock) => clock.advance(atOnce ? 100 : 2000);

  function inRoom() {
    const all = person(way);
    all.client.start();
    settle(all.clock);
    return all;
  }

  it("edits, reacts to and deletes what was said, shown at once and told to all", () => {
    const { clock, room, client, violations } = inRoom();
    room.say("Lee", "theirs");
    client.send("mine");
    settle(clock);
    expect(client.edit(2, "  better\n")).toBeNull();
    client.react(1, "👍", true);
    expect(shown(client).map((row) => [row.text, emojis(row), row.changing])).toEqual([
      ["theirs", "👍1", true],
      ["  better", "", true],
    ]);
    settle(clock);
    expect(shown(client).map((row) => [row.text, emojis(row), row.changing, row.edited])).toEqual([
      ["theirs", "👍1", false, false],
      ["  better", "", false, true],
    ]);
    expect(room.stored).toMatchObject([{ reactions: [{ emoji: "👍", names: ["Kim"] }] }, { text: "  better" }]);
    client.react(1, "👍", false);
    client.delete(2);
    settle(clock);
    expect(shown(client).map((row) => [row.text, emojis(row), row.deleted])).toEqual([
      ["theirs", "", false],
      ["", "", true],
    ]);
    expect(room.stored).toMatchObject([{ reactions: [] }, { deleted: true }]);
    expect([client.timeline.pending, violations]).toEqual([[], []]);
  });

  it("hears what others change", () => {
    const { clock, room, client, arrived, violations } = inRoom();
    room.say("Lee", "one");
    room.does("Lee", { type: "edit", target: 1, text: "two" });
    room.does("Park", { type: "react", target: 1, emoji: "🎉", on: true });
    settle(clock);
    expect(shown(client).map((row) => [row.text, emojis(row)])).toEqual([["two", "🎉1"]]);
    room.does("Lee", { type: "delete", target: 1 });
    settle(clock);
    expect(shown(client)).toMatchObject([{ deleted: true, text: "" }]);
    expect([arrived.length, client.timeline.hasGap, violations]).toEqual([1, false, []]);
  });

  it("undoes what the server refuses, and says why", () => {
    const { clock, room, client, undone } = inRoom();
    room.say("Lee", "theirs");
    settle(clock);
    client.edit(1, "stolen");
    client.delete(1);
    client.react(7, "👍", true);
    expect(shown(client)[0]?.deleted).toBe(true);
    settle(clock);
    expect(shown(client)).toMatchObject([{ text: "theirs", deleted: false, changing: false }]);
    expect(undone).toEqual(["not_yours", "not_yours", "message_unknown"]);
    expect(client.timeline.pending).toEqual([]);
  });

  it("takes a change that changes nothing for done, and misses nothing after it", () => {
    const { clock, room, client, undone, violations } = inRoom();
    room.does("Lee", { type: "send", text: "theirs" });
    client.send("mine");
    settle(clock);
    client.react(1, "👍", false);
    client.edit(2, "mine");
    settle(clock);
    expect(room.log).toHaveLength(2);
    room.moderators.push("Kim");
    room.does("Lee", { type: "delete", target: 1 });
    client.delete(1);
    client.send("more");
    settle(clock);
    room.say("Lee", "last");
    settle(clock);
    expect(shown(client).map((row) => [row.text, row.edited, row.deleted, row.changing])).toEqual([
      ["", false, true, false],
      ["mine", false, false, false],
      ["more", false, false, false],
      ["last", false, false, false],
    ]);
    expect(client.timeline.head).toBe(room.log.length);
    expect([client.timeline.pending, client.timeline.hasGap, violations, undone]).toEqual([[], false, [], []]);
  });

  it("lets those who keep order delete what others have said", () => {
    const { clock, room, client, undone } = inRoom();
    room.moderators.push("Kim");
    room.say("Lee", "theirs");
    settle(clock);
    client.delete(1);
    settle(clock);
    expect([shown(client)[0]?.deleted, undone]).toEqual([true, []]);
  });

  it("answers a message", () => {
    const { clock, room, client } = inRoom();
    room.say("Lee", "question?");
    settle(clock);
    client.send("answer!", 1);
    expect(shown(client)[1]?.answered).toMatchObject({ offset: 1, author: "Lee", text: "question?" });
    settle(clock);
    expect(room.stored[1]).toMatchObject({ text: "answer!", reply_to: 1 });
    expect(shown(client)[1]?.answered).toMatchObject({ offset: 1, author: "Lee" });
    room.does("Park", { type: "send", text: "me too", reply_to: 90 });
    settle(clock);
    expect(shown(client)[2]?.answered, "what isn't here is only pointed at").toEqual({ offset: 90 });
  });

  it("keeps changes over a reload and a lost connection, and makes them once", () => {
    const { clock, room, client, memory } = inRoom();
    client.send("mine");
    settle(clock);
    room.carries = (direction, message) => !(direction === "down" && message.type === "ack");
    client.edit(1, "changed");
    settle(clock);
    expect(room.log).toHaveLength(2);
    client.stop();
    room.carries = () => true;
    const again = person(way, { room, memory, name: "Kim" });
    expect(memory.pending).toMatchObject([{ text: "changed", change: { kind: "edit", target: 1 } }]);
    again.client.start();
    settle(clock);
    settle(clock);
    expect([room.log.length, again.client.timeline.pending, again.undone]).toEqual([2, [], []]);
    expect(shown(again.client)).toMatchObject([{ text: "changed", edited: true }]);
  });

  it("drops changes that meant messages of another life of the room, and sends answers as messages", () => {
    const { clock, room, client, undone } = inRoom();
    client.send("mine");
    settle(clock);
    room.reachable = false;
    room.dropAll();
    clock.advance(1000);
    client.edit(1, "changed");
    client.send("answer", 1);
    room.log = [];
    room.epoch = "00000000000000ff";
    room.reachable = true;
    clock.advance(60_000);
    expect(room.log).toMatchObject([{ text: "answer" }]);
    expect(room.stored[0]?.reply_to).toBeUndefined();
    expect([client.timeline.pending, undone]).toEqual([[], []]);
  });

  it("tells how far somebody has read, never backwards, at most once a second", () => {
    const { clock, room, client } = inRoom();
    for (let n = 1; n <= 9; n += 1) room.say("Lee", `${n}`);
    settle(clock);
    const told = () => room.received.flatMap((message) => (message.type === "read" ? message.offset : []));
    for (const offset of [2, 1, 3, 9, 5]) client.reading.seen(offset);
    clock.advance(100);
    expect(told()).toEqual([2]);
    clock.advance(2000);
    expect([told(), client.reading.own]).toEqual([[2, 9], 9]);
  });

  it("is sent away within the moment, says so, and comes back when that is over", () => {
    const { clock, room, client } = inRoom();
    room.ban("Kim");
    // Who has asked already is answered when they ask again.
    if (way === "long-polling") room.say("Lee", "bye");
    settle(clock);
    expect(client.state).toMatchObject({ kind: "refused", code: "banned" });
    expect(client.send("let me in")).toBe("banned");
    expect(room.connections).toBe(0);
    room.banned = [];
    clock.advance(61_000);
    expect(client.state.kind).toBe("live");
    expect(client.send("thank you")).toBeNull();
  });

  it.runIf(overSocket)("who is signed out comes again, as whoever they are then", () => {
    const { clock, room, client } = inRoom();
    room.tell({ type: "error", code: "signed_out", message: "no" });
    clock.advance(5);
    expect(client.state).toMatchObject({ kind: "waiting", code: "signed_out" });
    clock.advance(61_000);
    expect(client.state.kind).toBe("live");
  });

  it("doesn't ask again and again while a ban is longer than a browser's timers", () => {
    const { clock, room, client } = inRoom();
    room.banMs = 60 * 24 * 3600 * 1000;
    room.ban("Kim");
    if (way === "long-polling") room.say("Lee", "bye");
    const waits: number[] = [];
    const { after } = clock;
    clock.after = (ms, run) => {
      waits.push(ms);
      return after.call(clock, ms, run);
    };
    settle(clock);
    expect(client.state).toMatchObject({ kind: "refused", code: "banned" });
    expect(Math.max(...waits)).toBe(2 ** 31 - 1);
  });

  it("who is muted learns it, keeps what they wrote, and can speak when it is over", () => {
    const { clock, room, client } = inRoom();
    room.refuseSends = "muted";
    room.retryAfterMs = 30_000;
    client.send("quiet please");
    settle(clock);
    expect(client.timeline.pending).toMatchObject([{ state: "failed", reason: "muted" }]);
    expect(client.obstacles.silenced).toMatchObject({ code: "muted" });
    expect([client.send("again"), client.react(1, "👍", true)]).toEqual(["muted", "muted"]);
    room.refuseSends = null;
    clock.advance(30_000);
    expect(client.obstacles.silenced).toBeNull();
    client.retry(client.timeline.pending[0]?.clientId ?? "");
    settle(clock);
    expect(room.stored).toMatchObject([{ text: "quiet please" }]);
  });

  it("waits in slow mode, and goes on by itself", () => {
    const { clock, room, client } = inRoom();
    room.refuseSends = "slow_mode";
    room.retryAfterMs = 5000;
    client.send("soon");
    settle(clock);
    expect(client.obstacles.hold).toMatchObject({ code: "slow_mode" });
    expect(client.timeline.pending).toMatchObject([{ state: "queued" }]);
    room.refuseSends = null;
    clock.advance(5100);
    settle(clock);
    expect(room.stored).toMatchObject([{ text: "soon" }]);
  });

  it.runIf(overSocket)("hears who reads, and who is moderated", () => {
    const { clock, room, client, moderated } = person(way);
    room.storeOnly("Lee", "old");
    room.markers = {
      read: 1,
      readers: [
        { name: "Lee", offset: 1 },
        { name: "Kim", offset: 1 },
      ],
    };
    client.start();
    settle(clock);
    client.send("mine");
    settle(clock);
    expect([client.reading.entered, client.reading.of(1).names, client.reading.of(2).count]).toEqual([1, ["Lee"], 0]);
    for (const offset of [2, 1]) room.tell({ type: "read", name: "Lee", offset });
    room.tell({ type: "moderated", action: "mute", name: "Lee" });
    settle(clock);
    expect([shown(client)[1]?.readBy.names, moderated, client.obstacles.silenced]).toEqual([
      ["Lee"],
      ["mute Lee"],
      null,
    ]);
    room.tell({ type: "moderated", action: "mute", name: "Kim", until: clock.now() + 1000 });
    settle(clock);
    expect(client.obstacles.silenced?.code).toBe("muted");
    room.tell({ type: "moderated", action: "unmute", name: "Kim" });
    settle(clock);
    expect(client.obstacles.silenced).toBeNull();
  });

  it("whatever is cut, everybody ends with the same", () => {
    const step = fc.oneof(
      fc.record({ what: fc.constant("send" as const), who: fc.nat(1) }),
      fc.record({ what: fc.constant("edit" as const), who: fc.nat(1), target: fc.integer({ min: 1, max: 6 }) }),
      fc.record({ what: fc.constant("delete" as const), who: fc.nat(1), target: fc.integer({ min: 1, max: 6 }) }),
      fc.record({
        ...{ what: fc.constant("react" as const), who: fc.nat(1), target: fc.integer({ min: 1, max: 6 }) },
        on: fc.boolean(),
      }),
      fc.record({ what: fc.constant("wait" as const), ms: fc.nat(400) }),
      fc.record({ what: fc.constant("drop" as const) }),
      fc.record({ what: fc.constant("cut" as const), after: fc.nat(12) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const clock = new VirtualClock();
        const room = new FakeRoom(clock);
        room.pollAfter = 5;
        const people = ["Kim", "Lee"].map((name) => person(way, { name, room, memory: tabMemory() }));
        for (const { client } of people) client.start();
        clock.advance(100);
        for (const one of steps) {
          const client = "who" in one ? people[one.who]?.client : undefined;
          if (one.what === "send") client?.send(`${room.log.length}`);
          else if (one.what === "edit") client?.edit(one.target, `edited ${room.log.length}`);
          else if (one.what === "delete") client?.delete(one.target);
          else if (one.what === "react") client?.react(one.target, "👍", one.on);
          else if (one.what === "wait") clock.advance(one.ms);
          else if (one.what === "drop") room.dropAll();
          else {
            let left = one.after;
            room.carries = () => {
              left -= 1;
              return left !== -1;
            };
          }
        }
        room.carries = () => true;
        clock.advance(300_000);
        const expected = room.stored.map(({ text, deleted, reactions }) => ({
          text,
          deleted: deleted === true,
          reactions: (reactions ?? []).map(({ names }) => [...names].sort()),
        }));
        for (const { client, violations } of people) {
          const list = shown(client).map(({ text, deleted, reactions }) => ({
            text,
            deleted,
            reactions: reactions.map(({ names }) => [...names].sort()),
          }));
          expect(list).toEqual(expected);
          expect([client.timeline.pending, violations, client.timeline.hasGap]).toEqual([[], [], false]);
        }
      }),
      { numRuns: 100 },
    );
  });
});
