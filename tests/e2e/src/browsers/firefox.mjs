import puppeteer from "puppeteer-core";
import { PATIENCE_MS } from "../wait.mjs";
import { expression } from "./page.mjs";

/** Firefox, by Puppeteer over WebDriver BiDi. */
export async function launchFirefox() {
  const browser = await puppeteer.launch({
    browser: "firefox",
    executablePath: process.env.FIREFOX ?? "/usr/bin/firefox-esr",
    headless: true,
    extraPrefsFirefox: {
      "ui.prefersReducedMotion": 1,
      // Without a screen Firefox finds no mouse: a fine pointer (2) that can hover (4), as on a desk.
      "ui.primaryPointerCapabilities": 6,
      "ui.allPointerCapabilities": 6,
    },
  });
  return {
    name: "Firefox",
    async open(options = {}) {
      const { viewport = { width: 1280, height: 720 }, scale = 1 } = options;
      const context = await browser.createBrowserContext();
      const page = await context.newPage();
      page.setDefaultTimeout(PATIENCE_MS);
      await page.setViewport({ ...viewport, deviceScaleFactor: scale });
      return new FirefoxPage(context, page);
    },
    close: () => browser.close(),
  };
}

/** @implements {import("./page.mjs").Page} */
class FirefoxPage {
  engine = "Firefox";
  #context;
  #page;
  #problems = [];

  constructor(context, page) {
    this.#context = context;
    this.#page = page;
    page.on("pageerror", (error) => this.#problems.push(`uncaught: ${error.message}`));
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warn") this.#problems.push(message.text());
    });
  }

  goto = (url) => this.#page.goto(url);
  reload = () => this.#page.reload();
  evaluate = (run, ...args) => this.#page.evaluate(expression(run, args));
  click = (selector) => this.#page.click(selector);
  type = (selector, text) => this.#page.type(selector, text);
  resize = (viewport) => this.#page.setViewport({ ...this.#page.viewport(), ...viewport });
  screenshot = async () => Buffer.from(await this.#page.screenshot());
  problems = () => this.#problems;
  close = () => this.#context.close();

  async press(keys) {
    const held = keys.split("+");
    const key = held.pop();
    for (const modifier of held) await this.#page.keyboard.down(modifier);
    await this.#page.keyboard.press(key);
    for (const modifier of held.reverse()) await this.#page.keyboard.up(modifier);
  }
}
