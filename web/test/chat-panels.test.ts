// @vitest-environment happy-dom
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { ConnectionState } from "../src/chat/connection-state";
import type { Moderation } from "../src/chat/moderation";
import { obstacleOf } from "../src/chat/obstacle";
import type { Found, Result } from "../src/chat/room-api";
import { AskDialog } from "../src/view/ask-dialog";
import { ConnectionView } from "../src/view/connection";
import { byId } from "../src/view/dom";
import { HoldLine, timeLeft } from "../src/view/hold-line";
import { ModerationPanel } from "../src/view/moderation-panel";
import { NameDialog } from "../src/view/name-dialog";
import { SearchPanel } from "../src/view/search-panel";
import { all, loadChat, one, press, settled, texts } from "./chat-page";

beforeEach(() => {
  loadChat();
  vi.useFakeTimers();
});

describe("asking for a name", () => {
  function ask() {
    const [chosen, dismissed] = [vi.fn(), vi.fn()];
    return { chosen, dismissed, view: new NameDialog(texts, chosen, dismissed) };
  }
  const submit = () => byId("name-form", "form").dispatchEvent(new Event("submit", { cancelable: true }));

  it("takes one, or tells that none was given, however it is closed", () => {
    const { view, chosen, dismissed } = ask();
    view.open("Kim");
    byId("name-input", "input").value = " Lee ";
    submit();
    expect([chosen.mock.calls, dismissed.mock.calls]).toEqual([[["Lee"]], []]);
    view.open("Lee");
    byId("name-cancel", "button").click();
    view.open("Lee");
    byId("name-dialog", "dialog").close();
    expect([chosen.mock.calls.length, dismissed.mock.calls.length]).toEqual([1, 2]);
  });

  it("leads to where one signs in, if the name needs that", () => {
    const { view } = ask();
    view.open("Kim", "name_reserved");
    expect([byId("name-sign-in", "a").hidden, byId("name-problem", "p").textContent]).toEqual([
      false,
      texts.problem.name_reserved,
    ]);
    view.open("Kim");
    expect([byId("name-sign-in", "a").hidden, byId("name-problem", "p").textContent]).toEqual([true, ""]);
  });
});

describe("asking before something is done", () => {
  const submit = async () => {
    byId("ask-form", "form").dispatchEvent(new Event("submit", { cancelable: true }));
    await settled();
  };

  it("asks for how long and why, and stays open until it is done", async () => {
    const run = vi.fn(async (): Promise<string | null> => "no_answer");
    new AskDialog(texts).ask({ title: "Mute?", about: "Lee", button: "Mute", time: true, reason: "asked" }, run);
    byId("ask-reason", "input").value = " rude ";
    byId("ask-time", "select").value = "3600";
    await submit();
    expect(run.mock.calls).toEqual([[{ seconds: 3600, reason: "rude" }]]);
    expect([byId("ask", "dialog").open, byId("ask-problem", "p").textContent]).toEqual([true, texts.problem.no_answer]);
    run.mockResolvedValue(null);
    byId("ask-time", "select").value = "";
    await submit();
    expect(run.mock.calls[1]).toEqual([{ reason: "rude" }]);
    expect(byId("ask", "dialog").open).toBe(false);
  });

  it("does nothing twice, however often the button is pressed", async () => {
    let done = (_: string | null) => {};
    const run = vi.fn(() => new Promise<string | null>((resolve) => (done = resolve)));
    new AskDialog(texts).ask({ title: "Report", about: "x", button: "Report" }, run);
    await submit();
    await submit();
    expect(run.mock.calls.length).toBe(1);
    done("no_answer");
    await settled();
    await submit();
    expect(run.mock.calls.length, "it may be tried again once that has gone wrong").toBe(2);
  });

  it("insists on a reason where one is needed", async () => {
    const run = vi.fn(async () => null);
    new AskDialog(texts).ask({ title: "Report", about: "x", button: "Report", reason: "needed" }, run);
    await submit();
    expect([run.mock.calls, byId("ask-problem", "p").textContent]).toEqual([[], texts.problem.reason_missing]);
    byId("ask-reason", "input").value = "spam";
    await submit();
    expect(run.mock.calls).toEqual([[{ reason: "spam" }]]);
  });

  it("asks for nothing that it needn't know", async () => {
    const run = vi.fn(async () => null);
    new AskDialog(texts).ask({ title: "Delete?", about: "x", button: "Delete" }, run);
    expect([byId("ask-time", "select").hidden, byId("ask-reason", "input").hidden]).toEqual([true, true]);
    await submit();
    expect(run.mock.calls).toEqual([[{ reason: "" }]]);
  });
});

describe("searching", () => {
  const message = (offset: number) => ({ offset, author: "Lee", client_id: "x", text: `**${offset}**`, at: 0 });

  function panel(answers: Result<Found>[]) {
    const actions = { search: vi.fn(async () => answers.shift() ?? { ok: false, code: "other" }), goTo: vi.fn() };
    new SearchPanel("en", texts, actions as never);
    return actions;
  }
  const search = async (words: string) => {
    byId("words", "input").value = words;
    byId("search-form", "form").dispatchEvent(new Event("submit", { cancelable: true }));
    await settled();
  };
  const state = () => byId("search-state", "p").textContent;

  it("shows what was found, the newest first, more on demand, and leads there", async () => {
    const actions = panel([
      { ok: true, value: { messages: [message(9), message(5)], more: true } },
      { ok: true, value: { messages: [message(2)], more: false } },
    ]);
    byId("open-search", "button").click();
    expect(byId("search", "aside").hidden).toBe(false);
    await search(" hi ");
    expect(all("#found .said").map((said) => said.textContent)).toEqual(["9", "5"]);
    expect([state(), byId("more-found", "button").hidden]).toEqual([texts.search.found_more, false]);
    byId("more-found", "button").click();
    await settled();
    expect(actions.search.mock.calls).toEqual([
      ["hi", undefined, 20],
      ["hi", 5, 20],
    ]);
    expect([all("#found li").length, state(), byId("more-found", "button").hidden]).toEqual([3, "3 messages", true]);
    all("#found button")[2]?.click();
    expect(actions.goTo.mock.calls).toEqual([[2]]);
    press(byId("words", "input"), "Escape");
    expect(byId("search", "aside").hidden).toBe(true);
  });

  it("says when nothing was found, and why it couldn't look", async () => {
    panel([
      { ok: true, value: { messages: [], more: false } },
      { ok: false, code: "search_invalid" },
    ]);
    await search("nothing");
    expect(state()).toBe(texts.search.none);
    await search("?");
    expect(state()).toBe(texts.problem.search_invalid);
    await search("  ");
    expect([state(), all("#found li").length]).toEqual(["", 0]);
  });
});

describe("keeping order", () => {
  const moderation: Moderation = {
    moderators: ["<b>Park"],
    sanctions: [{ kind: "ban", name: "<i>Lee", by: "Kim", reason: "rude", until: 0 }],
    ...{ slowSeconds: 5, words: ["one", "two"] },
    reports: [{ id: 3, offset: 9, author: "Park", text: "bad", reason: "spam", by: "Lee", at: 0 }],
    log: [{ action: "ban", name: "<i>Lee", by: "Kim", reason: "rude", at: 0 }],
  };

  function panel() {
    const read = vi.fn(async () => ({ ok: true as const, value: moderation }));
    const order = vi.fn(async () => ({ ok: true as const, value: true as const }));
    const goTo = vi.fn();
    return { read, order, goTo, view: new ModerationPanel("en", texts, { read, order, goTo }) };
  }

  it("is there for those who do, and shows what is set, reported and done", async () => {
    const { view, read } = panel();
    const button = byId("open-moderation", "button");
    expect(button.hidden).toBe(true);
    view.show(true, false);
    button.click();
    await settled();
    expect([byId("slow", "input").value, byId("filter", "textarea").value]).toEqual(["5", "one\ntwo"]);
    expect(one("#sanctions li")?.textContent).toContain("<i>Lee");
    expect(one("#log li")?.textContent).toContain("was sent out of this room");
    expect(one("#reports li")?.textContent).toContain("spam");
    expect(document.querySelector("#moderation i")).toBeNull();
    view.show(false, false);
    expect([button.hidden, byId("moderation", "aside").hidden, read.mock.calls.length]).toEqual([true, true, 1]);
  });

  it("sets slow mode and words, lifts sanctions, and is done with reports", async () => {
    const { view, order, goTo } = panel();
    view.show(true, false);
    byId("open-moderation", "button").click();
    await settled();
    byId("slow", "input").value = "12";
    byId("slow-form", "form").dispatchEvent(new Event("submit", { cancelable: true }));
    byId("filter", "textarea").value = "a\n\n b ";
    byId("words-form", "form").dispatchEvent(new Event("submit", { cancelable: true }));
    one("#sanctions button")?.click();
    for (const button of all("#reports button")) button.click();
    await settled();
    expect(order.mock.calls).toEqual([
      [{ action: "slow", seconds: 12 }],
      [{ action: "words", words: ["a", "b"] }],
      [{ action: "unban", name: "<i>Lee" }],
      [{ action: "resolve", report: 3 }],
    ]);
    expect(goTo.mock.calls).toEqual([[9]]);
  });

  it("shows who else does, whom only an admin may choose", async () => {
    const { view, order } = panel();
    view.show(true, false);
    byId("open-moderation", "button").click();
    await settled();
    const form = byId("moderator-form", "form");
    expect([one("#moderators li")?.textContent, one("#moderators button"), form.hidden]).toEqual([
      "<b>Park",
      null,
      true,
    ]);

    view.show(true, true);
    byId("moderator-name", "input").value = " Choi ";
    for (let n = 0; n < 2; n += 1) form.dispatchEvent(new Event("submit", { cancelable: true }));
    one("#moderators button")?.click();
    await settled();
    expect(form.hidden).toBe(false);
    expect(order.mock.calls).toEqual([
      [{ action: "role", name: "Choi", role: "moderator" }],
      [{ action: "role", name: "<b>Park", role: null }],
    ]);
  });
});

describe("why one can't say anything", () => {
  it.each([
    [59_000, "0:59"],
    [61_000, "1:01"],
    [3_661_000, "1:01:01"],
    [0, ""],
    [Number.POSITIVE_INFINITY, ""],
  ])("a span of %d ms is shown as %j", (ms, text) => {
    expect(timeLeft(ms)).toBe(text);
  });

  it("counts down to the end of a mute, which isn't the time of another try", () => {
    vi.setSystemTime(0);
    new HoldLine(texts).show({ code: "muted", until: 90_000, closed: true });
    expect(byId("held", "p").textContent?.trim()).toBe(`${texts.problem.muted} (1:30 left)`);
  });

  it("tells who was sent away why, and for how long, in one place", () => {
    vi.setSystemTime(0);
    const [view, line] = [new ConnectionView(texts, () => {}), new HoldLine(texts)];
    const nothing = { hold: null, silenced: null, readOnly: false };
    const show = (state: ConnectionState) => {
      view.show(state);
      line.show(obstacleOf(state, nothing));
      return byId("held", "p").textContent?.replaceAll(/\s+/g, " ").trim();
    };
    const banned = { kind: "refused", code: "banned" } as const;
    expect(show({ ...banned, until: 5000, reason: "rude" })).toBe(
      `${texts.problem.banned} Reason: \u2068rude\u2069 (0:05 left)`,
    );
    expect(byId("trouble", "div").hidden).toBe(true);
    expect(show(banned)).toBe(texts.problem.banned);
    expect(show({ kind: "live" })).toBe("");
    // Another refusal has another place.
    show({ kind: "refused", code: "room_invalid" });
    expect([byId("trouble", "div").hidden, byId("held", "p").hidden]).toEqual([false, true]);
  });

  it("tells the gravest of what stands in the way, and whether what is said waits", () => {
    const hold = { code: "slow_mode", until: 1 };
    const silenced = { code: "muted", until: 2 };
    const live = { kind: "live" } as const;
    const of = (readOnly: boolean, state: ConnectionState = live) =>
      obstacleOf(state, { hold, silenced, readOnly })?.code;
    expect([of(false), of(true), of(true, { kind: "refused", code: "banned" })]).toEqual([
      "muted",
      "room_read_only",
      "banned",
    ]);
    expect(obstacleOf(live, { hold, silenced: null, readOnly: false })).toEqual({ ...hold, closed: false });
  });
});
