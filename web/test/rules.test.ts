import { describe, expect, it } from "vitest";
import { checkName, checkRoom, checkText, NAME_CHARS, ROOM_CHARS, TEXT_CHARS } from "../src/chat/rules";
import { pageOfServerRoom } from "../src/chat/server-rooms";

describe("a room's name", () => {
  it.each(["lobby", "마당", "部屋_1", "a-b", "가".repeat(ROOM_CHARS)])("may be %s", (name) => {
    expect(checkRoom(name)).toEqual({ ok: true, value: name });
  });
  it.each(["", " ", "a b", "a/b", "a.b", "😀", "<b>", "가".repeat(ROOM_CHARS + 1)])("may not be '%s'", (name) => {
    expect(checkRoom(name)).toEqual({ ok: false, problem: "room_invalid" });
  });
  it("is one room however it was typed", () => {
    expect(checkRoom(" 마당 ".normalize("NFD"))).toEqual({ ok: true, value: "마당" });
  });
});

describe("a person's name", () => {
  it("has 1 to 40 characters, counted as people's signs and not as bytes", () => {
    expect(checkName("😀".repeat(NAME_CHARS)).ok).toBe(true);
    expect(checkName("가".repeat(NAME_CHARS + 1))).toEqual({ ok: false, problem: "name_too_long" });
    expect(checkName("  ")).toEqual({ ok: false, problem: "name_invalid" });
    expect(checkName("a\u0007b")).toEqual({ ok: false, problem: "name_invalid" });
    for (const hidden of ["\u200b", "\u3164", "\u202essob"]) {
      expect(checkName(hidden)).toEqual({ ok: false, problem: "name_invalid" });
    }
    expect(checkName("👩\u200d🚀").ok).toBe(true);
    expect(checkName("  Kim Min-su ")).toEqual({ ok: true, value: "Kim Min-su" });
  });
});

describe("a text", () => {
  it("has 1 to 4,000 characters, not only white space", () => {
    expect(checkText("😀".repeat(TEXT_CHARS)).ok).toBe(true);
    expect(checkText("a".repeat(TEXT_CHARS + 1))).toEqual({ ok: false, problem: "text_too_long" });
    expect(checkText(" \n\t ")).toEqual({ ok: false, problem: "text_empty" });
  });
  it("keeps its lines and its indentation, and loses blank lines around", () => {
    expect(checkText("\n  \n  one\r\n\r\ntwo  \n")).toEqual({ ok: true, value: "  one\n\ntwo" });
  });
});

it("a room that only the server writes has a page made for it", () => {
  expect(["scores-yard", "seats-jazz-2", "lab-1", "scores", "my-scores-yard", "lobby"].map(pageOfServerRoom)).toEqual([
    { place: "scores", href: "/scores?match=yard" },
    { place: "seats", href: "/seats?event=jazz-2" },
    { place: "lab", href: "/lab" },
    null,
    null,
    null,
  ]);
});
