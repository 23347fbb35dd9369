// @vitest-environment happy-dom
import { beforeEach, describe, expect, it, vi } from "vitest";
import { NOBODY } from "../src/chat/reading";
import { RoomApi } from "../src/chat/room-api";
import type { MessageRow } from "../src/chat/rows";
import { Composer } from "../src/view/composer";
import { Deeds } from "../src/view/deeds";
import { byId } from "../src/view/dom";
import { MentionList } from "../src/view/mention-list";
import { MessageList } from "../src/view/message-list";
import { EMOJIS, MessageMenu } from "../src/view/message-menu";
import { Notice } from "../src/view/notice";
import { all, loadChat, one, press, texts } from "./chat-page";

beforeEach(() => {
  loadChat();
  vi.useFakeTimers();
});

const row = (offset: number, more: Partial<MessageRow> = {}): MessageRow => ({
  ...{ kind: "message", key: `s:${offset}`, author: "Lee", text: `${offset}`, at: 0, own: false, first: true },
  ...{ state: "sent", clientId: `x-${offset}`, mentions: [], edited: false, deleted: false, changing: false },
  ...{ reactions: [], readBy: NOBODY, offset },
  ...more,
});

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
