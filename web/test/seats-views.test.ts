// @vitest-environment happy-dom
import { beforeEach, describe, expect, it, vi } from "vitest";
import { textsOf } from "../src/i18n/texts";
import { Hall } from "../src/seats/hall";
import { Telling } from "../src/seats/telling";
import { byId, part } from "../src/view/dom";
import { showBookings, showElsewhere } from "../src/view/seats/bookings";
import { showEvents } from "../src/view/seats/event-list";
import { Speaker } from "../src/view/seats/speaker";
import { Thumbnail } from "../src/view/seats/thumbnail";
import { loadSeats, open, press, spot } from "./seats-page";
import { hold, NOW, seats, settle, tables, told, waiting } from "./seats-samples";

beforeEach(loadSeats);

const label = (place: string) => spot(place).getAttribute("aria-label");
const text = (selector: string) => part(document, selector).textContent;
const reached = () =>
  [...document.querySelectorAll<SVGGElement>('#map [tabindex="0"]')].map((one) => one.dataset.place);

function key(name: string): boolean {
  const [at] = reached();
  return spot(at ?? "").dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true }));
}

describe("the plan of a hall", () => {
  it("says of each seat where it is, what it costs and how it is", () => {
    const accessible = seats([{ place: "A-2", state: "sold" }]);
    for (const { seats } of accessible.sections) for (const one of seats) one.accessible = one.place === "C-1";
    open(accessible);
    expect(label("A-1")).toBe("Section R, row A, seat 1, ₩2,000, free");
    expect(label("A-2")).toBe("Section R, row A, seat 2, ₩2,000, sold");
    expect(label("C-1")).toBe("Section S, row C, seat 1, wheelchair space, ₩1,000, free");
    expect(part(document, '[data-part="R"]').getAttribute("aria-label")).toBe("Section R, ₩2,000, 9 seats free");
    expect(text("#free")).toBe("14 seats free");
    expect([...document.querySelectorAll(".sign.part")].map((sign) => sign.textContent)).toEqual([
      "Section R · ₩2,000",
      "Section S · ₩1,000",
    ]);
  });

  it("shows at once what others do, and leaves the rest alone", () => {
    const { changes } = open(seats());
    const [one, other] = [spot("A-1"), spot("A-2")];
    changes({ place: "A-1", state: "held", holder: "other", until: NOW + 60_000 });
    expect([spot("A-1"), spot("A-2")]).toEqual([one, other]);
    expect([one.dataset.look, one.getAttribute("aria-disabled"), label("A-1")]).toEqual([
      "held",
      "true",
      "Section R, row A, seat 1, ₩2,000, held by somebody else",
    ]);
    changes({ place: "A-1", state: "free" });
    expect([one.dataset.look, one.getAttribute("aria-disabled")]).toEqual(["free", "false"]);
  });

  it("is one stop of the tab key, and the arrow keys lead on from there", () => {
    open(seats());
    expect(reached()).toEqual(["A-1"]);
    const way = ["ArrowRight", "ArrowDown", "End", "Home", "ArrowUp", "PageDown", "PageUp"].map((name) => {
      expect(key(name)).toBe(false);
      return reached().join();
    });
    expect(way).toEqual(["A-2", "B-2", "B-5", "B-1", "A-1", "C-1", "A-1"]);
    // There is nothing further up; other keys are the browser's.
    expect([key("ArrowUp"), reached(), key("Tab"), key("a")]).toEqual([false, ["A-1"], true, true]);
  });

  it("lets choose by pressing, Space and Enter, and hold what is chosen", async () => {
    const { back, booth } = open(seats());
    press("A-3");
    key(" ");
    expect([spot("A-3").getAttribute("aria-checked"), text("#choice"), text("#choice-sum")]).toEqual([
      "false",
      "Choose seats on the plan.",
      "",
    ]);
    key("Enter");
    press("C-1");
    expect([spot("A-3").getAttribute("aria-checked"), label("A-3")?.endsWith("chosen by you")]).toEqual(["true", true]);
    expect([text("#choice"), text("#choice-sum"), text("#hold")]).toEqual([
      "Section R A-3; Section S C-1",
      "2 seats, ₩3,000",
      "Hold 2 seats",
    ]);
    byId("hold", "button").click();
    expect(text("#hold")).toBe("Asking the server…");
    await back.answer("/api/seats/events/concert/holds", 201, hold("h", ["A-3", "C-1"], { amount: 3000 }));
    expect([spot("A-3").dataset.look, booth.choice]).toEqual(["mine", []]);
    expect(text(".hold .time-left")).toBe("2 min 0 s left");
    expect(text(".hold [data-deed=pay]")).toBe("Pay ₩3,000");
    expect(text("#announcer")).toBe("Section R A-3; Section S C-1 held for you. 2 min 0 s left to confirm.");
  });

  it("says why a seat can't be had", () => {
    open(seats([{ place: "A-1", state: "sold" }]));
    press("A-1");
    expect(text("#announcer")).toBe("Section R A-1: sold.");
    expect(document.querySelectorAll('#map [aria-checked="true"]')).toHaveLength(0);
  });

  it("is in the reader's language, with what people wrote as text", () => {
    const evil = "<img src=x onerror=alert(1)>";
    const { page, hall } = open(seats([], { title: { en: evil, ko: evil } }), "ko");
    expect([label("A-1"), text("#free")]).toEqual(["R석 A열 1번, ₩2,000, 빈자리", "15석 남음"]);
    expect([text("#event-title"), document.querySelector("#event-title img")]).toEqual([evil, null]);
    const map = byId("free", "p");
    hall.take(seats());
    page.take();
    expect(byId("free", "p")).toBe(map);
  });
});

describe("a lost race", () => {
  it("says which seats are gone and what to do", async () => {
    const { back, booth } = open(seats());
    for (const place of ["A-1", "A-2"]) press(place);
    byId("hold", "button").click();
    await back.answer("/api/seats/events/concert/holds", 409, { code: "seats_taken", places: ["A-1"] });
    expect([...document.querySelectorAll("#notice > p:not(.notice-deeds)")].map((line) => line.textContent)).toEqual([
      "Somebody else was faster: Section R A-1 is gone.",
      "Nobody has taken the rest of your choice, Section R A-2.",
      "Close by and free: Section R B-1.",
    ]);
    (part(document, "[data-deed=take-instead]") as HTMLButtonElement).click();
    expect([booth.choice, text("#notice")]).toEqual([["A-2", "B-1"], ""]);
  });

  it("is over when it's dismissed, and the rest can be held at once", async () => {
    const { back, changes } = open(seats());
    for (const place of ["A-1", "A-2"]) press(place);
    changes({ place: "A-1", state: "sold" });
    (part(document, "[data-deed=take-rest]") as HTMLButtonElement).click();
    const ask = await back.answer("/api/seats/events/concert/holds", 201, hold("h", ["A-2"]));
    expect(ask.body).toEqual({ places: ["A-2"] });
    press("A-1");
    press("B-1");
    changes({ place: "B-1", state: "sold" });
    (part(document, "[data-deed=dismiss]") as HTMLButtonElement).click();
    expect(byId("notice", "div").dataset.notice).toBeUndefined();
  });
});

describe("the sections", () => {
  const buttons = () => [...document.querySelectorAll<HTMLButtonElement>("#sections button")];

  it("say what they cost and what is left, and lead to their first free seat", () => {
    const { changes } = open(seats([{ place: "C-1", state: "sold" }]));
    expect(buttons().map(({ textContent }) => textContent)).toEqual([
      "Section R₩2,000 · 10 seats free",
      "Section S₩1,000 · 4 seats free",
    ]);
    const [, second] = buttons();
    changes({ place: "C-2", state: "held", holder: "lee" });
    expect([buttons()[1] === second, second?.textContent]).toEqual([true, "Section S₩1,000 · 3 seats free"]);
    second?.dispatchEvent(new MouseEvent("click", { bubbles: true, detail: 1 }));
    expect([reached(), document.activeElement === document.body]).toEqual([["C-3"], true]);
    // By a key it takes the focus along.
    second?.dispatchEvent(new MouseEvent("click", { bubbles: true, detail: 0 }));
    expect((document.activeElement as HTMLElement).dataset.place).toBe("C-3");
  });

  it("aren't listed where there are no two", () => {
    const one = seats();
    open({ ...one, sections: one.sections.slice(0, 1) });
    expect(byId("sections", "div").hidden).toBe(true);
  });
});

describe("what is held", () => {
  it("counts down by the server's clock, becomes urgent once, and goes when it's over", () => {
    const { mine, page, clock, booth } = open(seats());
    mine.put(hold("h", ["A-1"], { expires_at: NOW + 32_000 }));
    page.paint();
    const item = part(document, ".hold");
    expect([text(".time-left"), item.classList.contains("urgent")]).toEqual(["32 s left", false]);
    clock.advance(2000);
    page.tick();
    clock.advance(1000);
    page.tick();
    expect([text(".time-left"), item.classList.contains("urgent")]).toEqual(["29 s left", true]);
    clock.advance(29_000);
    booth.tick();
    page.paint();
    expect([document.querySelector(".hold"), byId("holds-section", "section").hidden]).toEqual([null, true]);
    expect(byId("notice", "div").dataset.notice).toBe("expired");
  });

  it("keeps its buttons while the page is painted, which can't be pressed while they are at work", async () => {
    const { mine, page, back } = open(seats());
    const one = hold("h", ["A-1"]);
    mine.put(one);
    page.paint();
    const extend = part(document, "[data-deed=extend]") as HTMLButtonElement;
    extend.click();
    expect(extend.getAttribute("aria-disabled")).toBe("true");
    extend.click();
    await back.answer("/api/seats/holds/h/extend", 200, { ...one, extended: true, expires_at: NOW + 240_000 });
    expect(part(document, "[data-deed=extend]")).toBe(extend);
    extend.click();
    await settle();
    expect(back.asked).toEqual([]);
    expect([extend.getAttribute("aria-disabled"), extend.textContent, text(".time-left")]).toEqual([
      "true",
      "Extended once already",
      "4 min 0 s left",
    ]);
    (part(document, "[data-deed=release]") as HTMLButtonElement).click();
    await back.answer("/api/seats/holds/h/release", 200, { ...one, state: "released" });
    expect([document.querySelector(".hold"), text("#announcer")]).toEqual([
      null,
      expect.stringContaining("Section R A-1 let go."),
    ]);
  });

  it("is booked where nothing is to be paid, and an offer can't be extended", () => {
    const { mine, page } = open(seats([], { payment: false }));
    mine.put(hold("h", ["A-1"], { state: "offered" }));
    page.paint();
    expect(text("[data-deed=confirm]")).toBe("Book");
    expect((part(document, "[data-deed=extend]") as HTMLButtonElement).hidden).toBe(true);
    expect(part(document, ".offered").hidden).toBe(false);
  });

  it("is paid for in a dialog", async () => {
    const { mine, page, back } = open(seats());
    const one = hold("h", ["A-1"]);
    mine.put(one);
    page.paint();
    (part(document, "[data-deed=pay]") as HTMLButtonElement).click();
    await back.answer("/api/seats/holds/h/checkout", 200, {
      payment: "p",
      amount: 2000,
      currency: "KRW",
      state: "open",
    });
    expect([text("#checkout-what"), text("#checkout-amount")]).toEqual(["Section R A-1", "₩2,000"]);
    byId("pay", "button").click();
    const paid = await back.answer("/api/seats/demo-payments/p", 200, { state: "sold", duplicate: false });
    expect(paid.body).toEqual({ status: "succeeded" });
    await back.answer("/api/seats/holds", 200, { holds: [{ ...one, state: "sold" }] });
    await back.answer("/api/seats/waiting", 200, { waiting: [] });
    expect([spot("A-1").dataset.look, text("#announcer")]).toEqual(["booked", "Section R A-1 booked."]);
  });
});

describe("tables", () => {
  const pick = (name: string, value: string) => {
    // happy-dom lets several of a group be chosen.
    for (const one of document.querySelectorAll<HTMLInputElement>(`input[name=${name}]`))
      one.checked = one.value === value;
    byId("table-form", "form").dispatchEvent(new Event("change"));
  };
  const slot = (value: string) => part(document, `input[value="${value}"]`) as HTMLInputElement;

  it("are chosen by day, party and time, with what is left for each", () => {
    const { changes, look, hall, page } = open(tables([{ place: "T1@2026-12-01T18:00", state: "sold" }]));
    expect([...document.querySelectorAll<HTMLInputElement>("input[name=slot]")].map(({ value }) => value)).toEqual([
      "2026-12-01T18:00",
      "2026-12-01T19:00",
      "2026-12-01T20:00",
    ]);
    expect(slot("2026-12-01T18:00").getAttribute("aria-label")).toMatch(/^6:00.PM, 1 table free$/);
    expect(slot("2026-12-01T19:00").dataset.free).toBe("2");
    expect([spot("T1").dataset.look, spot("T3").dataset.look, spot("T2").classList.contains("marked")]).toEqual([
      "sold",
      "unfit",
      true,
    ]);
    expect(label("T2")).toBe("T2, for 1 to 4, free; you would get this one");
    changes({ place: "T2@2026-12-01T19:00", state: "held", holder: "other" });
    expect([spot("T2").dataset.look, text("#free"), byId("hold", "button").disabled]).toEqual([
      "held",
      "0 tables free",
      true,
    ]);
    expect(text("#choice")).toBe("No table is free for 2 at this time. Try another time.");
    pick("date", "2026-12-02");
    expect([look.mock.calls, document.querySelectorAll("input[name=slot]").length, text("#choice")]).toEqual([
      [["2026-12-02"]],
      0,
      "Choose a time.",
    ]);
    hall.take(tables([], { date: "2026-12-02", slots: ["2026-12-02T18:00"] }));
    page.take();
    expect(document.querySelectorAll("input[name=slot]")).toHaveLength(1);
    expect([text("#free"), text("#choice")]).toEqual(["2 tables free", expect.stringMatching(/Dec 2.*2 people: T1$/)]);
  });

  it("are held by slot and party, or the one that was pressed", async () => {
    const { back } = open(tables());
    pick("party", "3");
    byId("hold", "button").click();
    const path = "/api/seats/events/table/holds";
    const first = await back.answer(path, 409, { code: "table_unavailable" });
    expect(first.body).toEqual({ slot: "2026-12-01T18:00", party: 3 });
    expect(text("#notice p")).toMatch(/^No table for so many/);
    press("T1");
    expect(text("#announcer")).toBe("T1, for 1 to 2, not for so many people");
    byId("hold", "button").click();
    const visit = ["T2@2026-12-01T18:00", "T2@2026-12-01T19:00"];
    await back.answer(path, 201, hold("h", visit, { event: "table" }));
    byId("hold", "button").click();
    await settle();
    expect([back.asked.length, text("#choice")]).toEqual([
      0,
      "You hold a table at this time already. To take another, press it on the plan.",
    ]);
    press("T3");
    byId("hold", "button").click();
    const second = await back.answer(path, 409, { code: "seats_taken", places: ["T3@2026-12-01T18:00"] });
    expect(second.body).toEqual({ places: ["T3@2026-12-01T18:00", "T3@2026-12-01T19:00"] });
    expect(text("#notice p")).toMatch(/^Somebody else was faster, and no other table/);
  });

  it("forget which one was pressed when another time is chosen", () => {
    const { booth } = open(tables());
    press("T2");
    expect([booth.choice.length, spot("T2").dataset.look]).toEqual([2, "chosen"]);
    press("T2");
    expect(booth.choice).toEqual([]);
    press("T2");
    pick("slot", "2026-12-01T20:00");
    expect([booth.choice, spot("T2").dataset.look, spot("T1").classList.contains("marked")]).toEqual([
      [],
      "free",
      true,
    ]);
  });

  it("can be waited for", async () => {
    const { back } = open(tables());
    expect(byId("wait-section", "select").closest("label")?.hidden).toBe(true);
    byId("wait-form", "form").dispatchEvent(new Event("submit", { cancelable: true }));
    const path = "/api/seats/events/table/waiting";
    const entry = waiting("w", { event: "table", section: "2026-12-01T18:00", place: 1 });
    const ask = await back.answer(path, 201, entry);
    expect(ask.body).toEqual({ section: "2026-12-01T18:00", count: 2 });
    expect([text(".wait .line"), text(".wait .hint")]).toEqual([
      "You are 1st in line",
      expect.stringMatching(/Dec 1.*2 people$/),
    ]);
  });
});

describe("the waiting list", () => {
  it("says that you are 12th, and when it's your turn", async () => {
    const { mine, page, back } = open(seats());
    byId("wait-section", "select").value = "S";
    byId("wait-count", "select").value = "2";
    byId("wait-form", "form").dispatchEvent(new Event("submit", { cancelable: true }));
    const ask = await back.answer("/api/seats/events/concert/waiting", 201, waiting("w", { section: "S" }));
    expect(ask.body).toEqual({ section: "S", count: 2 });
    expect([text(".wait .line"), text(".wait .hint"), text("#announcer")]).toEqual([
      "You are 12th in line",
      "Section S, 2 seats",
      "You are 12th in line",
    ]);
    mine.takeWaiting([waiting("w", { section: "S", state: "offered" })]);
    page.paint();
    expect(text(".wait .line")).toBe("It's your turn: seats are held for you above.");
    (part(document, "[data-deed=leave]") as HTMLButtonElement).click();
    await back.answer("/api/seats/waiting/w/leave", 200, waiting("w", { state: "left" }));
    expect(document.querySelector(".wait")).toBeNull();
  });
});

describe("the rest of the page", () => {
  it("lists events, with what is left of each", () => {
    const telling = new Telling("en", textsOf("en"), new Hall());
    const { title, venue } = seats();
    const event = (name: string, free: number, mode: "seats" | "tables") => {
      return { event: name, title, venue, mode, starts_at: NOW, places: 10, free };
    };
    showEvents([event("a", 3, "seats"), event("b", 0, "tables")], telling, (name) => `/seats?event=${name}`);
    expect([...document.querySelectorAll(".event-card .left")].map((one) => one.textContent)).toEqual([
      "3 of 10 free",
      "Sold out",
    ]);
    expect(document.querySelectorAll(".event-card .when")).toHaveLength(1);
    showEvents([event("c", 690, "tables")], telling, () => "");
    expect(part(document, "[data-event=c]").textContent).not.toMatch(/\d|free/);
    showEvents([event("a", 3, "seats"), event("b", 0, "tables")], telling, (name) => `/seats?event=${name}`);
    expect(part(document, "[data-event=a]").getAttribute("href")).toBe("/seats?event=a");
    showEvents([{ ...event("a", 3, "seats"), closed: true }, event("b", 0, "tables")], telling, () => "");
    expect(text("[data-event=a] .left")).toBe("Closed: nothing more can be reserved");
    showEvents(null, telling, () => "");
    expect([document.querySelectorAll(".event-card").length, text("#events-problem")]).toEqual([
      2,
      "The server can't be reached. The page goes on trying.",
    ]);
    showEvents([], telling, () => "");
    expect(text("#events-problem")).toBe("There is nothing to reserve yet.");
  });

  it("says of a closed event that it is", () => {
    const { hall, page } = open(seats());
    expect(text("#event-about")).not.toContain("Closed");
    hall.take(seats([], { closed: true }));
    page.take();
    expect(text("#event-about")).toContain("Closed: nothing more can be reserved");
  });

  it("lists what was booked and what became of the rest", () => {
    const { telling } = open(seats());
    const holds = [
      hold("a", ["A-1"]),
      hold("b", ["A-2"], { state: "sold" }),
      hold("c", ["x"], { state: "refund_due", event: "other" }),
    ];
    showBookings(holds, [], telling);
    expect([...document.querySelectorAll(".booking")].map((one) => one.textContent)).toEqual([
      "concertSection R A-2₩2,000Booked",
      "otherx₩2,000Paid too late: to be refunded",
    ]);
    const { title, venue } = seats();
    const concert = { event: "concert", title, venue, mode: "seats" as const, starts_at: NOW, places: 10, free: 1 };
    showElsewhere(holds, [concert, { ...concert, event: "other" }], telling, (event) => `/seats?event=${event}`);
    const links = [...document.querySelectorAll<HTMLAnchorElement>("#elsewhere a")];
    expect(links.map((link) => [link.getAttribute("href"), link.textContent])).toEqual([
      ["/seats?event=concert", "You hold 1 place at Winter concert."],
    ]);
    showBookings([], [], telling);
    expect(byId("bookings-section", "section").hidden).toBe(true);
  });

  it("says one thing after the other, and not for ever", () => {
    const { telling, time } = open(seats());
    const speaker = new Speaker(telling, time);
    for (const said of ["1", "2", "3", "4"]) speaker.say(said);
    expect(text("#announcer")).toBe("234");
  });
});

describe("a hall in little", () => {
  it("follows the first event that sells seats, until it's stopped", async () => {
    const root = document.createElement("div");
    const closed: string[] = [];
    let socket: { url: string; sent: string[]; emit(type: string, event?: object): void } | undefined;
    class FakeSocket {
      static OPEN = 1;
      readyState = 1;
      sent: string[] = [];
      #heard = new Map<string, (event: object) => void>();
      constructor(readonly url: string) {
        socket = this;
      }
      addEventListener = (type: string, run: (event: object) => void) => void this.#heard.set(type, run);
      send = (text: string) => void this.sent.push(text);
      close = () => void closed.push(this.url);
      emit = (type: string, event = {}) => this.#heard.get(type)?.(event);
      say = (message: object) => this.emit("message", { data: JSON.stringify(message) });
    }
    const { title, venue } = seats();
    const event = { event: "concert", title, venue, mode: "seats", starts_at: NOW, places: 15, free: 15 };
    const answers: Record<string, unknown> = {
      "http://b/api/seats/events": { events: [{ ...event, event: "table", mode: "tables" }, event] },
      "http://b/api/seats/events/concert": seats(),
    };
    vi.stubGlobal("WebSocket", FakeSocket);
    vi.stubGlobal("fetch", async (url: string) => new Response(JSON.stringify(answers[url])));
    const page = { language: "ko" as const, texts: textsOf("ko"), backWs: "ws://b", backHttp: "http://b" };
    const thumbnail = new Thumbnail(root, page);
    thumbnail.start();
    await vi.waitFor(() => expect(socket?.url).toBe("ws://b/ws/seats-concert"));
    expect(root.textContent).toBe("15석 중 15석 남음");
    const { sent, say } = socket as FakeSocket;
    socket?.emit("open");
    expect(JSON.parse(sent[0] ?? "")).toMatchObject({ type: "join", after: 0 });
    const at = { offset: 0, epoch: seats().position.epoch };
    say({ type: "welcome", name: "x", session: "s", sender: "p", members: [], recovered: true, ...at });
    say({ type: "message", author: "x", client_id: "c", at: NOW, ...told(1, { place: "A-1", state: "sold" }) });
    expect(root.textContent).toBe("15석 중 14석 남음");
    thumbnail.stop();
    expect(closed).toEqual(["ws://b/ws/seats-concert"]);
    vi.unstubAllGlobals();
  });

  it("shows every seat as it is, and says how many are free", () => {
    const root = document.createElement("div");
    const language = "en" as const;
    const thumbnail = new Thumbnail(root, { language, texts: textsOf("en"), backWs: "ws://b", backHttp: "http://b" });
    const hall = new Hall();
    hall.take(
      seats([
        { place: "A-1", state: "sold" },
        { place: "A-2", state: "held" },
      ]),
    );
    thumbnail.show(hall);
    const states = [...root.querySelectorAll("rect")].map((seat) => seat.dataset.state);
    const [left = 0, top = 0, width = 0, height = 0] =
      root.querySelector("svg")?.getAttribute("viewBox")?.split(" ").map(Number) ?? [];
    for (const seat of root.querySelectorAll("rect")) {
      const [x, y] = [Number(seat.getAttribute("x")), Number(seat.getAttribute("y"))];
      expect(x > left && x < left + width && y > top && y < top + height).toBe(true);
    }
    expect([states.length, states.slice(0, 3)]).toEqual([15, ["sold", "held", "free"]]);
    expect(root.textContent).toBe("13 of 15 free");
  });
});
