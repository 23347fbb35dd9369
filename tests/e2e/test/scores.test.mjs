import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { isAccessible } from "../src/accessibility.mjs";
import { launchChromium } from "../src/browsers/chromium.mjs";
import { launchFirefox } from "../src/browsers/firefox.mjs";
import { setUp } from "../src/setting.mjs";
import { eventually } from "../src/wait.mjs";

const PASSWORD = "correct horse";
const PHONE = { width: 390, height: 844 };
const DESK = { width: 1280, height: 900 };
const FEEDS = ["polling", "long-polling", "events", "websocket"];
/** A double and a single each time: who was on second scores, who was on first is on third. */
const BASES = "Runners on: First base, Third base";
/** The picture of the scoreboard. `UPDATE_SCREENSHOTS=1` writes it anew. */
const PICTURE = fileURLToPath(new URL("../../../docs/images/scores.png", import.meta.url));

describe("the scoreboard", () => {
  const settings = [`--operator-password=${PASSWORD}`, "--replay-speed=60"];
  const setting = setUp([launchChromium, launchFirefox], settings);

  test("the picture", async () => {
    const [chromium] = setting.browsers;
    const page = await chromium.open({ viewport: DESK, scale: 1.5 });
    await page.goto(`${setting.program.front}/scores?lang=en`);
    // Where there is something to see, in the middle of a match.
    await eventually(async () => {
      const bases = await page.evaluate(() => document.querySelectorAll(".base.on").length);
      assert.ok(bases > 0 && (await offset(page)) > 40);
      assert.match(await page.evaluate(() => document.querySelector('[data-reading="delay"]').textContent), /s$/);
    }, MATCH_MS);
    const picture = await page.screenshot();
    await page.close();
    if (process.env.UPDATE_SCREENSHOTS !== "1") return;
    await mkdir(dirname(PICTURE), { recursive: true });
    await writeFile(PICTURE, picture);
  });

  test("whoever signs in runs a match, which everybody sees by the transport that they chose", async () => {
    const { browsers, program } = setting;
    await Promise.all(
      browsers.map(async (browser, place) => {
        const match = `final-${place}`;
        const desk = await browser.open({ viewport: DESK });
        await desk.goto(`${program.front}/scores/operator?lang=en`);
        await signIn(desk, "wrong guess");
        await says(desk, "#problem", /isn't the password/);
        await signIn(desk, PASSWORD);
        await open(desk, match);
        await tell(desk, "start");

        // One after the other: only one tab of a window is looked at, and the others pause.
        for (const [round, via] of FEEDS.entries()) {
          const viewer = await browser.open({ viewport: DESK });
          await viewer.goto(`${program.front}/scores?match=${match}&via=${via}&lang=en`);
          await says(viewer, "#match-state", /^Top 1$/);
          await says(viewer, "#feed-state-text", /^Up to date$/);
          await desk.type("#play-text", `What a hit ${round}`);
          await tell(desk, "double");
          await tell(desk, "single");
          await tell(desk, "note");
          await tell(desk, "undo");
          await says(viewer, "#plays > li:first-child .told", /taken back/);
          await says(viewer, '#plays > li:nth-child(3) .told', /^Single$/);
          await says(viewer, '#plays > li:nth-child(4) .told', new RegExp(`^What a hit ${round}$`));
          await says(viewer, "#away [data-sum=hits]", new RegExp(`^${2 * round + 2}$`));
          const bases = await viewer.evaluate(() => document.querySelector("#diamond").getAttribute("aria-label"));
          assert.equal(bases, BASES, `${browser.name}: ${via}`);
          // However it came, and whatever it cost, it's the same.
          const offsets = await viewer.evaluate(() =>
            [...document.querySelectorAll("#plays > li")].map((play) => Number(play.dataset.offset)),
          );
          const told = 2 + 4 * (round + 1);
          const expected = Array.from({ length: told }, (_, n) => told - n);
          assert.deepEqual(offsets, expected, `${browser.name}: ${via}`);
          await says(viewer, '[data-reading="requests"]', /^[1-9]/);
          await says(viewer, '[data-reading="delay"]', /s$/);
          assert.deepEqual(viewer.problems(), [], browser.name);
          await viewer.close();
        }
        await desk.close();
      }),
    );
  });

  test("on a phone the desk says what is wrong where it can be seen, opens a match once, and keeps the keyboard's place", async () => {
    const { browsers, program } = setting;
    await Promise.all(
      browsers.map(async (browser) => {
        const page = await browser.open({ viewport: PHONE });
        const at = () => page.evaluate(() => document.activeElement.id || document.activeElement.dataset.what);
        const opens = (id) => page.evaluate((id) => {
          for (const [field, value] of Object.entries({ "new-match": id, "new-away": "Swallows", "new-home": "Magpies" })) {
            document.getElementById(field).value = value;
          }
          const button = document.querySelector("#open-form button");
          button.click();
          button.click();
        }, id);
        await page.goto(`${program.front}/scores/operator?lang=en`);
        await signIn(page, PASSWORD);
        await eventually(async () => assert.equal(await at(), "matches-title", browser.name));
        await opens("Bad Id");
        await says(page, "#problem", /^An id has/);
        await seen(page);
        await opens(`phone-${browser.name.toLowerCase()}`);
        await says(page, "#plays > li .told", /./);
        await says(page, "#problem", /^$/);
        await page.evaluate(() => document.querySelector('[data-what="start"]').focus());
        const before = await offset(page);
        await page.press("Enter");
        await eventually(async () => assert.equal(await offset(page), before + 1, browser.name));
        assert.equal(await at(), "start", browser.name);
        await page.click('[data-what="steal"]');
        await says(page, "#problem", /./);
        await seen(page);
        assert.equal(await at(), "steal", browser.name);
        await page.close();
      }),
    );
  });

  test("the address of no match says so, and leads to those there are by the same transport", async () => {
    const { browsers, program } = setting;
    await Promise.all(
      browsers.map(async (browser) => {
        const page = await browser.open({ viewport: PHONE });
        await page.goto(`${program.front}/scores?lang=en&match=nope&via=events`);
        await says(page, "#feed-state-text", /no such match/);
        await eventually(async () => assert.ok(await page.evaluate(() => !document.querySelector("#matches-nav").hidden)));
        assert.ok(await page.evaluate(() => document.querySelector(".ticker").hidden), browser.name);
        await looksGood(page, "no such match");
        await page.click('#matches a[href*="match=yard"]');
        await says(page, "#away [data-sum=runs]", /^\d+$/);
        assert.equal(await page.evaluate(() => new URLSearchParams(location.search).get("via")), "events");
        assert.ok(await page.evaluate(() => !document.querySelector(".ticker").hidden), browser.name);
        await page.close();
      }),
    );
  });

  test("a transport is chosen on the page, and the server comes back", async () => {
    const { browsers, program } = setting;
    const pages = await Promise.all(
      browsers.map(async (browser) => {
        const page = await browser.open({ viewport: DESK });
        await page.goto(`${program.front}/scores?lang=en`);
        await says(page, "#feed-state-text", /^Up to date$/);
        return page;
      }),
    );
    for (const page of pages) {
      for (const feed of FEEDS.toReversed()) {
        await page.click(`label:has([value="${feed}"])`);
        await says(page, "#feed-state-text", /^Up to date$/);
        const before = await offset(page);
        await eventually(async () => assert.ok((await offset(page)) > before, `${page.engine}: ${feed}`));
      }
      await page.click('label:has([value="websocket"])');
      await says(page, "#feed-state-text", /^Up to date$/);
    }
    await program.kill();
    for (const page of pages) await says(page, "#feed-state-text", /can't be reached/);
    await program.start();
    for (const page of pages) {
      await says(page, "#feed-state-text", /^Up to date$/, RESTART_MS);
      await page.close();
    }
  });

  test("its pages fit, and axe-core finds nothing wrong, in every language and scheme", async () => {
    const { browsers, program } = setting;
    await Promise.all(
      browsers.map(async (browser) => {
        const page = await browser.open({ viewport: PHONE });
        for (const viewport of [PHONE, DESK]) {
          for (const [lang, theme] of [
            ["en", "light"],
            ["en", "dark"],
            ["ko", "light"],
            ["ko", "dark"],
          ]) {
            await page.resize(viewport);
            const look = `${viewport.width} px, ${lang}, ${theme}`;
            await page.goto(`${program.front}/scores?lang=${lang}`);
            await page.evaluate((value) => localStorage.setItem("madang.theme", value), theme);
            await page.reload();
            await says(page, "#away [data-sum=runs]", /^\d+$/);
            await looksGood(page, `the scoreboard, ${look}`);
            await page.goto(`${program.front}/scores/operator?lang=${lang}`);
            if (await page.evaluate(() => !document.querySelector("#sign-in").hidden)) {
              await looksGood(page, `signing in, ${look}`);
              await signIn(page, PASSWORD);
              await open(page, `look-${browser.name.toLowerCase()}`);
              await tell(page, "start");
              await tell(page, "single");
            } else {
              await page.click(`[data-match="look-${browser.name.toLowerCase()}"]`);
            }
            await says(page, "#away [data-sum=hits]", /^1$/);
            await looksGood(page, `the desk, ${look}`);
          }
        }
        await page.close();
      }),
    );
  });
});

/** A whole match, at the speed at which it's played here. */
const MATCH_MS = 40_000;

/** The pause before the next try may be as long as it ever gets. */
const RESTART_MS = 45_000;

async function signIn(page, password) {
  await page.evaluate(() => {
    document.querySelector("#password").value = "";
  });
  await page.type("#password", password);
  await page.press("Enter");
}

async function open(page, match) {
  await eventually(async () => assert.ok(await page.evaluate(() => !document.querySelector("#signed-in").hidden)));
  await page.type("#new-match", match);
  await page.type("#new-away", "Swallows");
  await page.type("#new-home", "Magpies");
  await page.press("Enter");
  await says(page, "#plays > li .told", /./);
}

/** Tells a play, and waits until the desk shows it. */
async function tell(page, what) {
  const before = await offset(page);
  await eventually(async () =>
    assert.equal(await page.evaluate((name) => document.querySelector(`button[data-what="${name}"]`).ariaDisabled, what), "false"),
  );
  await page.click(`button[data-what="${what}"]`);
  await eventually(async () => assert.equal(await offset(page), before + 1, `${page.engine}: ${what}`));
}

/** Whether what went wrong is within the window. */
async function seen(page) {
  const { top, bottom, height } = await page.evaluate(() => {
    const { top, bottom } = document.querySelector("#problem").getBoundingClientRect();
    return { top, bottom, height: innerHeight };
  });
  assert.ok(top >= 0 && bottom <= height, `${page.engine}: from ${top} to ${bottom} of ${height}`);
}

async function offset(page) {
  return page.evaluate(() => Number(document.body.dataset.offset ?? 0));
}

async function says(page, selector, what, patience) {
  await eventually(async () => {
    const text = await page.evaluate((place) => document.querySelector(place)?.textContent ?? "", selector);
    assert.match(text, what, `${page.engine}: ${selector}`);
  }, patience);
}

async function looksGood(page, what) {
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `${page.engine}: ${what}: ${overflow} px stick out`);
  await isAccessible(page, what);
}
