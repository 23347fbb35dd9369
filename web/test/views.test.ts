// @vitest-environment happy-dom
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { NOBODY } from "../src/chat/reading";
import type { MessageRow, Row } from "../src/chat/rows";
import { textsOf } from "../src/i18n/texts";
import { AuditLine } from "../src/view/audit-line";
import { colourOf, initialOf } from "../src/view/author";
import { Composer } from "../src/view/composer";
import { ConnectionView } from "../src/view/connection";
import { byId } from "../src/view/dom";
import { HoldLine } from "../src/view/hold-line";
import { MessageList } from "../src/view/message-list";
import { problemText } from "../src/view/problem";

const texts = textsOf("en");

/** The template as the server would give it, less the values that no test looks at. */
function loadChat(): void {
  const html = readFileSync(join(import.meta.dirname, "../../server/templates/chat.html"), "utf8");
  document.body.innerHTML = html.split("{% block body %}")[1]?.replace(/\{%.*?%\}/g, "") ?? "";
}

const row = (key: string, more: Partial<MessageRow> = {}): MessageRow => ({
  kind: "message",
  key,
  author: "Lee",
  text: key,
  at: 0,
  own: false,
  first: true,
  state: "sent",
  clientId: key,
  mentions: [],
  edited: false,
  deleted: false,
  changing: false,
  reactions: [],
  readBy: NOBODY,
  ...more,
});

beforeEach(() => {
  loadChat();
  vi.useFakeTimers();
});

describe("the message list", () => {
  function list() {
    const actions = { retry: vi.fn(), discard: vi.fn(), react: vi.fn(), goTo: vi.fn(), menu: vi.fn() };
    const scroller = byId("scroller", "div");
    return { actions, view: new MessageList(scroller, byId("messages", "ol"), "en", texts, actions) };
  }
  const shown = () => [...document.querySelectorAll("#messages .text")].map((text) => text.textContent);

  it("shows markup as the text it is, in messages and names", () => {
    const evil = "<img src=x onerror=alert(1)>";
    list().view.paint([row("a", { text: evil, author: evil })]);
    expect(shown()).toEqual([evil]);
    expect(document.querySelector("#messages .author")?.textContent).toBe(evil);
    expect(document.querySelector("#messages img")).toBeNull();
  });

  it("follows the rows, keeping the elements of those that stay", () => {
    const { view } = list();
    view.paint([row("b"), row("d")]);
    const kept = document.querySelector('[data-client-id="b"]');
    const day: Row = { kind: "day", key: "d:1", at: 0 };
    view.paint([day, row("a"), row("b"), row("c")]);
    expect(shown()).toEqual(["a", "b", "c"]);
    expect(document.querySelector('[data-client-id="b"]')).toBe(kept);
    expect(document.querySelector("#messages")?.firstElementChild?.className).toBe("day");
  });

  it.each(["restarted", "missing", "skipped"] as const)("says in words what isn't there: %s", (why) => {
    list().view.paint([row("a"), { kind: "break", key: "b:1", why }, row("b")]);
    const line = document.querySelector<HTMLElement>("#messages .break");
    expect([line?.dataset.why, line?.textContent]).toEqual([why, texts.chat[`break_${why}`]]);
    expect(line?.previousElementSibling?.querySelector(".text")?.textContent).toBe("a");
  });

  it("turns a pending message into a sent one in its place", () => {
    const { view } = list();
    view.paint([row("a", { own: true, state: "sending" })]);
    const element = document.querySelector<HTMLElement>("#messages .message");
    view.paint([row("a", { own: true, state: "sent", offset: 7 })]);
    expect(document.querySelector("#messages .message")).toBe(element);
    expect(element?.dataset).toMatchObject({ state: "sent", offset: "7" });
    expect(element?.querySelector(".mark")?.getAttribute("aria-label")).toBe(texts.chat.state_sent);
  });

  it("says why a message failed and offers to retry or delete it", () => {
    const { view, actions } = list();
    view.paint([row("a", { own: true, state: "failed", reason: "text_too_long" })]);
    expect(document.querySelector(".why")?.textContent).toContain(texts.problem.text_too_long);
    document.querySelector<HTMLButtonElement>(".retry")?.click();
    document.querySelector<HTMLButtonElement>(".discard")?.click();
    expect([actions.retry.mock.calls, actions.discard.mock.calls]).toEqual([[["a"]], [["a"]]]);
  });
});

describe("the composer", () => {
  function composer(send: (text: string) => string | null = () => null) {
    const actions = { send: vi.fn(send), drafted: vi.fn(), editLast: vi.fn() };
    new Composer("en", texts, actions, "");
    return { actions, field: byId("text", "textarea") };
  }
  const press = (field: HTMLElement, init: KeyboardEventInit & { keyCode?: number }) => {
    const event = new KeyboardEvent("keydown", { key: "Enter", code: "Enter", cancelable: true, ...init });
    Object.defineProperty(event, "keyCode", { value: init.keyCode ?? 13 });
    field.dispatchEvent(event);
  };
  const compose = (field: HTMLElement, name: string, data: string) =>
    field.dispatchEvent(Object.defineProperty(new Event(name), "data", { value: data }));
  const type = (field: HTMLTextAreaElement, text: string) => {
    field.value = text;
    field.dispatchEvent(new Event("input"));
  };

  it("sends on Enter and empties the field and the draft", () => {
    const { actions, field } = composer();
    type(field, "hello");
    expect(actions.drafted).toHaveBeenLastCalledWith("hello", false);
    press(field, {});
    expect(actions.send.mock.calls).toEqual([["hello", null]]);
    expect(field.value).toBe("");
    expect(actions.drafted).toHaveBeenLastCalledWith("", false);
  });

  it("sends a Hangul composition after it has ended, with the last syllable", () => {
    const { actions, field } = composer();
    compose(field, "compositionstart", "");
    compose(field, "compositionupdate", "요");
    type(field, "안녕하세");
    press(field, { isComposing: true, keyCode: 229 });
    expect(actions.send).not.toHaveBeenCalled();
    compose(field, "compositionend", "요");
    field.value = "안녕하세요";
    press(field, {});
    vi.runAllTimers();
    expect(actions.send.mock.calls).toEqual([["안녕하세요", null]]);
    expect(field.value).toBe("");
  });

  it("keeps a text that can't be sent and says why, until it is changed", () => {
    const { field } = composer(() => "too long");
    type(field, "x");
    press(field, {});
    expect([field.value, byId("problem", "p").textContent]).toEqual(["x", "too long"]);
    expect(field.getAttribute("aria-invalid")).toBe("true");
    type(field, "y");
    expect(byId("problem", "p").textContent).toBe("");
  });

  it("counts when it gets tight", () => {
    const { field } = composer();
    type(field, "a".repeat(3599));
    expect(byId("count", "p").textContent).toBe("");
    type(field, "a".repeat(3999));
    expect(byId("count", "p").textContent).toBe("1 character left");
    type(field, "a".repeat(4002));
    expect(byId("count", "p").textContent).toBe("2 characters too many");
  });
});

describe("what waits or went wrong", () => {
  it("a hold says why, and counts down without being read out each second", () => {
    vi.setSystemTime(1000);
    const line = new HoldLine(texts);
    line.show({ code: "rate_limited", until: 4500, closed: false });
    const held = byId("held", "p");
    const said = () => [
      held.hidden,
      held.querySelector("[data-text]")?.textContent,
      held.querySelector("[data-countdown]")?.textContent,
    ];
    const why = `${texts.problem.rate_limited} ${texts.chat.held}`;
    expect(said()).toEqual([false, why, "(next try in 4 s)"]);
    vi.advanceTimersByTime(2000);
    expect(said()).toEqual([false, why, "(next try in 2 s)"]);
    line.show(null);
    expect(said()).toEqual([true, "", ""]);
  });

  it("a lost connection has its reason, if the server gave one", () => {
    const view = new ConnectionView(texts, () => {});
    view.show({ kind: "waiting", retryAt: 0, code: "rate_limited" });
    const sentence = () => document.querySelector("#trouble [data-text]")?.textContent;
    expect(sentence()).toBe(`${texts.problem.rate_limited} ${texts.connection.kept}`);
    view.show({ kind: "waiting", retryAt: 0 });
    expect(sentence()).toBe(texts.connection.kept);
  });

  it("a connection that stays lost is told once, however often it's tried", () => {
    const tryNow = vi.fn();
    const view = new ConnectionView(texts, tryNow);
    const button = byId("try-now", "button");
    const seen = () => {
      const [word, sentence] = ["connection", "trouble"].map((id) => document.querySelector(`#${id} [data-text]`));
      return [word?.textContent, sentence?.textContent, byId("trouble", "div").hidden];
    };
    const isTrying = () => button.getAttribute("aria-disabled") === "true";
    view.show({ kind: "connecting" });
    expect(seen(), "the first attempt needs no alarm").toEqual([texts.connection.connecting, expect.anything(), true]);
    const lost = [texts.connection.waiting, `${texts.problem.stopping} ${texts.connection.kept}`, false];
    view.show({ kind: "waiting", retryAt: 0, code: "stopping" });
    expect([seen(), isTrying()]).toEqual([lost, false]);
    button.focus();
    button.click();
    view.show({ kind: "connecting" });
    button.click();
    expect([seen(), isTrying(), tryNow.mock.calls.length], "it's being tried").toEqual([lost, true, 1]);
    expect(document.querySelector("#trouble [data-countdown]")?.textContent).toBe(`(${texts.connection.connecting})`);
    expect(document.activeElement, "who pressed it hasn't lost their place").toBe(button);
    view.show({ kind: "catching-up" });
    view.show({ kind: "live" });
    expect(seen()).toEqual([texts.connection.live, expect.anything(), true]);
    expect(document.activeElement).toBe(byId("scroller", "div"));
    view.show({ kind: "connecting" });
    expect(seen(), "it isn't lost any more").toEqual([texts.connection.connecting, expect.anything(), true]);
  });

  it("the audit shows its counts, and stands out when one isn't zero", () => {
    const view = new AuditLine(texts);
    const line = byId("audit", "p");
    view.show({ gap: 0, duplicate: 0, order: 0, echo: 0 });
    expect(line.textContent).toBe("0 lost, 0 twice, 0 out of order, 0 back to sender");
    expect(line.classList.contains("bad")).toBe(false);
    view.show({ gap: 1, duplicate: 2, order: 3, echo: 4 });
    expect(line.textContent).toBe("1 lost, 2 twice, 3 out of order, 4 back to sender");
    expect({ ...line.dataset }).toEqual({ gap: "1", duplicate: "2", order: "3", echo: "4" });
    expect(line.classList.contains("bad")).toBe(true);
  });
});

it("a name has one colour and one sign, whatever it is made of", () => {
  expect(colourOf("윤서")).toBe(colourOf("윤서"));
  expect(new Set(Array.from({ length: 200 }, (_, n) => colourOf(`guest-${n}`))).size).toBe(10);
  expect(initialOf("👩‍👧 family")).toBe("👩‍👧");
  expect(initialOf("kim")).toBe("K");
});

it("an unknown code of the server is still a sentence", () => {
  expect(problemText(texts, "brand_new")).toBe("The server refused it (brand_new).");
  expect(problemText(texts, "toString")).toBe("The server refused it (toString).");
});
