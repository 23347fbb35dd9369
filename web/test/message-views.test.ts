// @vitest-environment happy-dom
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { ConnectionState } from "../src/chat/connection-state";
import type { Moderation } from "../src/chat/moderation";
import { obstacleOf } from "../src/chat/obstacle";
import { NOBODY } from "../src/chat/reading";
import { type Found, type Result, RoomApi } from "../src/chat/room-api";
import type { MessageRow } from "../src/chat/rows";
import { textsOf } from "../src/i18n/texts";
import { AskDialog } from "../src/view/ask-dialog";
import { Composer } from "../src/view/composer";
import { ConnectionView } from "../src/view/connection";
import { Deeds } from "../src/view/deeds";
import { byId } from "../src/view/dom";
import { HoldLine, timeLeft } from "../src/view/hold-line";
import { MentionList } from "../src/view/mention-list";
import { MessageList } from "../src/view/message-list";
import { EMOJIS, MessageMenu } from "../src/view/message-menu";
import { ModerationPanel } from "../src/view/moderation-panel";
import { NameDialog } from "../src/view/name-dialog";
import { Notice } from "../src/view/notice";
import { SearchPanel } from "../src/view/search-panel";

const texts = textsOf("en");

beforeEach(() => {
  const html = readFileSync(join(import.meta.dirname, "../../server/templates/chat.html"), "utf8");
  document.body.innerHTML = html.split("{% block body %}")[1]?.replace(/\{%.*?%\}/g, "") ?? "";
  vi.useFakeTimers();
});

const row = (offset: number, more: Partial<MessageRow> = {}): MessageRow => ({
  ...{ kind: "message", key: `s:${offset}`, author: "Lee", text: `${offset}`, at: 0, own: false, first: true },
  ...{ state: "sent", clientId: `x-${offset}`, mentions: [], edited: false, deleted: false, changing: false },
  ...{ reactions: [], readBy: NOBODY, offset },
  ...more,
});
const one = <E extends HTMLElement>(selector: string) => document.querySelector<E>(selector);
const all = <E extends HTMLElement>(selector: string) => [...document.querySelectorAll<E>(selector)];
const press = (target: Element | null, key: string, more: KeyboardEventInit = {}) => {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more });
  target?.dispatchEvent(event);
  return event;
};
const settled = async () => {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
};

describe("a message", () => {
  function list() {
    const actions = { retry: vi.fn(), discard: vi.fn(), react: vi.fn(), goTo: vi.fn(), menu: vi.fn() };
    return { actions, view: new MessageList(byId("scroller", "div"), byId("messages", "ol"), "en", texts, actions) };
  }

  it("that was deleted has nothing left but the word for it", () => {
    list().view.paint([row(1, { deleted: true, text: "", own: true, answered: { offset: 9 } })]);
    expect(one(".text")?.textContent).toBe(texts.message.deleted);
    expect(all(".answered, .reaction, .more")).toEqual([]);
  });

  it("that was edited says so beside its text, which is only what was written", () => {
    list().view.paint([row(1, { edited: true, text: "better" })]);
    expect([one(".text")?.textContent, one(".edited")?.textContent]).toEqual(["better", texts.message.edited]);
  });

  it("shows reactions, joins and leaves them", () => {
    const { view, actions } = list();
    const reactions = [
      { emoji: "👍", names: ["Kim", "Park"], count: 2 },
      { emoji: "🎉", names: ["Park"], count: 1 },
    ];
    view.paint([row(3, { reactions })], "Kim");
    expect(
      all(".reaction").map((chip) => [chip.textContent, chip.ariaPressed ?? chip.getAttribute("aria-pressed")]),
    ).toEqual([
      ["👍 2", "true"],
      ["🎉 1", "false"],
    ]);
    for (const chip of all(".reaction")) chip.click();
    expect(actions.react.mock.calls).toEqual([
      [3, "👍", false],
      [3, "🎉", true],
    ]);
  });

  it("that answers another quotes it without its marks, and leads there", () => {
    const { view, actions } = list();
    view.paint([
      row(2, { answered: { offset: 1, author: "<b>Park", text: `**bold** ${"x".repeat(200)}`, deleted: false } }),
      row(3, { answered: { offset: 90 } }),
    ]);
    const [quote, elsewhere] = all(".answered");
    expect(quote?.querySelector(".author")?.textContent).toBe("<b>Park");
    expect(quote?.querySelector(".quoted")?.textContent).toMatch(/^bold x+…$/);
    expect(elsewhere?.textContent).toBe(texts.message.answered_elsewhere);
    quote?.click();
    expect(actions.goTo.mock.calls).toEqual([[1]]);
  });

  it("of one's own says who has read it", () => {
    list().view.paint([row(1, { own: true, readBy: { count: 2, names: ["Lee", "Park"] } }), row(2, { own: true })]);
    expect(all(".mark").map((mark) => mark.getAttribute("aria-label"))).toEqual(["Read by 2 people", "Sent"]);
    expect(one(".mark")?.title).toContain("Lee, Park");
    expect(one(".message")?.dataset.read).toBe("2");
  });

  it("stands out for whom it mentions", () => {
    list().view.paint(
      [row(1, { text: "@Kim!", mentions: ["Kim"] }), row(2, { text: "@Park", mentions: ["Park"] })],
      "Kim",
    );
    expect(all(".message").map((message) => message.classList.contains("mentioned"))).toEqual([true, false]);
    expect(one(".mention.me")?.textContent).toBe("@Kim");
  });

  it("draws the line above the unread", () => {
    list().view.paint([row(1), { kind: "unread", key: "unread" }, row(2)]);
    expect(one("#messages > .unread")?.textContent).toBe(texts.message.unread_line);
  });

  it("has a menu that is one stop for the keyboard, from which the arrows go to the others", () => {
    const { view, actions } = list();
    view.paint([row(1), row(2), row(3)]);
    const buttons = all<HTMLButtonElement>(".more");
    expect(buttons.map(({ tabIndex }) => tabIndex)).toEqual([-1, -1, 0]);
    buttons[2]?.focus();
    press(document.activeElement, "ArrowUp");
    expect(document.activeElement).toBe(buttons[1]);
    expect(buttons.map(({ tabIndex }) => tabIndex)).toEqual([-1, 0, -1]);
    press(document.activeElement, "Home");
    press(document.activeElement, "ArrowUp");
    expect(document.activeElement).toBe(buttons[0]);
    (document.activeElement as HTMLElement).click();
    expect(actions.menu.mock.calls[0]?.[0]).toMatchObject({ offset: 1 });
    view.paint([row(1, { text: "changed while in focus" }), row(2), row(3)]);
    expect(document.activeElement?.closest<HTMLElement>(".message")?.dataset.offset, "the focus stays").toBe("1");
  });
});

describe("the menu of a message", () => {
  function menu(allowed: ("reply" | "edit" | "delete" | "ban")[]) {
    const actions = { allowed: () => allowed, do: vi.fn(), react: vi.fn() };
    return { actions, view: new MessageMenu(texts, actions) };
  }
  const dialog = () => byId("message-menu", "dialog");

  it("has what may be done, and does it", () => {
    const { view, actions } = menu(["reply", "edit"]);
    view.open(row(1), byId("send", "button"), "Kim");
    expect(
      all("[data-do]")
        .filter(({ hidden }) => !hidden)
        .map(({ dataset }) => dataset.do),
    ).toEqual(["reply", "edit"]);
    one('[data-do="edit"]')?.click();
    expect([actions.do.mock.calls[0]?.[0], dialog().open]).toEqual(["edit", false]);
  });

  it("offers reactions, and knows one's own", () => {
    const { view, actions } = menu([]);
    view.open(row(4, { reactions: [{ emoji: "👍", names: ["Kim"], count: 1 }] }), byId("send", "button"), "Kim");
    const buttons = all(".emoji");
    expect(buttons.map(({ dataset }) => dataset.emoji)).toEqual(EMOJIS);
    buttons[0]?.click();
    buttons[1]?.click();
    expect(actions.react.mock.calls).toEqual([
      [4, "👍", false],
      [4, "❤️", true],
    ]);
  });

  it("has the reactions that are there, with whose they are, for who has no pointer", () => {
    const { view, actions } = menu([]);
    const reactions = [
      { emoji: "🎉", names: ["<b>Park", "Kim"], count: 5 },
      { emoji: "🦊", names: ["Lee"], count: 1 },
    ];
    view.open(row(4, { reactions }), byId("send", "button"), "Kim");
    const buttons = all("#reacted button");
    expect(buttons.map((one) => [one.textContent, one.getAttribute("aria-pressed")])).toEqual([
      ["🎉 <b>Park, Kim +3", "true"],
      ["🦊 Lee", "false"],
    ]);
    for (const button of buttons) button.click();
    expect(actions.react.mock.calls).toEqual([
      [4, "🎉", false],
      [4, "🦊", true],
    ]);
    view.open(row(5), byId("send", "button"), "Kim");
    expect(byId("reacted", "ul").hidden).toBe(true);
  });

  it("leads to what the message answers, if it answers anything", () => {
    const goTo = vi.fn();
    const api = new RoomApi(
      "lobby",
      () => () => {},
      () => undefined,
    );
    const deeds = new Deeds(texts, { delete: () => null }, api, new Notice(), () => {}, goTo);
    const answer = row(2, { answered: { offset: 1 } });
    expect([deeds.allowed(answer, false), deeds.allowed(row(1), false)]).toEqual([
      ["answered", "reply", "report"],
      ["reply", "report"],
    ]);
    deeds.do("answered", answer);
    expect(goTo.mock.calls).toEqual([[1]]);
  });

  it("is walked through with the arrows", () => {
    const { view } = menu(["reply"]);
    view.open(row(1), byId("send", "button"), "Kim");
    all(".emoji")[0]?.focus();
    press(document.activeElement, "ArrowUp");
    expect((document.activeElement as HTMLElement).dataset.do).toBe("reply");
    press(document.activeElement, "ArrowDown");
    expect((document.activeElement as HTMLElement).dataset.emoji).toBe(EMOJIS[0]);
  });
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

describe("writing about a message", () => {
  function composer(draft = "") {
    const actions = { send: vi.fn((): string | null => null), drafted: vi.fn(), editLast: vi.fn() };
    return { actions, view: new Composer("en", texts, actions, draft), field: byId("text", "textarea") };
  }
  const type = (field: HTMLTextAreaElement, text: string) => {
    field.value = text;
    field.dispatchEvent(new Event("input"));
  };
  const context = { offset: 7, author: "Lee", text: "**old**" };

  it("an answer says whose it is to, and is one until it's sent or left", () => {
    const { actions, view, field } = composer("half a draft");
    view.context = { kind: "reply", ...context };
    expect(byId("context", "div").hidden).toBe(false);
    expect(one("#context [data-text]")?.textContent).toContain("Lee");
    expect([one("#context [data-quote]")?.textContent, field.value]).toEqual(["old", "half a draft"]);
    press(field, "Enter");
    expect(actions.send.mock.calls).toEqual([["half a draft", { kind: "reply", ...context }]]);
    expect([byId("context", "div").hidden, view.context]).toEqual([true, null]);
    view.context = { kind: "reply", ...context };
    press(field, "Escape");
    expect(view.context).toBeNull();
  });

  it("a change begins with what was written, and the draft waits", () => {
    const { actions, view, field } = composer("half a draft");
    view.context = { kind: "edit", ...context };
    expect(field.value).toBe("**old**");
    type(field, "new");
    expect(actions.drafted).toHaveBeenLastCalledWith("half a draft", false);
    press(field, "Enter");
    expect(actions.send).toHaveBeenLastCalledWith("new", { kind: "edit", ...context });
    expect(field.value).toBe("half a draft");
    view.context = { kind: "edit", ...context };
    byId("context-cancel", "button").click();
    expect([field.value, view.context]).toEqual(["half a draft", null]);
  });

  it("a change that can't be sent stays", () => {
    const { actions, view, field } = composer();
    actions.send.mockReturnValue("too long");
    view.context = { kind: "edit", ...context };
    press(field, "Enter");
    expect([field.value, byId("problem", "p").textContent]).toEqual(["**old**", "too long"]);
    expect(view.context?.kind).toBe("edit");
  });

  it("up in an empty field goes to what was said last, and nowhere from a text or a composition", () => {
    const { actions, field } = composer();
    press(field, "ArrowUp", { isComposing: true });
    type(field, "text");
    press(field, "ArrowUp");
    expect(actions.editLast).not.toHaveBeenCalled();
    type(field, "");
    press(field, "ArrowUp");
    expect(actions.editLast).toHaveBeenCalledOnce();
  });

  it("who may say nothing keeps what they wrote, and writes on when that is over", () => {
    const { view, field, actions } = composer("kept");
    view.placeholder = "Message to lobby";
    view.closed = true;
    expect([byId("send", "button").disabled, field.value, field.readOnly, field.placeholder]).toEqual([
      true,
      "kept",
      true,
      "",
    ]);
    const submit = () => byId("composer", "form").dispatchEvent(new Event("submit", { cancelable: true }));
    submit();
    expect(actions.send).not.toHaveBeenCalled();
    view.closed = false;
    expect([byId("send", "button").disabled, field.readOnly, field.placeholder]).toEqual([
      false,
      false,
      "Message to lobby",
    ]);
    submit();
    expect(actions.send).toHaveBeenCalledOnce();
  });
});

describe("names for a mention", () => {
  function mentions(names: string[]) {
    const send = vi.fn((): string | null => null);
    new Composer("en", texts, { send, drafted: vi.fn(), editLast: vi.fn() }, "");
    new MentionList(() => names);
    const field = byId("text", "textarea");
    field.focus();
    const type = (text: string) => {
      field.value = text;
      field.setSelectionRange(text.length, text.length);
      field.dispatchEvent(new Event("input"));
    };
    return { send, field, type, list: byId("mentions", "ul") };
  }
  const offered = () => all("#mentions li").map((option) => option.textContent);

  it("are offered while one is written, and taken with Tab", () => {
    const { field, type, list } = mentions(["Kim", "Kiwi", "Lee"]);
    type("hi @Ki");
    expect([list.hidden, offered()]).toEqual([false, ["Kim", "Kiwi"]]);
    expect(press(field, "Tab").defaultPrevented).toBe(true);
    expect([field.value, list.hidden]).toEqual(["hi @Kim ", true]);
    expect(press(field, "Tab").defaultPrevented, "then Tab goes on as ever").toBe(false);
  });

  it("are chosen with the arrows, which are read out, and taken with Enter", () => {
    const { send, field, type } = mentions(["Kim", "Kiwi"]);
    type("@Ki");
    press(field, "ArrowDown");
    press(field, "ArrowDown");
    const active = field.getAttribute("aria-activedescendant") ?? "";
    expect(document.getElementById(active)?.textContent).toBe("Kiwi");
    press(field, "Enter");
    expect([field.value, send.mock.calls]).toEqual(["@Kiwi ", []]);
  });

  it("are in nobody's way: Enter sends, Escape closes, a composition is left alone", () => {
    const { send, field, type, list } = mentions(["Kim", "김철수"]);
    type("@김ㅊ");
    expect(offered()).toEqual(["김철수"]);
    press(field, "ArrowDown", { isComposing: true });
    expect(field.getAttribute("aria-activedescendant")).toBeNull();
    press(field, "Escape");
    expect(list.hidden).toBe(true);
    type("@Ki");
    press(field, "Enter");
    expect(send.mock.calls).toEqual([["@Ki", null]]);
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
