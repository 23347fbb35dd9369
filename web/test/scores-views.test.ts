// @vitest-environment happy-dom
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { textsOf } from "../src/i18n/texts";
import { lacking } from "../src/scores/operator";
import type { Line } from "../src/scores/protocol";
import { byId, part } from "../src/view/dom";
import { FeedSwitch } from "../src/view/feed-switch";
import { showOpenMatches } from "../src/view/match-list";
import { showMatches } from "../src/view/matches";
import { PlayForm } from "../src/view/play-form";
import { Scoreboard } from "../src/view/scoreboard";
import { Ticker } from "../src/view/ticker";
import { board, line } from "./scores-samples";

const texts = textsOf("en");
const template = (name: string) => readFileSync(join(import.meta.dirname, "../../server/templates", name), "utf8");

/** The template as the server would give it, less the values that no test looks at. */
function load(page: string): void {
  const html = template(page).replace('{% include "board.html" %}', template("board.html"));
  document.body.innerHTML = html.split("{% block body %}")[1]?.replace(/\{%.*?%\}/g, "") ?? "";
}

const cells = (row: string) => [...document.querySelectorAll(`#${row} td`)].map((cell) => cell.textContent);

describe("the scoreboard", () => {
  it("shows each inning that was played, and the sums", () => {
    load("scores.html");
    const view = new Scoreboard("ko", textsOf("ko"));
    const side = { name: { ko: "제비", en: "Swallows" }, line: [0, 2], runs: 2, hits: 3, errors: 1 };
    view.show(board({ inning: 2, half: "bottom", away: side }));
    expect(cells("away")).toEqual(["0", "2", "", "", "", "", "", "", "", "2", "3", "1"]);
    expect(document.querySelector("#away th")?.textContent).toBe("제비");
    expect(document.querySelector("#home th")?.textContent).toBe("Magpies (공격 중)");
    expect(byId("match-state", "p").textContent).toBe("2회말");
    expect(byId("board", "section").hidden).toBe(false);
    view.show(board({ inning: 11, away: { ...side, line: Array(11).fill(1) } }));
    expect(document.querySelectorAll("#innings [data-inning]")).toHaveLength(11);
    view.show(board());
    expect(document.querySelectorAll("#innings [data-inning]")).toHaveLength(9);
  });

  it("brings the inning that is played into sight, once", () => {
    load("scores.html");
    const frame = part(document, ".line-score");
    // A name of 60 pixels, innings of 20 each, and the sums that stay at the right of a window of 200.
    vi.spyOn(HTMLElement.prototype, "getBoundingClientRect").mockImplementation(function (this: HTMLElement) {
      if (this === frame) return new DOMRect(0, 0, 200, 80);
      if (this.matches(".sum")) return new DOMRect(140, 0, 20, 20);
      return new DOMRect(60 + 20 * (Number(this.dataset.inning) - 1) - frame.scrollLeft, 0, 20, 20);
    });
    const scoreboard = new Scoreboard("en", texts);
    const inning = (n: number) => {
      const one = board();
      scoreboard.show({ ...one, away: { ...one.away, line: Array.from({ length: n }, () => 0) } });
      return frame.scrollLeft;
    };
    expect([inning(4), inning(5), inning(9)]).toEqual([0, 20, 100]);
    frame.scrollLeft = 0;
    expect(inning(9)).toBe(0);
    frame.scrollLeft = 100;
    expect(inning(1)).toBe(60);
    vi.restoreAllMocks();
  });

  it("shows bases and count, in words too", () => {
    load("scores.html");
    new Scoreboard("en", texts).show(board({ bases: [true, false, true], balls: 3, strikes: 1, outs: 2 }));
    const on = [...document.querySelectorAll<SVGElement>(".base.on")].map((base) => base.dataset.base);
    expect(on.sort()).toEqual(["1", "3"]);
    expect(document.querySelector("#diamond")?.getAttribute("aria-label")).toBe("Runners on: First base, Third base");
    const lamps = (what: string) => document.querySelectorAll(`[data-count="${what}"] .lamps .on`).length;
    expect([lamps("balls"), lamps("strikes"), lamps("outs")]).toEqual([3, 1, 2]);
    expect(document.querySelector('[data-count="balls"]')?.getAttribute("aria-label")).toBe("Balls: 3");
  });
});

describe("the list of plays", () => {
  const shown = () => [...document.querySelectorAll<HTMLElement>("#plays .play")].map((item) => item.dataset.offset);

  it("has the newest on top, keeps what stays, and marks what is new", () => {
    load("scores.html");
    const ticker = new Ticker("en", texts);
    ticker.show([line(1), line(2)]);
    const kept = document.querySelector('[data-offset="2"]');
    expect(document.querySelector(".new")).toBeNull();
    ticker.show([line(2), line(3)]);
    expect(shown()).toEqual(["3", "2"]);
    expect(document.querySelector('[data-offset="2"]')).toBe(kept);
    expect(document.querySelector<HTMLElement>(".new")?.dataset.offset).toBe("3");
  });

  it("shows markup as the text it is", () => {
    load("scores.html");
    const evil = "<img src=x onerror=alert(1)>";
    new Ticker("en", texts).show([{ ...line(1), text: evil }]);
    expect(document.querySelector(".told")?.textContent).toBe(evil);
    expect(document.querySelector("#plays img")).toBeNull();
  });

  it("starts over with another numbering", () => {
    load("scores.html");
    const ticker = new Ticker("en", texts);
    ticker.show([line(7), line(8)] satisfies Line[]);
    ticker.show([line(1)]);
    expect(shown()).toEqual(["1"]);
  });
});

describe("the choice of transport", () => {
  it("says what was chosen, and what it is", () => {
    load("scores.html");
    const chosen = vi.fn();
    const view = new FeedSwitch("en", texts, chosen);
    view.choose("polling");
    expect(byId("interval-row", "p").hidden).toBe(false);
    document.querySelector<HTMLInputElement>('[value="events"]')?.click();
    expect(chosen).toHaveBeenCalledWith("events", 0);
    expect(byId("interval-row", "p").hidden).toBe(true);
    expect(byId("feed-about", "p").textContent).toBe(texts.feed.events_about);
  });

  it("shows the figures", () => {
    load("scores.html");
    const view = new FeedSwitch("en", texts, vi.fn());
    const reading = (what: string) => document.querySelector(`[data-reading="${what}"]`)?.textContent;
    view.show({ requests: 12, bytes: 4321, delay: 2100, meanDelay: null, age: 3200 });
    const shown = ["requests", "bytes", "delay", "mean", "age"].map(reading);
    expect(shown).toEqual(["12", "4.3 kB", "2.1 s", "–", "3.2 s ago"]);
    view.show({ requests: 1, bytes: 7, delay: null, meanDelay: null, age: 0 });
    expect([reading("bytes"), reading("age")]).toEqual(["7 B", "now"]);
  });
});

describe("the operator's page", () => {
  it("tells a play with the text and the moves that were chosen", () => {
    load("operator.html");
    const tell = vi.fn();
    const form = new PlayForm(texts, tell);
    form.show(board({ bases: [true, false, false] }));
    const press = (what: string) => document.querySelector<HTMLButtonElement>(`[data-what="${what}"]`)?.click();
    press("ball");
    byId("play-text", "input").value = " what a hit ";
    const first = document.querySelector<HTMLSelectElement>('select[name="first"]');
    if (first) first.value = "home";
    press("double");
    expect(tell.mock.calls).toEqual([
      [{ what: "ball" }],
      [{ what: "double", text: "what a hit", moves: { first: "home" } }],
    ]);
    form.clear();
    press("single");
    expect(tell).toHaveBeenLastCalledWith({ what: "single" });
  });

  it("offers what can be", () => {
    load("operator.html");
    const form = new PlayForm(texts, vi.fn());
    const enabled = () =>
      [...document.querySelectorAll<HTMLButtonElement>("#play-buttons button:not(:disabled)")].map(
        (button) => button.dataset.what,
      );
    form.show(board({ status: "scheduled" }));
    expect(enabled()).toEqual(["undo", "note", "start"]);
    form.show(board({ status: "final" }));
    expect(enabled()).toEqual(["undo"]);
    form.show(board({ bases: [false, true, false] }));
    const runners = [...document.querySelectorAll<HTMLElement>("[data-runner]")].filter((label) => !label.hidden);
    expect(runners.map((label) => label.dataset.runner)).toEqual(["batter", "second"]);
    const second = [...document.querySelectorAll<HTMLOptionElement>('select[name="second"] option')];
    expect(second.map((option) => option.value)).toEqual(["", "second", "third", "home", "out"]);
  });

  it("keeps the focus on the button while its play is told, and tells no other meanwhile", () => {
    load("operator.html");
    const tell = vi.fn();
    const form = new PlayForm(texts, tell);
    const button = (what: string) => part(document, `[data-what="${what}"]`) as HTMLButtonElement;
    form.show(board({ status: "scheduled" }));
    button("start").focus();
    button("start").click();
    form.busy = true;
    button("start").click();
    button("note").click();
    expect(tell.mock.calls).toEqual([[{ what: "start" }]]);
    form.busy = false;
    form.show(board());
    button("start").click();
    // Browsers take the focus from a button that is disabled, which happy-dom doesn't.
    expect([document.activeElement, button("start").disabled]).toEqual([button("start"), false]);
    expect(tell).toHaveBeenCalledOnce();
    button("ball").focus();
    form.show(board());
    expect(button("start").disabled).toBe(true);
    button("ball").click();
    expect(tell).toHaveBeenLastCalledWith({ what: "ball" });
  });

  it("says what a new match lacks before it asks", () => {
    expect(lacking("Bad Id", "", "")).toEqual({ code: "match_id_invalid", field: "new-match" });
    for (const id of ["", "a".repeat(41), "마당"]) expect(lacking(id, "a", "b")?.field).toBe("new-match");
    expect(lacking("final-1", "", "b")).toEqual({ code: "team_missing", field: "new-away" });
    expect(lacking("final-1", "a", "")).toEqual({ code: "team_missing", field: "new-home" });
    expect(lacking("a".repeat(40), "a", "b")).toBeNull();
  });

  it("lists the matches that nobody plays from a file", () => {
    load("operator.html");
    const chosen = vi.fn();
    const listed = (match: string, replay: boolean) => ({ match, replay, board: board() });
    showOpenMatches([listed("yard", true), listed("a", false)], "a", "en", texts, chosen);
    const buttons = [...document.querySelectorAll<HTMLButtonElement>("#open-matches button")];
    expect(buttons.map((button) => button.textContent)).toEqual(["Swallows : Magpies · Top 1"]);
    expect(buttons[0]?.getAttribute("aria-pressed")).toBe("true");
    buttons[0]?.click();
    expect(chosen).toHaveBeenCalledWith("a");
    buttons[0]?.focus();
    showOpenMatches([listed("b", false), listed("a", false)], "b", "en", texts, chosen);
    expect((document.activeElement as HTMLElement).dataset.match).toBe("a");
  });
});

it("one match alone needs no list", () => {
  load("scores.html");
  const listed = (match: string) => ({ match, replay: false, board: board() });
  showMatches([listed("yard")], "yard", "en", "");
  expect(byId("matches-nav", "nav").hidden).toBe(true);
  showMatches([listed("yard"), listed("a b")], "yard", "en", "?via=events&match=yard");
  expect(byId("matches-nav", "nav").hidden).toBe(false);
  expect([...document.querySelectorAll("#matches a")].map((link) => link.getAttribute("href"))).toEqual([
    "?via=events&match=yard",
    "?via=events&match=a+b",
  ]);
  showMatches([listed("yard")], "nope", "en", "?match=nope");
  expect(byId("matches-nav", "nav").hidden).toBe(false);
  showMatches([], "nope", "en", "?match=nope");
  expect(byId("matches-nav", "nav").hidden).toBe(true);
});
