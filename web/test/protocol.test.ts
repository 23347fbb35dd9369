import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseServerMessage, roomUrl } from "../src/chat/protocol";

describe("reading what the server says", () => {
  it("takes every message of the protocol", () => {
    const stored = { seq: 1, author: "Kim", client_id: "a", text: "hi", at: 1 };
    for (const message of [
      { type: "welcome", room: "lobby", name: "Kim", session: "s", last_seq: 0, members: ["Kim"] },
      { type: "message", ...stored },
      { type: "ack", client_id: "a", seq: 1, at: 1, duplicate: false },
      { type: "history", messages: [stored], after: 0, more: false },
      { type: "history", messages: [], before: null, after: null, more: false },
      { type: "typing", name: "Kim", active: true },
      { type: "joined", name: "Kim" },
      { type: "left", name: "Kim" },
      { type: "error", code: "bad_json", message: "no" },
    ]) {
      expect(parseServerMessage(JSON.stringify(message))).toEqual(message);
    }
  });

  it.each([
    "",
    "null",
    "[]",
    "{",
    '"hi"',
    "{}",
    '{"type":1}',
    '{"type":"new_kind"}',
    '{"type":"constructor"}',
    '{"type":"ack","client_id":"a","seq":"1","at":1}',
    '{"type":"message","seq":1.5,"author":"a","client_id":"b","text":"c","at":1}',
    '{"type":"history","messages":[{"seq":1}],"more":false}',
    '{"type":"welcome","name":"a","session":"s","last_seq":-1,"members":[]}',
  ])("skips %s", (text) => {
    expect(parseServerMessage(text)).toBeNull();
  });

  it("never throws", () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void parseServerMessage(text)));
  });
});

it("a room's address holds its name whatever the script", () => {
  expect(roomUrl("ws://127.0.0.1:3000", "마당")).toBe("ws://127.0.0.1:3000/ws/%EB%A7%88%EB%8B%B9");
  expect(roomUrl("ws://127.0.0.1:3000/", "lobby")).toBe("ws://127.0.0.1:3000/ws/lobby");
});
