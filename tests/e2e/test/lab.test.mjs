import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { isAccessible } from "../src/accessibility.mjs";
import { launchChromium } from "../src/browsers/chromium.mjs";
import { launchFirefox } from "../src/browsers/firefox.mjs";
import { LANES, Lab } from "../src/lab.mjs";
import { setUp } from "../src/setting.mjs";

/** The picture in README.md. `UPDATE_SCREENSHOTS=1` writes it anew. */
const PICTURE = fileURLToPath(new URL("../../../docs/images/lab.png", import.meta.url));
const PHONE = { width: 390, height: 844 };
const number = (text) => Number(text.replaceAll(",", ""));

describe("the transport laboratory", () => {
  const setting = setUp([launchChromium, launchFirefox]);

  test("every way hears the events; offline stops them; afterwards all of them are there", async () => {
    for (const browser of setting.browsers) {
      const lab = await Lab.open(browser, setting.program);
      // Ten a second, and ten simulated clients.
      await lab.slide("rate", 6);
      await lab.slide("clients", 2);
      await lab.start();
      const rows = await lab.shows("events", (rows) => rows.every(({ events }) => number(events) >= 20));
      assert.deepEqual(
        rows.map(({ name }) => name),
        LANES,
      );
      for (const row of rows) {
        assert.equal(row.missed, "0", row.name);
        assert.match(row.p95, /^[\d.]+\u00a0m?s$/, row.name);
        assert.match(row.simulated, /^2 of 2/, row.name);
        assert.ok(number(row.requests) > 0, row.name);
      }
      assert.match(rows.at(-1).state, /WebSocket/, "Socket.IO has gone over");

      await lab.page.click("#offline");
      const cut = await lab.shows("cut off", (rows) => rows.every(({ lane }) => lane === "waiting"));
      const later = await lab.shows("more is yet to come", (rows) => rows.every(({ behind }) => number(behind) >= 20));
      for (const [place, row] of later.entries()) assert.equal(row.events, cut[place].events, row.name);

      await lab.page.click("#offline");
      await lab.shows("caught up", (rows) =>
        rows.every(
          ({ lane, late, behind, events }, place) =>
            lane === "live" && number(late) > 0 && number(behind) < 15 && number(events) > number(later[place].events) + 20,
        ),
      );
      await lab.stop();

      const saved = await lab.saved();
      assert.deepEqual(Object.keys(saved.lanes), LANES);
      for (const lane of LANES) {
        const { page, line, simulated } = saved.lanes[lane];
        assert.ok(page.events > 40 && line.bytes_down > 0 && simulated.events > 0, lane);
        assert.deepEqual([page.missed, page.duplicates, page.outOfOrder], [0, 0, 0], lane);
      }
      assert.ok(saved.steps.length > 3 && saved.published > 40);
      await lab.page.close();
    }
  });

  test("what the server forgets while a lane is away is told as missed", async () => {
    const [chromium] = setting.browsers;
    const lab = await Lab.open(chromium, setting.program);
    // Fifty events of 16 KiB a second: the server remembers the last second or so.
    await lab.slide("payload", 5);
    await lab.slide("rate", 8);
    await lab.start();
    await lab.page.click("#offline");
    await lab.shows("cut off", (rows) => rows.every(({ lane }) => lane === "waiting"));
    await lab.shows("much is yet to come", (rows) => rows.every(({ behind }) => number(behind) >= 200));
    await lab.page.click("#offline");
    await lab.shows("missed", (rows) => rows.every(({ missed }) => number(missed) > 0));
    await lab.stop();
    await lab.page.close();
  });

  test("it fits a phone in Korean and dark, and axe-core finds nothing wrong, also while it runs", async () => {
    for (const browser of setting.browsers) {
      const lab = await Lab.open(browser, setting.program, { lang: "ko", viewport: PHONE });
      const { page } = lab;
      await page.evaluate(() => localStorage.setItem("madang.theme", "dark"));
      await page.reload();
      await isAccessible(page, "the laboratory");
      await lab.start();
      await lab.shows("events", (rows) => rows.every(({ events }) => number(events) > 0));
      await isAccessible(page, "a run");
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(overflow <= 0, `${page.engine}: ${overflow} px stick out`);
      await lab.stop();
      assert.deepEqual(page.problems(), [], page.engine);
      await page.close();
    }
  });

  test("the picture of a run", async () => {
    const [chromium] = setting.browsers;
    const lab = await Lab.open(chromium, setting.program, { viewport: { width: 1320, height: 1290 }, scale: 1.5 });
    await lab.slide("clients", 3);
    await lab.start();
    const patient = process.env.UPDATE_SCREENSHOTS === "1" ? 24 : 2;
    await lab.shows("events", (rows) => rows.every(({ events }) => number(events) >= patient / 2));
    await lab.page.evaluate(() => document.querySelector(".lab-controls").scrollIntoView());
    const picture = await lab.page.screenshot();
    assert.ok(picture.length > 50_000, "it shows something");
    await lab.stop();
    if (process.env.UPDATE_SCREENSHOTS !== "1") return;
    await mkdir(dirname(PICTURE), { recursive: true });
    await writeFile(PICTURE, picture);
  });
});
