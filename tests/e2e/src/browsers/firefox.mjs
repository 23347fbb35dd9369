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
      const opened = new FirefoxPage(context, page, scale);
      await opened.resize(viewport);
      return opened;
    },
    close: () => browser.close(),
  };
}

/** @implements {import("./page.mjs").Page} */
class FirefoxPage {
  engine = "Firefox";
  #context;
  #page;
  #scale;
  #problems = [];

  constructor(context, page, scale) {
    this.#context = context;
    this.#page = page;
    this.#scale = scale;
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
  // Puppeteer's own setViewport turns the screen too, which Firefox 140, Debian's until it is updated, doesn't know.
  resize = ({ width, height }) =>
    this.#page.mainFrame().browsingContext.setViewport({ viewport: { width, height }, devicePixelRatio: this.#scale });
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
