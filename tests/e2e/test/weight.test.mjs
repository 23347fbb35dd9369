import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { launchChromium } from "../src/browsers/chromium.mjs";
import { setUp } from "../src/setting.mjs";

const PAGES = ["/", "/chat", "/market", "/seats", "/seats?event=concert", "/scores", "/scores/operator", "/lab", "/account"];
/** JavaScript of one page as it is sent, in bytes. */
const SCRIPT_BYTES = 150 * 1024;
/** Until a page has loaded, in milliseconds. */
const LOAD_MS = 300;
/** Loads of each page: the quickest one tells what the page takes, the others what else the machine does. */
const LOADS = 7;

describe("what a page weighs", () => {
  const setting = setUp([launchChromium]);

  for (const path of PAGES) {
    test(`${path}: little, quickly, and nothing from elsewhere`, async (context) => {
      const { browsers, program } = setting;
      const loads = [];
      for (let n = 0; n < LOADS; n += 1) {
        // A browser page of its own each time, whose cache is empty.
        const page = await browsers[0].open();
        await page.goto(`${program.front}${path}`);
        loads.push(await page.evaluate(weigh));
        await page.close();
      }
      const [{ scripts, origins }] = loads;
      const quickest = Math.min(...loads.map(({ loaded }) => loaded));
      const back = program.front.replace(/:\d+$/, "");
      assert.ok(origins.every((origin) => origin.startsWith(`${back}:`)), `${path}: ${origins}`);
      assert.ok(scripts.length > 0, path);
      const sum = scripts.reduce((sum, { sent }) => sum + sent, 0);
      const size = scripts.reduce((sum, { size }) => sum + size, 0);
      assert.ok(sum < size, `${path} sends its scripts as they are`);
      assert.ok(sum <= SCRIPT_BYTES, `${path} sends ${sum} bytes of scripts`);
      assert.ok(quickest <= LOAD_MS, `${path} takes ${quickest} ms`);
      context.diagnostic(`${path}: ${sum} bytes of scripts, loaded in ${quickest.toFixed(0)} ms at best`);
    });
  }
});

/** Runs in the page: its scripts, where everything came from, and when it had loaded. */
function weigh() {
  const entries = performance.getEntriesByType("resource");
  const scripts = entries.filter(({ name }) => new URL(name).pathname.endsWith(".js"));
  return {
    scripts: scripts.map(({ name, encodedBodySize, decodedBodySize }) => ({
      name,
      sent: encodedBodySize,
      size: decodedBodySize,
    })),
    origins: [...new Set(entries.map(({ name }) => new URL(name).origin))],
    loaded: performance.getEntriesByType("navigation")[0].loadEventEnd,
  };
}
