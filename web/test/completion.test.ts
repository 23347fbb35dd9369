import { describe, expect, it } from "vitest";
import { MAX_OFFERED, offered, wantedAt } from "../src/chat/completion";

describe("completing a name", () => {
  it.each([
    ["@", { start: 0, query: "" }],
    ["hi @Ki", { start: 3, query: "Ki" }],
    ["@Kim Le", { start: 0, query: "Kim Le" }],
    ["a\n@김", { start: 2, query: "김" }],
    ["(@Kim", { start: 1, query: "Kim" }],
    ["@Kim @L", { start: 5, query: "L" }],
    ["no name", null],
    ["kim@example", null],
    ["@ Kim", null],
    ["@Kim\nLee", null],
    [`@${"a".repeat(41)}`, null],
  ])("knows whether one is being written in %j", (text, wanted) => {
    expect(wantedAt(text, text.length)).toEqual(wanted);
  });

  it("looks at what is before the caret", () => {
    expect(wantedAt("@Kim and", 3)).toEqual({ start: 0, query: "Ki" });
  });

  it.each([
    ["k", ["Kim", "kiwi"]],
    ["KI", ["Kim", "kiwi"]],
    ["", ["Kim", "kiwi", "이서연", "김철수", "나무"]],
    // A syllable grows letter by letter; a letter that ends it for now may begin the next one.
    ["ㄱ", ["김철수"]],
    ["기", ["김철수"]],
    ["김", ["김철수"]],
    ["김ㅊ", ["김철수"]],
    ["김처", ["김철수"]],
    ["김철ㅅ", ["김철수"]],
    ["남", ["나무"]],
    ["나무", ["나무"]],
    ["x", []],
  ])("offers who may be meant by %j", (query, names) => {
    expect(offered(["Kim", "kiwi", "이서연", "김철수", "나무"], query)).toEqual(names);
  });

  it("offers only a few", () => {
    const names = Array.from({ length: 50 }, (_, place) => `guest-${place}`);
    expect(offered(names, "guest")).toHaveLength(MAX_OFFERED);
  });
});
