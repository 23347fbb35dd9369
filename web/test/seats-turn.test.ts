// @vitest-environment happy-dom
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { textsOf } from "../src/i18n/texts";
import type { Booth } from "../src/seats/booth";
import { Hall } from "../src/seats/hall";
import type { Hold } from "../src/seats/protocol";
import { ServerTime } from "../src/seats/server-time";
import { Telling } from "../src/seats/telling";
import { ENDING_S, turnOf } from "../src/seats/turn";
import { PageTitle } from "../src/view/seats/page-title";
import { TurnBar } from "../src/view/seats/turn-bar";
import { hold, NOW, seats } from "./seats-samples";
import { VirtualClock } from "./virtual-clock";

const template = readFileSync(join(import.meta.dirname, "../../server/templates/seats.html"), "utf8");

describe("what can't wait", () => {
  const left = (at: number) => (at - NOW) / 1000;
  const of = (...holds: Hold[]) => turnOf(holds, left)?.hold.hold;
  const until = (seconds: number) => NOW + seconds * 1000;

  it("is an offer from the beginning, and a hold when its time is nearly over", () => {
    expect(of(hold("h", ["A-1"], { expires_at: until(ENDING_S + 1) }))).toBeUndefined();
    expect(of(hold("h", ["A-1"], { expires_at: until(ENDING_S) }))).toBe("h");
    expect(of(hold("o", ["A-1"], { state: "offered", expires_at: until(60) }))).toBe("o");
    for (const seconds of [0, -1]) {
      expect(of(hold("h", ["A-1"], { state: "offered", expires_at: until(seconds) }))).toBeUndefined();
    }
    expect(of(hold("h", ["A-1"], { state: "sold", expires_at: until(5) }))).toBeUndefined();
  });

  it("is an offer before a hold, and what is over first before the rest", () => {
    const ending = [20, 10].map((s) => hold(`h${s}`, ["A-1"], { expires_at: until(s) }));
    const offers = [50, 40].map((s) => hold(`o${s}`, ["A-2"], { state: "offered", expires_at: until(s) }));
    expect([of(...ending), of(...ending, ...offers)]).toEqual(["h10", "o40"]);
  });
});

describe("the bar at the top", () => {
  beforeEach(() => {
    document.body.innerHTML = template.split("{% block body %}")[1]?.replace(/\{%.*?%\}/g, "") ?? "";
    document.title = "Concert";
    hide(false);
  });

  const text = (id: string) => document.getElementById(id)?.textContent ?? "";
  const bar = () => document.getElementById("turn") as HTMLElement;
  const buttons = () => [...document.querySelectorAll<HTMLButtonElement>("#turn-deeds button")];
  const deedsThere = () => buttons().map(({ dataset }) => dataset.deed);

  function hide(hidden: boolean): void {
    Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }

  function open(event = "concert") {
    const clock = new VirtualClock();
    const time = new ServerTime(clock);
    time.learn(clock.now(), NOW);
    const hall = new Hall();
    hall.take(seats());
    const telling = new Telling("en", textsOf("en"), hall);
    const booth = { open: [], costs: ({ amount }: Hold) => amount > 0, isBusy: () => false } as unknown as Booth;
    const deeds = { extend: vi.fn(), release: vi.fn(), confirm: vi.fn(), pay: vi.fn() };
    const title = new PageTitle();
    const view = new TurnBar({ event, telling, time, booth, title, deeds, href: (event) => `/seats?event=${event}` });
    return { clock, deeds, title, view };
  }

  it("says an offer once, counts down, and takes it or leaves it", () => {
    const { clock, deeds, view } = open();
    const offer = hold("o", ["A-1"], { state: "offered", amount: 0, expires_at: NOW + 60_000 });
    view.show([]);
    expect(bar().hidden).toBe(true);
    view.show([offer]);
    expect([bar().hidden, text("turn-text")]).toEqual([false, "It's your turn: Section R A-1, from the waiting list."]);
    expect(document.getElementById("turn-text")?.getAttribute("role")).toBe("alert");
    expect([text("turn-time"), deedsThere()]).toEqual(["1 min 0 s left", ["confirm", "release"]]);
    const [first] = buttons();
    clock.advance(1000);
    view.show([offer]);
    expect([text("turn-time"), buttons()[0] === first]).toEqual(["59 s left", true]);
    for (const button of buttons()) button.click();
    expect([deeds.confirm.mock.calls, deeds.release.mock.calls]).toEqual([[[offer]], [[offer]]]);
    view.show([{ ...offer, state: "sold" }]);
    expect([bar().hidden, text("turn-text")]).toEqual([true, ""]);
  });

  it("lets a hold that is nearly over be paid, extended once, or let go", () => {
    const { deeds, view } = open();
    const held = hold("h", ["A-1"], { amount: 2000, expires_at: NOW + 20_000 });
    view.show([held]);
    expect([text("turn-text"), deedsThere()]).toEqual([
      "Your time for Section R A-1 is nearly over.",
      ["pay", "extend", "release"],
    ]);
    buttons()[0]?.click();
    buttons()[1]?.click();
    expect([deeds.pay.mock.calls, deeds.extend.mock.calls]).toEqual([[[held]], [[held]]]);
    view.show([{ ...held, extended: true }]);
    expect(deedsThere()).toEqual(["pay", "release"]);
  });

  it("hands the focus on to what is held when it has nothing more to say", () => {
    const { view } = open();
    document.getElementById("event-section")?.removeAttribute("hidden");
    document.getElementById("holds-section")?.removeAttribute("hidden");
    const held = hold("h", ["A-1"], { amount: 2000, expires_at: NOW + 20_000 });
    view.show([held]);
    buttons()[1]?.focus();
    view.show([{ ...held, extended: true }]);
    expect(document.activeElement?.id).toBe("turn-text");
    buttons()[1]?.focus();
    view.show([{ ...held, expires_at: NOW + 240_000 }]);
    expect(document.activeElement?.id).toBe("holds-title");
  });

  it("leads to the event that it's about, from the page of another", () => {
    const { view } = open("premiere");
    view.show([hold("o", ["A-1"], { state: "offered", expires_at: NOW + 60_000 })]);
    expect([deedsThere(), document.querySelector("#turn-deeds a")?.getAttribute("href")]).toEqual([
      [],
      "/seats?event=concert",
    ]);
  });

  it("calls by the page's title while nobody looks at the page", () => {
    const { view, title } = open();
    const offer = hold("o", ["A-1"], { state: "offered", expires_at: NOW + 60_000 });
    view.show([offer]);
    expect(document.title).toBe("Concert");
    hide(true);
    expect(document.title).toBe("It's your turn! · Concert");
    title.name = "Another";
    expect(document.title).toBe("It's your turn! · Another");
    hide(false);
    expect(document.title).toBe("Another");
    hide(true);
    view.show([]);
    expect(document.title).toBe("Another");
  });
});
