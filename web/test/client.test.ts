import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Auditor, type Violation } from "../src/chat/auditor";
import { ChatClient } from "../src/chat/client";
import { Outbox } from "../src/chat/outbox";
import type { ClientMessage, Identity } from "../src/chat/protocol";
import type { TabMemory } from "../src/chat/settings";
import type { Confirmed, Pending } from "../src/chat/timeline";
import { FakeRoom } from "./fake-room";
import { VirtualClock } from "./virtual-clock";

/** What survives a reload: values, not objects. */
function tabMemory(): TabMemory {
  let identity: Identity | null = null;
  let pending = "[]";
  return {
    get identity() {
      return identity;
    },
    saveIdentity(value) {
      identity = value;
    },
    get pending() {
      return JSON.parse(pending) as Pending[];
    },
    savePending(value) {
      pending = JSON.stringify(value);
    },
  };
}

describe.each(["websocket", "socketio", "sse", "long-polling", "polling"] as const)("over %s", (way) => {
  function setUp(options: { name?: string; memory?: TabMemory; room?: FakeRoom; seed?: () => number } = {}) {
    const clock = options.room?.clock ?? new VirtualClock();
    const room = options.room ?? new FakeRoom(clock);
    const memory = options.memory ?? tabMemory();
    const arrived: Confirmed[] = [];
    let ids = memory.pending.length * 1000;
    const tab = ++tabs;
    const violations: Violation[] = [];
    const auditor = new Auditor(clock, (violation) => violations.push(violation));
    const client = new ChatClient({
      way: room.ways[way],
      name: options.name ?? "Kim",
      newClientId: () => `tab${tab}-${++ids}`,
      random: options.seed ?? (() => 0.5),
      clock,
      memory,
      auditor,
      events: { changed: () => {}, arrived: (messages) => arrived.push(...messages) },
    });
    return { clock, room, memory, client, arrived, violations };
  }
  let tabs = 0;
  const overSocket = way === "websocket" || way === "socketio";
  /** Whether what is said arrives at once. */
  const atOnce = way !== "polling";
  /** Whether the server can say several things in a row, and break off in between. */
  const streams = overSocket || way === "sse";

  const texts = (client: ChatClient) => client.timeline.confirmed.map((message) => message.text);
  const sent = (room: FakeRoom) => room.received.filter((message) => message.type === "send");

  describe("joining", () => {
    it("joins with the name, loads the newest page and is live", () => {
      const { clock, room, client, memory, arrived } = setUp();
      for (let n = 1; n <= 60; n += 1) room.storeOnly("Lee", `old ${n}`);
      client.start();
      expect(client.state.kind).toBe("connecting");
      clock.advance(50);
      expect(client.state).toEqual({ kind: "live" });
      expect(texts(client)).toHaveLength(ChatClient.PAGE);
      expect(texts(client).at(-1)).toBe("old 60");
      expect(client.timeline.moreBefore).toBe(true);
      expect(client.members).toEqual(overSocket ? ["Kim"] : []);
      expect(memory.identity).not.toBeNull();
      expect(arrived, "what was there before is no news").toEqual([]);
    });

    it.runIf(streams)("comes back with its session", () => {
      const { clock, room, client } = setUp();
      client.start();
      clock.advance(50);
      room.dropAll(1001);
      expect(client.state.kind).toBe("waiting");
      clock.advance(1000);
      expect(client.state.kind).toBe("live");
      if (!overSocket) return expect(room.asked.filter(({ path }) => path === "/api/sessions")).toHaveLength(1);
      const joins = room.received.filter((message) => message.type === "join");
      expect(joins.map((join) => join.session)).toEqual([undefined, "session-1"]);
    });

    it("loads older pages one at a time until there are none", () => {
      const { clock, room, client } = setUp();
      for (let n = 1; n <= 120; n += 1) room.storeOnly("Lee", `old ${n}`);
      client.start();
      clock.advance(50);
      client.loadOlder();
      client.loadOlder();
      clock.advance(50);
      expect(texts(client)).toHaveLength(100);
      client.loadOlder();
      clock.advance(50);
      expect(texts(client)).toHaveLength(120);
      expect(client.timeline.moreBefore).toBe(false);
      client.loadOlder();
      clock.advance(50);
      expect(room.received.filter((message) => message.type === "history")).toHaveLength(3);
    });

    it("misses nothing that is said while the first page is on its way", () => {
      const { clock, room, client } = setUp();
      client.start();
      for (let n = 1; n <= 20; n += 1) {
        clock.advance(1);
        room.say("Lee", `${n}`);
      }
      clock.advance(atOnce ? 50 : 1000);
      expect(texts(client)).toEqual(room.stored.map((message) => message.text));
    });

    it("stops at a room the server refuses, and starts again on demand", () => {
      const { clock, room, client } = setUp();
      room.invalid = true;
      client.start();
      clock.advance(50);
      expect(client.state).toEqual({ kind: "refused", code: "room_invalid" });
      clock.advance(600_000);
      expect(room.connections).toBe(0);
    });

    // An event stream doesn't tell why it was refused.
    it.runIf(way !== "sse")("takes another session when the server doesn't know what to do with its own", () => {
      const memory = tabMemory();
      memory.saveIdentity({ session: "old", sender: "old" });
      const { clock, room, client } = setUp({ memory });
      room.carries = (direction, message) => {
        room.mute = direction === "up" && message.type === "join" && message.session === "old";
        if (room.mute) room.tell({ type: "error", code: "session_invalid", message: "no" });
        return true;
      };
      const refused = { status: 400, body: { code: "sender_invalid", message: "no" } };
      room.interfere = (ask) => (ask.query?.except === "old" ? refused : null);
      client.start();
      clock.advance(40_000);
      expect(client.state.kind).toBe("live");
      expect(memory.identity?.session).toBe("session-1");
    });

    it.runIf(overSocket)("asks for another name when the server refuses it", () => {
      const { clock, room, client } = setUp();
      room.carries = (_, message) => {
        if (message.type === "join" && message.name === "Kim") {
          room.tell({ type: "error", code: "name_invalid", message: "no" });
          room.mute = true;
        } else room.mute = false;
        return true;
      };
      client.start();
      clock.advance(50);
      expect(client.state).toEqual({ kind: "refused", code: "name_invalid" });
      client.rename("Park");
      clock.advance(50);
      expect(client.state.kind).toBe("live");
      expect(client.name).toBe("Park");
    });
  });

  describe("sending", () => {
    it("goes from queued over sending to sent, in one place of the list", () => {
      const { clock, room, client } = setUp();
      client.start();
      expect(client.send("hello")).toBeNull();
      const key = client.timeline.pending[0]?.key;
      expect(client.timeline.pending[0]?.state).toBe("queued");
      clock.advance(overSocket ? 5 : 7);
      expect(client.timeline.pending[0]?.state).toBe("sending");
      clock.advance(50);
      expect(client.timeline.pending).toEqual([]);
      expect(client.timeline.confirmed[0]).toMatchObject({ key, offset: 1, author: "Kim", text: "hello" });
      expect(room.stored).toHaveLength(1);
    });

    it("says what is wrong with a text and sends nothing", () => {
      const { clock, room, client } = setUp();
      client.start();
      clock.advance(50);
      expect(client.send(" \n ")).toBe("text_empty");
      expect(client.send("😀".repeat(4000))).toBeNull();
      expect(client.send("a".repeat(4001))).toBe("text_too_long");
      clock.advance(50);
      expect(sent(room)).toHaveLength(1);
    });

    it("keeps at most MAX_PENDING unsent messages", () => {
      const { client } = setUp();
      for (let n = 0; n < Outbox.MAX_PENDING; n += 1) expect(client.send(`${n}`)).toBeNull();
      expect(client.send("one more")).toBe("too_many_unsent");
    });

    it("fails what the server refuses, and retries with the same id", () => {
      const { clock, room, client } = setUp();
      client.start();
      clock.advance(50);
      room.refuseSends = "client_id_invalid";
      client.send("hello");
      clock.advance(50);
      const failed = client.timeline.pending[0];
      expect(failed).toMatchObject({ state: "failed", reason: "client_id_invalid" });
      room.refuseSends = null;
      client.retry(failed?.clientId ?? "");
      clock.advance(50);
      expect(room.stored.map((message) => message.client_id)).toEqual([failed?.clientId]);
      expect(client.timeline.pending).toEqual([]);
    });

    it("discards only what has failed", () => {
      const { clock, room, client, memory } = setUp();
      client.start();
      clock.advance(50);
      room.refuseSends = "text_too_long";
      client.send("hello");
      const id = client.timeline.pending[0]?.clientId ?? "";
      client.discard(id);
      expect(client.timeline.pending).toHaveLength(1);
      clock.advance(50);
      client.discard(id);
      expect(client.timeline.pending).toEqual([]);
      expect(memory.pending).toEqual([]);
    });

    it("repeats by itself while the store is unavailable, and not faster than it should", () => {
      const { clock, room, client } = setUp();
      client.start();
      clock.advance(50);
      room.refuseSends = "store_unavailable";
      client.send("hello");
      clock.advance(Outbox.STORE_RETRY_MS * 3);
      expect(sent(room).length).toBeLessThanOrEqual(4);
      room.refuseSends = null;
      clock.advance(Outbox.STORE_RETRY_MS + 50);
      expect(texts(client)).toEqual(["hello"]);
    });

    it("gives up on a message after MAX_ATTEMPTS, so that it can't hold up the rest for ever", () => {
      const { clock, room, client } = setUp();
      room.carries = (_, message) => !(message.type === "send" && message.text === "poison");
      client.start();
      clock.advance(50);
      client.send("poison");
      client.send("after it");
      clock.advance(3_600_000);
      expect(client.timeline.pending).toMatchObject([{ text: "poison", state: "failed", reason: "no_answer" }]);
      expect(texts(client)).toEqual(["after it"]);
    });

    it("survives a reload between send and acknowledgement", () => {
      const first = setUp();
      first.client.start();
      first.clock.advance(50);
      first.room.carries = (direction, message) => !(direction === "down" && message.type === "ack");
      first.client.send("stored, but who knows");
      first.clock.advance(5);
      first.client.stop();
      first.room.carries = () => true;
      expect(first.memory.pending).toHaveLength(1);

      const second = setUp({ room: first.room, memory: first.memory });
      second.client.start();
      second.clock.advance(50);
      expect(texts(second.client)).toEqual(["stored, but who knows"]);
      expect(second.client.timeline.pending).toEqual([]);
      expect(first.room.stored).toHaveLength(1);
    });
  });

  describe("the connection", () => {
    it("tries again at once when woken, and backs off otherwise", () => {
      const { clock, room, client } = setUp({ seed: () => 0.999 });
      room.reachable = false;
      client.start();
      clock.advance(120_000);
      expect(client.state.kind).toBe("waiting");
      room.reachable = true;
      client.wake();
      clock.advance(50);
      expect(client.state.kind).toBe("live");
    });

    it("notices a peer that is silent about what it was asked", () => {
      const { clock, room, client } = setUp();
      client.start();
      clock.advance(50);
      room.mute = true;
      client.send("anyone?");
      clock.advance(ChatClient.REPLY_MS - 100);
      expect(client.state.kind).toBe("live");
      clock.advance(200);
      expect(client.state.kind).not.toBe("live");
      room.mute = false;
      clock.advance(20_000);
      expect(texts(client)).toEqual(["anyone?"]);
    });

    it("notices a connection that died in silence, without anything to send", () => {
      const { clock, room, client } = setUp();
      client.start();
      clock.advance(50);
      room.mute = true;
      clock.advance(ChatClient.PROBE_MS + ChatClient.REPLY_MS + 100);
      expect(client.state.kind).not.toBe("live");
    });

    it("gives up on a connection that never opens the room", () => {
      const { clock, room, client } = setUp();
      room.mute = true;
      client.start();
      clock.advance(ChatClient.REPLY_MS + 1);
      expect(client.state.kind).toBe("waiting");
    });

    it("catches up page by page, and tells of the news in order", () => {
      const { clock, room, client, arrived } = setUp();
      room.storeOnly("Lee", "before");
      client.start();
      clock.advance(50);
      room.dropAll();
      for (let n = 1; n <= 450; n += 1) room.storeOnly("Lee", `missed ${n}`);
      clock.advance(1000);
      expect(client.state.kind).toBe("live");
      expect(texts(client)).toHaveLength(451);
      expect(arrived.map((message) => message.offset)).toEqual(Array.from({ length: 450 }, (_, index) => index + 2));
    });

    it("shows the newest page first when it is far behind", () => {
      const { clock, room, client } = setUp();
      room.storeOnly("Lee", "before");
      client.start();
      clock.advance(50);
      room.dropAll();
      for (let n = 0; n <= ChatClient.FAR_BEHIND; n += 1) room.storeOnly("Lee", `missed ${n}`);
      room.oldest = 2;
      clock.advance(1000);
      expect(texts(client)).toHaveLength(ChatClient.PAGE);
      expect(texts(client).at(-1)).toBe(`missed ${ChatClient.FAR_BEHIND}`);
      expect(client.timeline.moreBefore).toBe(true);
    });

    it.runIf(streams)("asks for what is missing when the sequence has a gap", () => {
      const { clock, room, client, violations } = setUp();
      client.start();
      clock.advance(50);
      room.storeOnly("Lee", "lost on the way");
      room.say("Lee", "arrives");
      clock.advance(10);
      expect(texts(client)).toEqual(["arrives"]);
      clock.advance(ChatClient.GAP_MS + 50);
      expect(texts(client)).toEqual(["lost on the way", "arrives"]);
      clock.advance(Auditor.SETTLE_MS);
      expect(violations, "the list is whole; the stream wasn't").toEqual([{ kind: "gap", expected: 1, offset: 2 }]);
    });

    it("leaves nothing behind when it is stopped", () => {
      const { clock, room, client } = setUp();
      client.start();
      clock.advance(50);
      room.storeOnly("Lee", "lost on the way");
      room.say("Lee", "arrives");
      room.refuseSends = "rate_limited";
      room.retryAfterMs = 60_000;
      client.send("bye");
      clock.advance(5);
      expect(client.hold).not.toBeNull();
      client.stop();
      clock.advance(10);
      expect(room.connections).toBe(0);
      expect(clock.pendingTimers).toBe(0);
    });
  });

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
      room.stored = [];
      room.dropAll();
      clock.advance(5000);
      expect([client.timeline.restarted, texts(client)]).toEqual([true, []]);
    });

    it.runIf(streams)("fetches what it is told of and didn't get", () => {
      const { clock, room, client, histories } = present();
      room.storeOnly("Lee", "lost on the way");
      room.tell({ type: "position", ...room.position });
      clock.advance(ChatClient.GAP_MS + 50);
      expect(texts(client)).toEqual(["before", "lost on the way"]);
      expect(histories()).toHaveLength(1);

      room.tell({ type: "position", offset: 7, epoch: room.epoch });
      clock.advance(10 * ChatClient.GAP_MS);
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
      expect(client.hold?.code).toBe("rate_limited");
      expect((client.hold?.until ?? 0) - start).toBeLessThan(4050);
      expect(client.timeline.pending.map(({ state, attempts }) => [state, attempts])).toEqual([
        ["queued", 0],
        ["queued", 0],
      ]);
      room.refuseSends = null;
      const before = sent(room).length;
      clock.advance(3900);
      expect(sent(room)).toHaveLength(before);
      clock.advance(200);
      expect(client.hold).toBeNull();
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
      expect(client.readOnly).toBe(false);
      room.refuseSends = "room_read_only";
      client.send("hello?");
      clock.advance(50);
      expect(client.readOnly).toBe(true);
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

  describe("a change of name", () => {
    it("joins anew under the new name", () => {
      const { clock, room, client } = setUp();
      client.start();
      clock.advance(50);
      client.rename("Park");
      clock.advance(50);
      client.send("hello");
      clock.advance(50);
      expect(room.stored).toMatchObject([{ author: "Park", text: "hello" }]);
    });

    it("settles what may be stored under the old name first, so that nothing is stored twice", () => {
      const { clock, room, client } = setUp();
      client.start();
      clock.advance(50);
      room.carries = (direction, message) => !(direction === "down" && message.type === "ack");
      client.send("once");
      client.rename("Park");
      client.send("as Park");
      clock.advance(20);
      room.carries = () => true;
      clock.advance(5000);
      expect(room.stored.map(({ author, text }) => `${author}: ${text}`)).toEqual(["Kim: once", "Park: as Park"]);
      expect(client.timeline.pending).toEqual([]);
    });
  });

  describe.runIf(overSocket)("people", () => {
    it("keeps up with who is here and who types", () => {
      const { clock, room, client } = setUp();
      client.start();
      clock.advance(50);
      room.tell({ type: "joined", name: "Lee" });
      room.tell({ type: "typing", name: "Lee", active: true });
      clock.advance(5);
      expect(client.members).toEqual(["Kim", "Lee"]);
      expect(client.typing).toEqual(["Lee"]);
      room.say("Lee", "done");
      clock.advance(5);
      expect(client.typing, "a message ends the typing").toEqual([]);
      room.tell({ type: "left", name: "Lee" });
      clock.advance(5);
      expect(client.members).toEqual(["Kim"]);
    });

    it("sends at most one typing heartbeat per interval, and stops when the message goes", () => {
      const { clock, room, client } = setUp();
      client.start();
      clock.advance(50);
      for (let n = 0; n < 40; n += 1) {
        client.typed(false);
        clock.advance(100);
      }
      client.send("done");
      clock.advance(50);
      const typing = room.received.filter((message: ClientMessage) => message.type === "typing");
      expect(typing.map((message) => message.active)).toEqual([true, true, false]);
    });
  });

  describe("whatever happens to the connections", () => {
    it("every message is stored once and everyone sees the same list", () => {
      const step = fc.oneof(
        fc.record({ what: fc.constant("send" as const), who: fc.nat(2) }),
        fc.record({ what: fc.constant("wait" as const), ms: fc.nat(400) }),
        fc.record({ what: fc.constant("drop" as const) }),
        fc.record({ what: fc.constant("reload" as const), who: fc.nat(2) }),
        fc.record({ what: fc.constant("cut" as const), after: fc.nat(12) }),
        fc.record({ what: fc.constant("say" as const) }),
        fc.record({ what: fc.constant("forget" as const) }),
      );
      fc.assert(
        fc.property(
          fc.array(step, { maxLength: 60 }),
          fc.infiniteStream(fc.double({ min: 0, max: 0.99, noNaN: true })),
          (steps, dice) => {
            const clock = new VirtualClock();
            const room = new FakeRoom(clock);
            const seed = () => dice.next().value as number;
            const people = ["Kim", "Lee", "Park"].map((name) => ({ name, ...setUp({ name, room, seed }) }));
            const audits = people.map((person) => person.violations);
            for (const person of people) person.client.start();
            const expected: string[] = [];
            for (const one of steps) {
              if (one.what === "send") {
                const text = `${people[one.who]?.name} ${expected.length}`;
                people[one.who]?.client.send(text);
                expected.push(text);
              } else if (one.what === "wait") clock.advance(one.ms);
              else if (one.what === "drop") room.dropAll();
              else if (one.what === "forget") room.oldest = room.stored.length;
              else if (one.what === "say") expected.push(room.say("Choi", `Choi ${expected.length}`).text);
              else if (one.what === "reload") {
                const person = people[one.who];
                if (person === undefined) continue;
                person.client.stop();
                Object.assign(person, setUp({ name: person.name, room, seed, memory: person.memory }));
                audits.push(person.violations);
                person.client.start();
              } else {
                let left = one.after;
                room.carries = () => {
                  left -= 1;
                  return left !== -1;
                };
              }
            }
            room.carries = () => true;
            clock.advance(300_000);
            const stored = room.stored.map((message) => message.text);
            expect([...stored].sort()).toEqual([...expected].sort());
            expect(audits.flat(), "the auditor raises no false alarm").toEqual([]);
            for (const { client } of people) {
              expect(client.state.kind).toBe("live");
              expect(client.timeline.pending).toEqual([]);
              while (client.timeline.moreBefore) {
                client.loadOlder();
                clock.advance(10);
              }
              expect(texts(client)).toEqual(stored);
            }
          },
        ),
        { numRuns: 300 },
      );
    });

    it("a thousand connections cut between send and acknowledgement leave each message once, in one place", () => {
      const { clock, room, client } = setUp();
      client.start();
      clock.advance(50);
      for (let n = 0; n < 1000; n += 1) {
        let cuts = 1;
        const direction = n % 2 === 0 ? "up" : "down";
        room.carries = (way, message) => {
          const cut = way === direction && message.type === (direction === "up" ? "send" : "ack");
          if (cut) cuts -= 1;
          return !(cut && cuts >= 0);
        };
        client.send(`message ${n}`);
        clock.advance(10_000);
      }
      const all = Array.from({ length: 1000 }, (_, index) => `message ${index}`);
      expect(room.stored.map((message) => message.text)).toEqual(all);
      expect(texts(client)).toEqual(all);
      expect(client.timeline.pending).toEqual([]);
    });
  });
});
