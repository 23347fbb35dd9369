import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseServerMessage, roomUrl } from "../src/chat/protocol";

describe("reading what the server says", () => {
  it("takes every message of the protocol", () => {
    const position = { offset: 1, epoch: "00000000000000a1" };
    const stored = { offset: 1, author: "Kim", client_id: "a", text: "hi", at: 1 };
    for (const message of [
      { type: "welcome", room: "lobby", name: "Kim", session: "s", sender: "p", ...position, members: ["Kim"] },
      { type: "welcome", name: "Kim", session: "s", sender: "p", ...position, members: [], recovered: true },
      { type: "message", ...stored },
      { type: "ack", client_id: "a", ...position, at: 1, duplicate: false },
      { type: "history", messages: [stored], after: 0, epoch: "e", more: false },
      { type: "history", messages: [], before: null, after: null, epoch: "e", more: false },
      { type: "typing", name: "Kim", active: true },
      { type: "joined", name: "Kim" },
      { type: "left", name: "Kim" },
      { type: "position", ...position },
      { type: "lost", ...position, oldest: 1 },
      { type: "skipped", count: 3 },
      { type: "error", code: "bad_json", message: "no" },
      { type: "error", code: "rate_limited", message: "no", client_id: "a", retry_after_ms: 500 },
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
    '{"type":"ack","client_id":"a","offset":"1","epoch":"e","at":1}',
    '{"type":"ack","client_id":"a","offset":1,"at":1}',
    '{"type":"message","offset":1.5,"author":"a","client_id":"b","text":"c","at":1}',
    '{"type":"history","messages":[{"offset":1}],"epoch":"e","more":false}',
    '{"type":"welcome","name":"a","session":"s","sender":"p","offset":-1,"epoch":"e","members":[]}',
    '{"type":"welcome","name":"a","session":"s","sender":"p","offset":1,"epoch":"e","members":[],"recovered":1}',
    '{"type":"position","offset":1}',
    '{"type":"skipped"}',
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
