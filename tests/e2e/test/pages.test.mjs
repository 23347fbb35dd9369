import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isAccessible } from "../src/accessibility.mjs";
import { Chat } from "../src/chat.mjs";
import { setUp } from "../src/setting.mjs";
import { eventually } from "../src/wait.mjs";

const PHONE = { width: 390, height: 844 };
const DESK = { width: 1280, height: 800 };
/** Which of viewport, language and scheme go together: all in one engine, each once in the others. */
const EVERY_LOOK = [PHONE, DESK].flatMap((viewport) =>
  ["en", "ko"].flatMap((lang) => ["light", "dark"].map((theme) => ({ viewport, lang, theme }))),
);
const SOME_LOOKS = [
  { viewport: PHONE, lang: "ko", theme: "dark" },
  { viewport: DESK, lang: "en", theme: "light" },
];

describe("the pages, on a phone and on a desk", () => {
  const setting = setUp();

  test("the chat by keyboard alone, on a phone's screen", async () => {
    const { browsers, program } = setting;
    await Promise.all(
      browsers.map(async (browser, place) => {
        const chat = await Chat.open(browser, program, { room: `keys-${place}`, viewport: PHONE });
        const { page } = chat;

        await tabTo(page, "#name");
        await page.press("Enter");
        await isFocused(page, "#name-input");
        await page.type("#name-input", "이서연");
        await page.press("Enter");
        await eventually(async () => assert.deepEqual(await chat.people(), ["이서연"], browser.name));
        await chat.isConnected();
        await isFocused(page, "#text");
        await chat.say("손 대지 않고");
        await chat.shows(["손 대지 않고"]);

        // Backwards, since beyond the page's last element the browser's own buttons begin.
        await tabTo(page, "#open-panel", "Shift+Tab");
        await page.press("Enter");
        await isFocused(page, "#close-panel");
        await isAccessible(page, "the drawer");
        // The scheme goes from the system's to light to dark.
        await tabTo(page, "#theme");
        await page.press("Enter");
        await page.press("Enter");
        assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark", browser.name);
        await page.press("Escape");
        await isFocused(page, "#open-panel");
        await page.close();
      }),
    );
  });

  test("both pages fit, and axe-core finds nothing wrong, in every language and scheme", async () => {
    const { browsers, program } = setting;
    await Promise.all(
      browsers.map(async (browser, place) => {
        const room = `마당-${place}`;
        const chat = await Chat.open(browser, program, { room, name: "Alex" });
        await chat.say("A message of one's own");
        await chat.say("long".repeat(100));
        await chat.rename("이서연");
        await chat.say("이제 다른 사람입니다");
        await eventually(async () => assert.equal((await chat.messages()).at(-1)?.state, "sent"));
        const { page } = chat;
        for (const { viewport, lang, theme } of place === 0 ? EVERY_LOOK : SOME_LOOKS) {
          await page.resize(viewport);
          await page.evaluate((value) => localStorage.setItem("madang.theme", value), theme);
          const look = `${viewport.width} px, ${lang}, ${theme}`;
          await page.goto(`${program.front}/?lang=${lang}`);
          await eventually(async () => assert.equal(await page.evaluate(backState), "ready", browser.name));
          await looksGood(page, { lang, theme }, `home, ${look}`);
          await page.goto(`${program.front}/chat?room=${encodeURIComponent(room)}&lang=${lang}`);
          await chat.isConnected(lang === "ko" ? /^연결됨$/ : /^Connected$/);
          assert.equal((await chat.texts()).length, 3, `${browser.name}: ${look}`);
          await looksGood(page, { lang, theme }, `chat, ${look}`);
        }
        await page.close();
      }),
    );
  });

  test("where nothing is, a page says so and leads on, and no room is the lobby", async () => {
    const { browsers, program } = setting;
    await Promise.all(
      browsers.map(async (browser, place) => {
        const page = await browser.open({ viewport: PHONE });
        for (const path of ["/nothing", "/chat/"]) {
          await page.goto(`${program.front}${path}?lang=${place === 0 ? "ko" : "en"}`);
          const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          assert.ok(overflow <= 0, `${browser.name}: ${path}: ${overflow} px stick out`);
          await isAccessible(page, path);
          assert.equal(await page.evaluate(() => document.querySelectorAll("main a, .places a").length), 6, browser.name);
          await page.click("main a");
          await eventually(async () => assert.equal(await page.evaluate(() => location.pathname), "/", browser.name));
        }
        await page.goto(`${program.front}/chat?lang=en&room=`);
        await eventually(async () => assert.equal(await page.evaluate(() => document.body.dataset.connection), "live", browser.name));
        await page.close();
      }),
    );
  });

  test("without a choice the system's scheme is followed", async () => {
    const [chromium] = setting.browsers;
    const colours = await Promise.all(
      ["light", "dark"].map(async (scheme) => {
        const page = await chromium.open({ scheme });
        await page.goto(`${setting.program.front}/`);
        const colour = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
        await page.close();
        return colour;
      }),
    );
    assert.notEqual(colours[0], colours[1]);
  });

  test("a lost connection is told accessibly too", async () => {
    const { browsers, program } = setting;
    const chats = await Promise.all(
      browsers.map((browser) => Chat.open(browser, program, { room: "lost", viewport: PHONE })),
    );
    await program.kill();
    for (const chat of chats) {
      await chat.isDisconnected();
      await chat.say("for later");
      await chat.shows(["for later"]);
      await isAccessible(chat.page, "disconnected");
    }
  });
});

/** As the person asked for it, with nothing sticking out. */
async function looksGood(page, { lang, theme }, what) {
  const found = await page.evaluate(() => ({
    lang: document.documentElement.lang,
    theme: document.documentElement.dataset.theme,
    overflow: document.documentElement.scrollWidth - innerWidth,
  }));
  assert.deepEqual(found, { lang, theme, overflow: Math.min(found.overflow, 0) }, `${page.engine}: ${what}`);
  await isAccessible(page, what);
}

/** Goes by Tab to what the selector says, with no more presses than a page may need. */
async function tabTo(page, selector, key = "Tab") {
  for (let presses = 0; presses < 40; presses += 1) {
    if (await page.evaluate(hasFocus, selector)) return;
    await page.press(key);
  }
  assert.fail(`${page.engine}: ${key} doesn't get to ${selector}`);
}

async function isFocused(page, selector) {
  await eventually(async () => assert.ok(await page.evaluate(hasFocus, selector), `${page.engine}: ${selector}`));
}

function hasFocus(selector) {
  return document.activeElement.matches(selector);
}

function backState() {
  return document.querySelector("#back-state").dataset.state;
}
