import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { isAccessible } from "../src/accessibility.mjs";
import { launchChromium } from "../src/browsers/chromium.mjs";
import { launchFirefox } from "../src/browsers/firefox.mjs";
import { Visitor } from "../src/seats.mjs";
import { setUp } from "../src/setting.mjs";
import { eventually } from "../src/wait.mjs";

const PHONE = { width: 390, height: 844 };
const SMALL_PHONE = { width: 320, height: 640 };
/** What must be at least as large to be pressed by everybody, in CSS pixels. */
const FINGER_PX = 24;
const DESK = { width: 1280, height: 900 };
const LOOKS = [
  ["en", "light"],
  ["en", "dark"],
  ["ko", "light"],
  ["ko", "dark"],
];
/** The picture of the page. `UPDATE_SCREENSHOTS=1` writes it anew. */
const PICTURE = fileURLToPath(new URL("../../../docs/images/seats.png", import.meta.url));
/** How soon others see what somebody does, in milliseconds: no longer than the eye takes for at once. */
const AT_ONCE_MS = 200;
/** Holds of which that is measured: the one in the middle counts, since any may meet a busy machine. */
const MEASURED = 9;
/** An event with a seat for each of those, for each of two people. */
const PREVIEW = {
  event: "preview",
  title: { en: "Preview", ko: "시사회" },
  venue: { en: "Yard Hall", ko: "마당홀" },
  starts_at: new Date(Date.now() + 86_400_000).toISOString(),
  sections: [{ section: "main", name: { en: "All seats", ko: "전석" }, price: 0, rows: ["A", "B"].map((row) => ({ row, seats: `1-${MEASURED}` })) }],
};
/** The pause before the next try may be as long as it ever gets. */
const RESTART_MS = 45_000;
/** How long a hold lasts, and somewhat more. */
const HOLD_MS = 135_000;

describe("reservation", () => {
  const setting = setUp([launchChromium, launchFirefox]);
  /** Somebody who holds seats and does nothing more, while all the rest happens. */
  let idle;

  test("somebody holds seats and forgets about it", async () => {
    const [chromium] = setting.browsers;
    idle = await Visitor.open(chromium, setting.program, { event: "concert", viewport: DESK });
    await idle.holds("M-8", "M-9");
    await idle.reads(".hold .time-left", /^(2 min 0 s|1 min 5\d s) left$/);
    const seconds = () => idle.page.evaluate(() => Number(document.querySelector(".hold").dataset.seconds));
    const before = await seconds();
    assert.ok(before <= 120 && before > 100, `${before} s`);
    await eventually(async () => assert.ok((await seconds()) < before));
  });

  test("two people race for seats: one wins, the other is told which are gone and what to do", async () => {
    const [one, other] = await both("premiere");
    await one.press("A-3", "A-4");
    await other.press("A-4", "A-5");
    await Promise.all([one, other].map(({ page }) => page.evaluate(holdAt, Date.now() + 700)));
    const wins = (visitor) => visitor.page.evaluate(() => document.querySelectorAll(".hold").length);
    await eventually(async () => assert.equal((await wins(one)) + (await wins(other)), 1));
    const [winner, loser] = (await wins(one)) === 1 ? [one, other] : [other, one];
    const left = loser === other ? "A-5" : "A-3";
    await loser.reads("#notice p", /^Somebody else was faster: All seats A-4 is gone\.$/);
    await loser.reads("#notice", new RegExp(`Nobody has taken the rest of your choice, All seats ${left}\\.`));
    await looksGood(loser.page, "somebody was faster");
    await loser.sees({ "A-4": "held", [left]: "chosen" });
    await winner.sees({ "A-4": "mine", [left]: "free" });
    await loser.page.click('[data-deed="take-rest"]');
    await loser.sees({ [left]: "mine" });
    await winner.sees({ [left]: "held" });
    await done(one, other);
  });

  test("who has chosen what another takes is told before they try", async () => {
    const [one, other] = await both("premiere");
    await one.press("A-1", "A-7");
    await other.holds("A-7");
    await one.reads("#notice p", /^Somebody else was faster: All seats A-7 is gone\.$/);
    await one.reads("#notice", /Close by and free: All seats A-[68]\./);
    await one.page.click('[data-deed="take-instead"]');
    await one.reads("#choice", /^All seats A-1 and A-[68]$/);
    await done(one, other);
  });

  test("a hold, letting go of it, and buying show to others within 200 ms", async (t) => {
    await setting.program.write("preview.json", JSON.stringify(PREVIEW));
    await setting.program.run(["seats", "add", "preview.json"]);
    const visitors = await both(PREVIEW.event);
    for (const [row, [holder, watcher]] of Object.entries({ A: visitors, B: visitors.toReversed() })) {
      const times = { held: [], free: [], sold: [] };
      /** Presses a button, and measures until the other page shows it. */
      const press = async (look, button) => {
        await eventually(async () => {
          assert.ok(await holder.page.evaluate((place) => document.querySelector(place)?.ariaDisabled === "false", button));
        });
        const pressed = await holder.page.evaluate((place) => {
          const now = Date.now();
          document.querySelector(place).click();
          return now;
        }, button);
        times[look].push((await watcher.noted(look)) - pressed);
      };
      for (let n = 1; n <= MEASURED; n += 1) {
        const place = `${row}-${n}`;
        await holder.press(place);
        await watcher.notes(place);
        await press("held", "#hold");
        await press("free", '.hold [data-deed="release"]');
        await holder.sees({ [place]: "free" });
        await holder.holds(place);
        await watcher.sees({ [place]: "held" });
        await press("sold", '.hold [data-deed="confirm"]');
        await holder.sees({ [place]: "booked" });
      }
      for (const [look, all] of Object.entries(times)) {
        const middle = all.toSorted((a, b) => a - b)[Math.floor(MEASURED / 2)];
        t.diagnostic(`${holder.page.engine} to ${watcher.page.engine}, ${look}: ${all.join(" ")} ms`);
        assert.ok(middle <= AT_ONCE_MS, `${look}: ${all} ms`);
      }
    }
    await done(...visitors);
  });

  test("a hold is extended once, let go, and booked, as everybody sees", async () => {
    const [one, other] = await both("premiere");
    await one.holds("A-1", "A-2");
    await other.sees({ "A-1": "held", "A-2": "held" });
    await one.decides("extend");
    await one.reads(".hold [data-deed=extend]", /^Extended once already$/);
    await one.reads(".hold .time-left", /^[23] min/);
    await one.decides("release");
    await other.sees({ "A-1": "free", "A-2": "free" });
    await other.holds("A-10");
    await other.decides("confirm");
    await other.sees({ "A-10": "booked" });
    await other.reads(".booking", /Premiere with the director.*All seats A-10.*Booked/);
    await one.sees({ "A-10": "sold" });
    // It's kept for whoever comes back.
    await other.page.reload();
    await other.sees({ "A-10": "booked" });
    await done(one, other);
  });

  test("a payment that fails can be made again, and one that succeeds books", async () => {
    await Promise.all(
      setting.browsers.map(async (browser, n) => {
        const visitor = await Visitor.open(browser, setting.program, { event: "concert", viewport: DESK });
        const [first, second] = n === 0 ? ["A-7", "A-8"] : ["E-7", "E-8"];
        await visitor.holds(first, second);
        await visitor.reads(".hold [data-deed=pay]", n === 0 ? /^Pay ₩220,000$/ : /^Pay ₩176,000$/);
        await visitor.decides("pay");
        await visitor.reads("#checkout-time", /left$/);
        await visitor.page.click("#pay-fail");
        await visitor.reads("#notice p", /^The payment has failed/);
        await visitor.sees({ [first]: "mine" });
        await visitor.decides("pay");
        await eventually(async () => assert.ok(await visitor.page.evaluate(() => document.querySelector("#checkout").open)));
        await visitor.page.click("#pay");
        await visitor.sees({ [first]: "booked", [second]: "booked" });
        await visitor.reads(".booking", /Winter concert.*Booked/);
        await done(visitor);
      }),
    );
  });

  test("who waits is told their place, and offered what gets free, first come first served", async () => {
    const [chromium, firefox] = setting.browsers;
    const { program } = setting;
    const open = (browser) => Visitor.open(browser, program, { event: "premiere", viewport: DESK });
    // One in Firefox: it lets a page wait that lies behind another.
    const people = await Promise.all([chromium, chromium, firefox, chromium].map(open));
    const [holder, second, first, next] = people;
    const free = await holder.placesThatLook("free");
    await holder.holds(...free.slice(0, 6));
    await second.sees({ [free[5]]: "held" });
    if (free.length > 6) await second.holds(...free.slice(6));
    for (const visitor of [first, next]) await visitor.reads("#free", /^Sold out$/);
    await first.page.click("#wait");
    await first.reads(".wait .line", /^You are 1st in line$/);
    await next.page.click("#wait");
    await next.reads(".wait .line", /^You are 2nd in line$/);
    // Wherever they look on the page, or at another one.
    await first.page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
    await second.decides("release");
    await first.reads("#turn-text", /^It's your turn: .+, from the waiting list\.$/);
    assert.ok(await first.page.evaluate(isInSight, "#turn"), "in sight without scrolling");
    assert.match(await first.text("#turn-time"), /^(1 min 0 s|\d\d s) left$/);
    await isAccessible(first.page, "an offer");
    const title = await first.page.evaluate(titleWhileHidden);
    assert.match(title.hidden, /^It's your turn! · .+ · Madang$/);
    assert.match(title.back, /^(?!It's your turn).+ · Madang$/);
    await first.reads(".wait .line", /^It's your turn/);
    await first.reads(".hold .offered", /from the waiting list/);
    await first.reads(".hold .time-left", /^(1 min 0 s|\d\d s) left$/);
    const [offered] = await first.placesThatLook("mine");
    await first.page.click('#turn [data-deed="confirm"]');
    await first.sees({ [offered]: "booked" });
    await eventually(async () => assert.ok(!(await first.page.evaluate(isInSight, "#turn"))));
    await next.reads(".wait .line", /^It's your turn|^You are 1st in line$/);
    await next.page.click('.wait [data-deed="leave"]');
    await eventually(async () => assert.equal(await next.text(".wait .line"), ""));
    await done(...people);
  });

  test("tables are found by day, time and party, and one more is gone for everybody", async () => {
    const [one, other] = await both("table");
    const choose = async ({ page }) => {
      await page.click("#dates .pick:nth-child(3)");
      await page.click('#parties .pick:has([value="4"])');
      await eventually(async () => assert.ok(await page.evaluate(() => document.querySelectorAll("#slots .pick").length > 3)));
      await page.click("#slots .pick:nth-child(2)");
    };
    for (const visitor of [one, other]) {
      await choose(visitor);
      await visitor.reads("#free", /^5 tables free$/);
      await visitor.sees({ T1: "unfit", T5: "free", T10: "unfit" });
    }
    await one.page.click("#hold");
    await one.sees({ T5: "mine" });
    await other.sees({ T5: "held" });
    await other.reads("#free", /^4 tables free$/);
    // An hour later the same table is still occupied: a visit takes two.
    await other.page.click("#slots .pick:nth-child(3)");
    await other.sees({ T5: "held" });
    await other.page.click("#slots .pick:nth-child(4)");
    await other.sees({ T5: "free" });
    await other.page.click("#slots .pick:nth-child(2)");
    await other.press("T9");
    await other.sees({ T9: "chosen" });
    await other.page.click("#hold");
    await other.sees({ T9: "mine" });
    await one.reads("#free", /^3 tables free$/);
    await one.decides("confirm");
    await one.sees({ T5: "booked" });
    await other.sees({ T5: "sold" });
    await one.reads(".booking", /A table at the Yard.*T5.*Booked/);
    await done(one, other);
  });

  test("the keyboard alone is enough", async () => {
    await Promise.all(
      setting.browsers.map(async (browser, n) => {
        const visitor = await Visitor.open(browser, setting.program, { event: "concert", viewport: DESK });
        const { page } = visitor;
        const focus = () => page.evaluate(() => document.activeElement.dataset.place ?? document.activeElement.dataset.deed ?? document.activeElement.id);
        const tabTo = async (what) => {
          for (let presses = 0; presses < 40; presses += 1) {
            await page.press("Tab");
            if ((await focus()) === what) return;
          }
          assert.fail(`${page.engine}: no ${what} by the tab key`);
        };
        await tabTo("A-1");
        // Through rows that are free here: to the fourth row of each section, and there to the end.
        for (const key of n === 0 ? ["ArrowDown", "ArrowDown", "ArrowRight"] : ["PageDown", "ArrowDown", "ArrowRight"]) {
          await page.press(key);
        }
        const seat = n === 0 ? "C-2" : "F-2";
        assert.equal(await focus(), seat, page.engine);
        assert.match(await visitor.text("#map-info"), /row [CF], seat 2, ₩[\d,]+, free$/);
        await page.press(n === 0 ? "Space" : "Enter");
        await page.press("ArrowRight");
        await page.press("Enter");
        await visitor.reads("#choice", /2 and [CF]-3$/);
        await tabTo("hold");
        await page.press("Enter");
        await visitor.sees({ [seat]: "mine" });
        await eventually(async () => assert.match(await visitor.text("#announcer"), /held for you\. .* left to confirm\.$/));
        const paying = (open) =>
          eventually(async () => {
            const now = await page.evaluate(() => [document.querySelector("#checkout").open, document.activeElement.id]);
            assert.deepEqual(now, [open, open ? "pay" : ""], page.engine);
          });
        await tabTo("pay");
        await page.press("Enter");
        await paying(true);
        // Whatever waits for the server leaves the focus where somebody is.
        await page.press("Escape");
        await paying(false);
        assert.equal(await focus(), "pay", page.engine);
        await page.press("Tab");
        await page.press("Enter");
        await visitor.reads('.hold [data-deed="extend"]', /^Extended once/);
        assert.equal(await focus(), "extend", page.engine);
        await page.press("Shift+Tab");
        await page.press("Enter");
        await paying(true);
        await page.press("Enter");
        await visitor.sees({ [seat]: "booked" });
        await eventually(async () => assert.equal(await focus(), "basket-title", page.engine));
        assert.match(await visitor.text("#announcer"), /booked\.$/);
        await done(visitor);
      }),
    );
  });

  test("on a phone every seat can be pressed from the start, and the sections are at hand", async () => {
    for (const browser of setting.browsers) {
      for (const viewport of [SMALL_PHONE, PHONE]) {
        const visitor = await Visitor.open(browser, setting.program, { event: "concert", viewport });
        const { page } = visitor;
        const look = `${page.engine}, ${viewport.width} px`;
        const smallest = await page.evaluate(() => {
          const sides = [...document.querySelectorAll("#map .spot .body")].flatMap((spot) => {
            const { width, height } = spot.getBoundingClientRect();
            return [width, height];
          });
          return Math.min(...sides);
        });
        assert.ok(smallest >= FINGER_PX, `${look}: ${smallest} px`);
        // By the browser's own scrolling, at both ends of the hall.
        await visitor.press("B-1", "B-16");
        await visitor.reads("#choice", /B-1 and B-16$/);
        await page.click('#sections [data-section="A"]');
        await eventually(async () => assert.ok(await page.evaluate(isInSight, '#map [data-place="J-8"] .body'), look));
        // By the keyboard it leads on to the first free seat there.
        await page.evaluate(() => document.querySelector("#sections button").focus());
        await page.press("Enter");
        await eventually(async () => assert.match(await page.evaluate(() => document.activeElement.dataset.place ?? ""), /^A-/, look));
        await looksGood(page, look);
        await visitor.press("B-1", "B-16");
        await done(visitor);
      }
    }
  });

  test("every way to the room shows what others do", async () => {
    const [chromium, firefox] = setting.browsers;
    const { program } = setting;
    const holder = await Visitor.open(firefox, program, { event: "concert", viewport: DESK });
    for (const [n, via] of ["socketio", "sse", "long-polling", "polling", "websocket"].entries()) {
      const place = `H-${n + 1}`;
      const watcher = await Visitor.open(chromium, program, { event: "concert", via, viewport: DESK });
      assert.equal(await watcher.page.evaluate(() => document.querySelector("#ways [aria-current]").dataset.way), via);
      await holder.holds(place);
      await watcher.sees({ [place]: "held" });
      await holder.decides("release");
      await watcher.sees({ [place]: "free" });
      await done(watcher);
    }
    await done(holder);
    const [socketio, other] = await Promise.all([
      Visitor.open(firefox, program, { event: "concert", via: "socketio", viewport: DESK }),
      Visitor.open(chromium, program, { event: "concert", viewport: DESK }),
    ]);
    await other.holds("H-10");
    await socketio.sees({ "H-10": "held" });
    await done(socketio, other);
  });

  test("the server is killed: what was held is held, and what was asked meanwhile is done once", async () => {
    const [one, other] = await both("concert");
    await one.holds("K-1");
    await other.sees({ "K-1": "held" });
    await other.press("K-2");
    for (const { page } of [one, other]) await page.evaluate(noteStates);
    await setting.program.kill();
    for (const visitor of [one, other]) await visitor.reads("#watch-state-text", /^Connection lost/);
    await other.page.click("#hold");
    await other.reads("#hold", /^Asking the server/);
    await setting.program.start();
    await other.sees({ "K-1": "held", "K-2": "mine" }, RESTART_MS);
    assert.equal(await other.page.evaluate(() => document.querySelectorAll(".hold").length), 1);
    for (const visitor of [one, other]) await visitor.isLive(RESTART_MS);
    // Attempts that fail are no news.
    for (const { page } of [one, other]) {
      const states = await page.evaluate(() => window.states);
      assert.deepEqual(states, ["Connection lost; trying again", "Live"], page.engine);
    }
    await one.sees({ "K-1": "mine", "K-2": "held" });
    await one.decides("release");
    await other.sees({ "K-1": "free" });
    // What the browsers complain of is that there was no server.
    await Promise.all([one, other].map((visitor) => visitor.close()));
  });

  test("what is held too long is everybody's again", async () => {
    const watcher = await Visitor.open(setting.browsers[1], setting.program, { event: "concert", viewport: DESK });
    await idle.reads("#turn-text", /^Your time for Balcony M-8 and M-9 is nearly over\.$/, HOLD_MS);
    await idle.reads("#turn-time", /^([12]\d|30|\d) s left$/);
    await idle.reads("#notice p", /^Your time for Balcony M-8 and M-9 has run out/, HOLD_MS);
    await watcher.sees({ "M-8": "free", "M-9": "free" });
    await idle.sees({ "M-8": "free", "M-9": "free" });
    await watcher.holds("M-8");
    await idle.sees({ "M-8": "held" });
    await idle.page.click('[data-deed="take-again"]');
    await idle.reads("#choice", /^Balcony M-9$/);
    await Promise.all([idle, watcher].map((visitor) => visitor.close()));
  });

  test("the address of no event says so, and lists those there are", async () => {
    await Promise.all(
      setting.browsers.map(async (browser) => {
        const page = await browser.open({ viewport: PHONE });
        await page.goto(`${setting.program.front}/seats?lang=en&event=nope&via=sse`);
        await eventually(async () => assert.ok(await page.evaluate(() => document.querySelector('[data-event="concert"]') !== null)));
        const told = await page.evaluate(() => [
          document.querySelector("#watch-state-text").textContent,
          document.querySelector("#ways-nav").hidden,
          document.querySelector("#all-events").getAttribute("href"),
        ]);
        assert.deepEqual(told, ["There is no such event", true, "/seats?via=sse"], browser.name);
        await looksGood(page, "no such event");
        await page.click('[data-event="concert"]');
        await eventually(async () => assert.equal(await page.evaluate(() => document.querySelector("#watch-state").dataset.state), "live"));
        await page.close();
      }),
    );
  });

  test("it fits, and axe-core finds nothing wrong, in every language and scheme", async () => {
    await Promise.all(
      setting.browsers.map(async (browser, n) => {
        for (const viewport of [PHONE, DESK]) {
          for (const [lang, theme] of LOOKS) {
            const look = `${viewport.width} px, ${lang}, ${theme}`;
            const what = { lang, theme, viewport };
            const hall = await Visitor.open(browser, setting.program, { event: "concert", ...what });
            const [one, other] = n === 0 ? ["L-1", "L-2"] : ["L-15", "L-16"];
            await hall.holds(one, other);
            await hall.press(...(n === 0 ? ["L-3", "L-4"] : ["L-13", "L-14"]));
            await looksGood(hall.page, `seats that are held, ${look}`);
            if (viewport === PHONE) {
              await hall.decides("pay");
              await eventually(async () => assert.ok(await hall.page.evaluate(() => document.querySelector("#checkout").open)));
              await looksGood(hall.page, `paying, ${look}`);
              await hall.page.click("#checkout-close");
            }
            await hall.decides("release");
            await hall.sees({ [one]: "free" });
            await done(hall);
            const room = await Visitor.open(browser, setting.program, { event: "table", ...what });
            await looksGood(room.page, `the restaurant, ${look}`);
            await room.page.goto(`${setting.program.front}/seats?lang=${lang}`);
            await eventually(async () => assert.equal(await room.page.evaluate(() => document.querySelectorAll(".event-card").length), 4));
            await looksGood(room.page, `the events, ${look}`);
            await done(room);
          }
        }
      }),
    );
  });

  test("the picture", async () => {
    const [chromium, firefox] = setting.browsers;
    const { program } = setting;
    const other = await Visitor.open(firefox, program, { event: "concert", viewport: DESK });
    await other.holds("B-6", "B-7", "G-11", "G-12");
    const visitor = await Visitor.open(chromium, program, { event: "concert", viewport: { width: 1280, height: 1120 }, scale: 1.5 });
    await visitor.holds("B-9", "B-10");
    await visitor.press("C-9");
    await visitor.sees({ "B-6": "held", "C-9": "chosen" });
    const picture = await visitor.page.screenshot();
    await done(visitor, other);
    if (process.env.UPDATE_SCREENSHOTS !== "1") return;
    await mkdir(dirname(PICTURE), { recursive: true });
    await writeFile(PICTURE, picture);
  });

  /** One person in each browser. */
  function both(event) {
    return Promise.all(
      setting.browsers.map((browser) => Visitor.open(browser, setting.program, { event, viewport: DESK })),
    );
  }
});

/** From now on the page writes down what it says of the connection. */
function noteStates() {
  const place = document.querySelector("#watch-state-text");
  window.states = [];
  new MutationObserver(() => window.states.push(place.textContent)).observe(place, { childList: true });
}

/** They let go of what they hold, and leave; nothing went wrong on their pages that they didn't ask for. */
async function done(...visitors) {
  for (const visitor of visitors) {
    await eventually(async () => {
      // In one step, since a hold that is just going away by itself takes its button with it.
      const left = await visitor.page.evaluate(() => {
        document.querySelector('.hold [data-deed="release"]:not([disabled])')?.click();
        return document.querySelectorAll(".hold").length;
      });
      assert.equal(left, 0, "holds");
    });
    // A browser reports every answer that says no, such as that somebody else was faster.
    const problems = visitor.page.problems().filter((problem) => !/status of 409/.test(problem));
    assert.deepEqual(problems, [], visitor.page.engine);
    await visitor.close();
  }
}

async function looksGood(page, what) {
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `${page.engine}: ${what}: ${overflow} px stick out`);
  await isAccessible(page, what);
}

/** Runs in a page: presses the button at a moment, by the machine's clock. */
function holdAt(moment) {
  setTimeout(() => document.querySelector("#hold").click(), moment - Date.now());
}

/** Runs in a page: whether a part of it can be seen, all of it and nothing before it. */
function isInSight(selector) {
  const part = document.querySelector(selector);
  const { left, top, right, bottom, width } = part.getBoundingClientRect();
  if (width === 0 || left < 0 || top < 0 || right > innerWidth || bottom > innerHeight) return false;
  const seen = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
  return part.contains(seen) || (seen?.closest("[data-place]") ?? seen) === part.parentElement;
}

/** Runs in a page: what its title is while another lies before it, and then again. */
function titleWhileHidden() {
  const be = (hidden) => {
    Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
    return document.title;
  };
  return { hidden: be(true), back: be(false) };
}
