import { after, before } from "node:test";
import { launchChromium } from "./browsers/chromium.mjs";
import { launchFirefox } from "./browsers/firefox.mjs";
import { launchWebKit } from "./browsers/webkit.mjs";
import { Program } from "./program.mjs";

/**
 * The program, with some settings, and the browsers, running while the tests of the suite run that calls this.
 *
 * @returns {{ program: Program, browsers: import("./browsers/page.mjs").Browser[] }} filled before the first test
 */
export function setUp(launch = [launchChromium, launchFirefox, launchWebKit], settings = []) {
  const setting = { program: null, browsers: [] };
  before(async () => {
    setting.program = await Program.start(settings);
    const started = await Promise.allSettled(launch.map((start) => start()));
    setting.browsers = started.flatMap(({ value }) => value ?? []);
    for (const { reason } of started) if (reason) throw reason;
  });
  after(async () => {
    await Promise.all(setting.browsers.map((browser) => browser.close()));
    await setting.program?.close();
  });
  return setting;
}
