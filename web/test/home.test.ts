// @vitest-environment happy-dom
import { beforeEach, describe, expect, test } from "vitest";
import { ASK_EVERY_MS, Latest } from "../src/home/latest";
import { Tally } from "../src/home/tally";
import { textsOf } from "../src/i18n/texts";
import type { Answer, Ask } from "../src/net/http";
import { CHAT_LINES, showChatThumbnail } from "../src/view/home/chat-thumbnail";
import { LabThumbnail } from "../src/view/home/lab-thumbnail";
import { VirtualClock } from "./virtual-clock";

const texts = textsOf("en");

describe("a glance", () => {
  test("says which answer it has, tells only news, and asks nothing while nobody looks", () => {
    const clock = new VirtualClock();
    const asks: Ask[] = [];
    const told: unknown[] = [];
    let answer: Answer | null = { status: 200, body: "first", etag: '"1"' };
    let away = false;
    let changed = () => {};
    const attention = {
      get away() {
        return away;
      },
      onChange(run: () => void) {
        changed = run;
        return () => {};
      },
    };
    const http = (ask: Ask, answered: (answer: Answer | null) => void) => {
      asks.push(ask);
      answered(answer);
      return () => {};
    };
    new Latest("/api/x", http, clock, attention, { asked: () => {}, news: (body) => told.push(body) }).start();
    expect(told).toEqual(["first"]);
    answer = { status: 304, body: null, etag: '"1"' };
    clock.advance(ASK_EVERY_MS);
    expect(asks[1]?.etag).toBe('"1"');
    answer = null;
    clock.advance(ASK_EVERY_MS);
    answer = { status: 200, body: "second", etag: '"2"' };
    clock.advance(ASK_EVERY_MS);
    expect(told).toEqual(["first", "second"]);

    away = true;
    changed();
    clock.advance(10 * ASK_EVERY_MS);
    expect(asks.length).toBe(4);
    away = false;
    changed();
    expect(asks.length).toBe(5);
  });
});

describe("thumbnails", () => {
  beforeEach(() => {
    document.body.innerHTML = '<div id="chat-thumbnail"></div><div id="lab-thumbnail"></div>';
  });

  test("of the chat: the last messages that have something to read, as text", () => {
    showChatThumbnail({ messages: [] }, texts);
    expect(document.body.textContent).toBe(texts.home.thumb_empty);
    const messages = Array.from({ length: 9 }, (_, n) => ({ author: "Kim", text: `<b>${n}</b>` }));
    showChatThumbnail({ messages: [...messages, { author: "Kim", text: "" }, { kind: "reaction" }, null] }, texts);
    const lines = [...document.querySelectorAll(".chat-line bdi")].map((line) => line.textContent);
    expect(lines.length).toBe(CHAT_LINES);
    expect(lines.at(-1)).toBe("<b>8</b>");
  });

  test("of the laboratory: what this page has asked for and been told", () => {
    const lab = new LabThumbnail(texts);
    const tally = new Tally((now) => lab.show(now));
    for (let n = 0; n < 4; n += 1) tally.asked();
    tally.answered();
    tally.told();
    const [polled, told] = [...document.querySelectorAll("meter")].map((meter) => meter.value);
    expect([polled, told]).toEqual([0.25, 1]);
    expect(document.body.textContent).toContain("4 requests, 1 with news");
  });
});
