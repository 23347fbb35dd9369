import { describe, expect, it } from "vitest";
import { Auditor } from "../src/chat/auditor";
import { Inquiry } from "../src/chat/inquiry";
import type { FakeRoom } from "./fake-room";
import { abilities, person, texts, WAYS } from "./person";

describe.each(WAYS)("over %s", (way) => {
  const { overSocket, streams } = abilities(way);
  const setUp = (options: Parameters<typeof person>[1] = {}) => person(way, options);
  const sent = (room: FakeRoom) => room.received.filter((message) => message.type === "send");

  describe("coming back", () => {
    /** Live, with one message. */
    function present() {
      const all = setUp();
      all.room.storeOnly("Lee", "before");
      all.client.start();
      all.clock.advance(50);
      const histories = () => all.room.received.filter((message) => message.type === "history");
      const asked = histories().length;
      return { ...all, histories: () => histories().slice(asked) };
    }

    it.runIf(streams)("is told what it missed, without asking for it", () => {
      const { clock, room, client, arrived, histories, violations } = present();
      room.dropAll();
      room.storeOnly("Lee", "missed 1");
      room.storeOnly("Lee", "missed 2");
      clock.advance(5000);
      expect(client.state.kind).toBe("live");
      expect(texts(client)).toEqual(["before", "missed 1", "missed 2"]);
      expect(arrived.map(({ text }) => text)).toEqual(["missed 1", "missed 2"]);
      expect(histories()).toEqual([]);
      expect(violations).toEqual([]);
    });

    it.runIf(streams)("leaves out its own message, and sends it again to learn its place", () => {
      const { clock, room, client, histories, violations } = present();
      room.carries = (direction, message) => !(direction === "down" && message.type === "ack");
      client.send("stored, but who knows");
      clock.advance(5);
      room.storeOnly("Lee", "after it");
      room.carries = () => true;
      room.dropAll();
      clock.advance(Auditor.SETTLE_MS + 5000);
      expect(texts(client)).toEqual(["before", "stored, but who knows", "after it"]);
      expect(room.stored).toHaveLength(3);
      expect(histories()).toEqual([]);
      expect(violations).toEqual([]);
    });

    it.runIf(overSocket)("asks for what can't be told, in the numbering it knows", () => {
      const { clock, room, client, histories } = present();
      room.dropAll();
      room.storeOnly("Lee", "missed");
      room.oldest = 2;
      clock.advance(5000);
      expect(histories()).toMatchObject([{ after: 1, epoch: room.epoch }]);
      expect(texts(client)).toEqual(["before", "missed"]);
    });

    it("begins anew when the room has, and says so", () => {
      const { clock, room, client, arrived, violations } = present();
      room.restart();
      room.storeOnly("Lee", "a new beginning");
      clock.advance(10_000);
      expect(client.state.kind).toBe("live");
      expect(texts(client)).toEqual(["a new beginning"]);
      expect(client.timeline.restarted).toBe(true);
      expect(client.timeline.head).toBe(1);
      room.say("Lee", "goes on");
      client.send("me too");
      clock.advance(5000);
      expect(texts(client)).toEqual(["a new beginning", "goes on", "me too"]);
      expect(arrived.at(-1)?.text).toBe("goes on");
      expect(violations).toEqual([]);
    });

    it.runIf(overSocket)("begins anew when only the history knows of it", () => {
      const { clock, room, client } = present();
      room.epoch = "00000000000000ff";
      client.wake();
      clock.advance(50);
      expect(client.state.kind).toBe("live");
      expect([client.timeline.restarted, texts(client)]).toEqual([true, ["before"]]);
    });

    it.runIf(overSocket)("begins anew when only an acknowledgement knows of it", () => {
      const { clock, room, client } = present();
      room.epoch = "00000000000000ff";
      client.send("where am I?");
      clock.advance(50);
      expect(client.state.kind).toBe("live");
      expect([client.timeline.restarted, texts(client)]).toEqual([true, ["before", "where am I?"]]);
      expect(client.timeline.pending).toEqual([]);
    });

    it.runIf(overSocket)("begins anew when the room runs behind what is shown, whatever its epoch", () => {
      const { clock, room, client } = present();
      room.log = [];
      room.dropAll();
      clock.advance(5000);
      expect([client.timeline.restarted, texts(client)]).toEqual([true, []]);
    });

    it.runIf(streams)("fetches what it is told of and didn't get", () => {
      const { clock, room, client, histories } = present();
      room.storeOnly("Lee", "lost on the way");
      room.tell({ type: "position", ...room.position });
      clock.advance(Inquiry.GAP_MS + 50);
      expect(texts(client)).toEqual(["before", "lost on the way"]);
      expect(histories()).toHaveLength(1);

      room.tell({ type: "position", offset: 7, epoch: room.epoch });
      clock.advance(10 * Inquiry.GAP_MS);
      expect(histories(), "what isn't there is asked for once").toHaveLength(2);
      expect(client.timeline.head).toBe(7);
    });

    it.runIf(streams)("finds a gap also after a history has settled what was on its way", () => {
      const first = present();
      first.room.carries = (direction, message) => !(direction === "down" && message.type === "ack");
      first.client.send("mine");
      first.clock.advance(5);
      first.client.stop();
      first.room.carries = () => true;

      const { clock, room, client, violations } = setUp({ room: first.room, memory: first.memory });
      client.start();
      clock.advance(50);
      expect(texts(client)).toEqual(["before", "mine"]);
      room.storeOnly("Lee", "lost");
      room.say("Lee", "arrives");
      clock.advance(2 * Auditor.SETTLE_MS);
      expect(violations).toEqual([{ kind: "gap", expected: 3, offset: 4 }]);
    });

    it.runIf(streams)("fetches what the server skipped", () => {
      const { clock, room, client, violations } = present();
      room.storeOnly("Lee", "skipped 1");
      room.storeOnly("Lee", "skipped 2");
      room.tell({ type: "skipped", count: 2 });
      clock.advance(1);
      expect([client.skipped, client.state.kind]).toEqual([true, "catching-up"]);
      room.say("Lee", "and on");
      clock.advance(Auditor.SETTLE_MS + 50);
      expect([client.skipped, client.state.kind]).toEqual([false, "live"]);
      expect(texts(client)).toEqual(["before", "skipped 1", "skipped 2", "and on"]);
      expect(violations).toEqual([]);
    });
  });

  describe("limits", () => {
    it("a message that comes too soon goes out by itself when it may, in its turn", () => {
      const { clock, room, client } = setUp();
      client.start();
      clock.advance(50);
      room.refuseSends = "rate_limited";
      room.retryAfterMs = 4000;
      const start = clock.now();
      client.send("one");
      client.send("two");
      clock.advance(50);
      expect(client.obstacles.hold?.code).toBe("rate_limited");
      expect((client.obstacles.hold?.until ?? 0) - start).toBeLessThan(4050);
      expect(client.timeline.pending.map(({ state, attempts }) => [state, attempts])).toEqual([
        ["queued", 0],
        ["queued", 0],
      ]);
      room.refuseSends = null;
      const before = sent(room).length;
      clock.advance(3900);
      expect(sent(room)).toHaveLength(before);
      clock.advance(200);
      expect(client.obstacles.hold).toBeNull();
      expect(room.stored.map(({ text }) => text)).toEqual(["one", "two"]);
      expect(client.timeline.pending).toEqual([]);
    });

    it("however often that happens, no message is given up", () => {
      const { clock, room, client } = setUp();
      client.start();
      clock.advance(50);
      room.refuseSends = "rate_limited";
      room.retryAfterMs = 1000;
      client.send("patient");
      clock.advance(60_000);
      expect(client.timeline.pending).toMatchObject([{ state: "queued", attempts: 0 }]);
      room.refuseSends = null;
      clock.advance(2000);
      expect(texts(client)).toEqual(["patient"]);
    });

    it("in a room that is only written by the server nothing can be said", () => {
      const { clock, room, client } = setUp();
      client.start();
      clock.advance(50);
      expect(client.obstacles.readOnly).toBe(false);
      room.refuseSends = "room_read_only";
      client.send("hello?");
      clock.advance(50);
      expect(client.obstacles.readOnly).toBe(true);
      expect(client.timeline.pending).toMatchObject([{ state: "failed", reason: "room_read_only" }]);
    });

    it("who asks for too much comes back no sooner than the server says", () => {
      const { clock, room, client } = setUp({ seed: () => 0 });
      room.carries = (direction, message) => {
        if (direction === "down" || message.type !== "history" || !overSocket) return true;
        room.tell({ type: "error", code: "rate_limited", message: "no", retry_after_ms: 20_000 });
        room.mute = true;
        return true;
      };
      const limited = { status: 429, body: { code: "rate_limited", message: "no", retry_after_ms: 20_000 } };
      room.interfere = (ask) => (ask.method === "GET" ? limited : null);
      client.start();
      clock.advance(50);
      expect(client.state).toMatchObject({ kind: "waiting", code: "rate_limited" });
      room.carries = () => true;
      room.interfere = () => null;
      room.mute = false;
      clock.advance(19_900);
      expect(client.state.kind).toBe("waiting");
      clock.advance(200);
      expect(client.state.kind).toBe("live");
    });
  });

  it.runIf(way === "polling")("rests while nobody looks: no probe, no end, and what was said is there at once", () => {
    const { clock, room, client } = setUp();
    client.start();
    clock.advance(50);
    room.attention.away = true;
    clock.advance(1000);
    const asked = room.asked.length;
    clock.advance(3_600_000);
    expect(room.asked).toHaveLength(asked);
    expect(client.state.kind).toBe("live");
    room.say("Lee", "anybody there?");
    room.attention.away = false;
    clock.advance(5);
    expect(texts(client)).toEqual(["anybody there?"]);
  });
});
