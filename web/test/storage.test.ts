import { describe, expect, it } from "vitest";
import { BrowserMemory, openStorage, RoomMemory, randomId, type Storage } from "../src/chat/storage";

const storage = () =>
  openStorage(() => {
    throw new Error("forbidden");
  });
const broken: Storage = {
  getItem: () => {
    throw new Error("forbidden");
  },
  setItem: () => {
    throw new Error("full");
  },
  removeItem: () => {
    throw new Error("forbidden");
  },
};

describe("what a tab remembers of a room", () => {
  it("comes back as it was, per room", () => {
    const tab = storage();
    const lobby = new RoomMemory(tab, "lobby");
    lobby.saveIdentity({ session: "secret", sender: "public" });
    lobby.saveDraft("half a sent");
    lobby.savePending([{ key: "c:a", clientId: "a", text: "hi", at: 1, state: "sending", attempts: 1 }]);
    const again = new RoomMemory(tab, "lobby");
    expect([again.identity, again.draft, again.pending.length]).toEqual([
      { session: "secret", sender: "public" },
      "half a sent",
      1,
    ]);
    const other = new RoomMemory(tab, "other");
    expect([other.pending, other.identity], "the same one, in another room").toEqual([[], again.identity]);
    again.disown();
    expect([lobby.identity, lobby.draft, lobby.pending]).toEqual([null, "", []]);
  });

  it("keeps changes and answers that wait to be sent, and nothing that only looks like one", () => {
    const tab = storage();
    const memory = new RoomMemory(tab, "lobby");
    const place = { key: "c:a", clientId: "a", at: 1, state: "queued" as const, attempts: 0, epoch: "e" };
    const edit = { ...place, text: "b", change: { kind: "edit" as const, target: 3 } };
    const answer = { ...place, text: "c", replyTo: 4 };
    memory.savePending([edit, answer]);
    expect(new RoomMemory(tab, "lobby").pending).toEqual([edit, answer]);
    for (const change of [null, { kind: "edit" }, { kind: "vanish", target: 3 }, { kind: "edit", target: -1 }]) {
      tab.setItem("madang.outbox.lobby", JSON.stringify([{ ...edit, change }]));
      expect(memory.pending).toEqual([]);
    }
  });

  it("is nothing when it is not what this page wrote", () => {
    const tab = storage();
    const memory = new RoomMemory(tab, "lobby");
    for (const value of [
      "{",
      "{}",
      "[1]",
      '[{"clientId":"a"}]',
      '[{"key":"c:b","clientId":"a","text":"","at":1,"attempts":0,"state":"queued"}]',
    ]) {
      tab.setItem("madang.outbox.lobby", value);
      expect(memory.pending).toEqual([]);
    }
    for (const value of ["{", "null", '"s"', '{"session":"s"}', '{"session":1,"sender":"p"}']) {
      tab.setItem("madang.identity", value);
      expect(memory.identity).toBeNull();
    }
    tab.setItem("madang.name.lobby", "a\u0000b");
    expect(memory.name).toBeNull();
  });

  it("is forgotten without harm where storage is forbidden", () => {
    const memory = new RoomMemory(broken, "lobby");
    memory.saveDraft("x");
    expect([memory.draft, memory.identity, memory.pending]).toEqual(["", null, []]);
    expect(new BrowserMemory(broken, randomId).authorId).toMatch(/^[A-Za-z0-9]{12}$/);
  });
});

describe("what a browser remembers", () => {
  it("the last rooms, the newest first, up to MAX_ROOMS", () => {
    const memory = new BrowserMemory(storage(), randomId);
    for (let n = 0; n < BrowserMemory.MAX_ROOMS + 5; n += 1) memory.visit(`room-${n}`);
    memory.visit("room-10");
    expect(memory.rooms).toHaveLength(BrowserMemory.MAX_ROOMS);
    expect(memory.rooms.slice(0, 2)).toEqual(["room-10", "room-16"]);
    memory.forgetRoom("room-10");
    expect(memory.rooms).not.toContain("room-10");
  });

  it("its author id stays", () => {
    const shared = storage();
    expect(new BrowserMemory(shared, randomId).authorId).toBe(new BrowserMemory(shared, randomId).authorId);
  });
});
