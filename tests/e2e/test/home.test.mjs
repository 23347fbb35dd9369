import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { launchChromium } from "../src/browsers/chromium.mjs";
import { launchFirefox } from "../src/browsers/firefox.mjs";
import { Chat } from "../src/chat.mjs";
import { Visitor } from "../src/seats.mjs";
import { setUp } from "../src/setting.mjs";
import { eventually } from "../src/wait.mjs";

const SMALL = { width: 360, height: 640 };
const THUMBNAILS = ["chat", "market", "seats", "scores", "lab"];
const PAGES = ["/", "/chat?room=words", "/market", "/seats", "/scores", "/lab", "/account"];

describe("the way in", () => {
  const setting = setUp([launchChromium, launchFirefox]);

  test("the thumbnails show what is going on now", async () => {
    const { browsers, program } = setting;
    const chat = await Chat.open(browsers[0], program, { room: "lobby", name: "Kim" });
    // The hall in little is the first event that sells seats.
    const { events } = await (await fetch(`${program.back}/api/seats/events`)).json();
    const { event } = events.find(({ mode }) => mode === "seats");
    const visitor = await Visitor.open(browsers[0], program, { event });
    for (const browser of browsers) {
      const page = await browser.open();
      await page.goto(`${program.front}/?lang=en`);
      await eventually(async () => {
        for (const name of THUMBNAILS) assert.ok(await page.evaluate(childrenOf, name), `${browser.name}: ${name}`);
      });
      const market = await page.evaluate(inside, "market");
      await eventually(async () => assert.notEqual(await page.evaluate(inside, "market"), market, browser.name));

      await chat.say(`Seen in ${browser.name}?`);
      await eventually(async () => assert.match(await page.evaluate(inside, "chat"), new RegExp(`Seen in ${browser.name}`)));

      const free = await page.evaluate(inside, "seats");
      const [place] = await visitor.placesThatLook("free");
      await visitor.holds(place);
      await eventually(async () => assert.notEqual(await page.evaluate(inside, "seats"), free, browser.name));
      assert.deepEqual(page.problems(), [], browser.name);
      await page.close();
    }
    await chat.page.close();
    await visitor.page.close();
  });

  test("every page has a switch for its language, which is remembered", async () => {
    const { browsers, program } = setting;
    await Promise.all(
      browsers.map(async (browser) => {
        const page = await browser.open();
        await page.goto(`${program.front}/?lang=en`);
        let language = "en";
        for (const path of PAGES) {
          await page.goto(program.front + path);
          if (path !== "/") assert.equal(await page.evaluate(languageOf), language, `${browser.name}: ${path}, by the cookie`);
          language = language === "en" ? "ko" : "en";
          await page.click("#language");
          await eventually(async () => assert.equal(await page.evaluate(languageOf), language, `${browser.name}: ${path}`));
        }
        await page.close();
      }),
    );
  });

  test("on a small phone the head of every page takes two lines, so that nothing jumps from one page to the next", async () => {
    const { browsers, program } = setting;
    for (const browser of browsers) {
      const page = await browser.open({ viewport: SMALL });
      for (const lang of ["en", "ko"]) {
        const heights = [];
        for (const path of PAGES.filter((path) => !path.startsWith("/chat"))) {
          await page.goto(`${program.front}${path}?lang=${lang}`);
          heights.push(await page.evaluate(() => Math.round(document.querySelector(".bar").getBoundingClientRect().height)));
        }
        assert.ok(Math.max(...heights) < 110, `${browser.name}, ${lang}: ${heights}`);
        assert.equal(new Set(heights).size, 1, `${browser.name}, ${lang}: ${heights}`);
      }
      await page.close();
    }
  });
});

// What follows runs in a page.

function childrenOf(name) {
  return document.querySelector(`#${name}-thumbnail`).childElementCount;
}

function inside(name) {
  return document.querySelector(`#${name}-thumbnail`).innerHTML;
}

function languageOf() {
  return document.readyState === "complete" ? document.documentElement.lang : "";
}
