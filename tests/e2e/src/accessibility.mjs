import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/**
 * Fails with every rule of axe-core that what the page shows breaks, and where.
 *
 * @param {import("./browsers/page.mjs").Page} page
 * @param {string} what names the page's state
 */
export async function isAccessible(page, what) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe);
  const broken = await page.evaluate(async () => {
    // What is still fading in has less contrast than it will have.
    const passing = document.getAnimations().filter((one) => one.effect.getComputedTiming().endTime < Infinity);
    await Promise.allSettled(passing.map(({ finished }) => finished));
    const { violations, passes } = await window.axe.run(document, { resultTypes: ["violations"] });
    if (passes.length === 0) throw new Error("axe-core looked at nothing");
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`);
  });
  assert.deepEqual(broken, [], `${page.engine}: ${what}`);
}
