import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Auditor } from "../src/chat/auditor";
import { ChatClient } from "../src/chat/client";
import { Inquiry } from "../src/chat/inquiry";
import { Link } from "../src/chat/link";
import { Outbox } from "../src/chat/outbox";
import type { ClientMessage } from "../src/chat/protocol";
import { FakeRoom } from "./fake-room";
import { abilities, person, tabMemory, texts, WAYS } from "./person";
import { VirtualClock } from "./virtual-clock";

describe.each(WAYS)("over %s", (way) => {
  const { overSocket, atOnce, streams } = abilities(way);
  const setUp = (options: Parameters<typeof person>[1] = {}) => person(way, options);
  const sent = (room: FakeRoom) => room.received.filter((message) => message.type === "send");

  describe("joining", () => {
    it("joins with the name, loads the newest page and is live", () => {
      const { clock, room, client, memory, arrived } = setUp();
      for (let n = 1; n <= 60; n += 1) room.storeOnly("Lee", `old ${n}`);
      client.start();
      expect(client.state.kind).toBe("connecting");
      clock.advance(50);
      expect(client.state).toEqual({ kind: "live" });
      expect(texts(client)).toHaveLength(Inquiry.PAGE);
      expect(texts(client).at(-1)).toBe("old 60");
      expect(client.timeline.moreBefore).toBe(true);
      expect(client.presence.members).toEqual(overSocket ? ["Kim"] : []);
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
      const { clock, room, client, named } = setUp();
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
      expect(named, "nothing to remember").toEqual([]);
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
      clock.advance(Link.REPLY_MS - 100);
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
      clock.advance(Link.PROBE_MS + Link.REPLY_MS + 100);
      expect(client.state.kind).not.toBe("live");
    });

    it("gives up on a connection that never opens the room", () => {
      const { clock, room, client } = setUp();
      room.mute = true;
      client.start();
      clock.advance(Link.REPLY_MS + 1);
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
      expect(texts(client)).toHaveLength(Inquiry.PAGE);
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
      clock.advance(Inquiry.GAP_MS + 50);
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
      expect(client.obstacles.hold).not.toBeNull();
      client.stop();
      clock.advance(10);
      expect(room.connections).toBe(0);
      expect(clock.pendingTimers).toBe(0);
    });
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

    it("is told once the server has agreed", () => {
      const { clock, client, named } = setUp();
      client.start();
      clock.advance(50);
      client.rename("Park");
      expect(named).toEqual(["Kim"]);
      clock.advance(50);
      expect(named).toEqual(["Kim", "Park"]);
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
      expect(client.presence.members).toEqual(["Kim", "Lee"]);
      expect(client.presence.typing).toEqual(["Lee"]);
      room.say("Lee", "done");
      clock.advance(5);
      expect(client.presence.typing, "a message ends the typing").toEqual([]);
      room.tell({ type: "left", name: "Lee" });
      clock.advance(5);
      expect(client.presence.members).toEqual(["Kim"]);
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
            // As seldom as a server asks for: it's five minutes each time.
            room.pollAfter = 5;
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
