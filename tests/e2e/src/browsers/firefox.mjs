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

  /** The page as the protocol has it, where Puppeteer's way of doing a thing won't do. */
  get #tab() {
    return this.#page.mainFrame().browsingContext;
  }

  constructor(context, page, scale) {
    this.#context = context;
    this.#page = page;
    this.#scale = scale;
    page.on("pageerror", (error) => this.#problems.push(`uncaught: ${error.message}`));
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warn") this.#problems.push(message.text());
    });
  }

  goto = (url) => this.#loads(() => this.#tab.navigate(url));
  reload = () => this.#loads(() => this.#tab.reload());
  evaluate = (run, ...args) => this.#page.evaluate(expression(run, args));
  click = (selector) => this.#page.click(selector);
  type = (selector, text) => this.#page.type(selector, text);
  // Puppeteer's own setViewport turns the screen too, which Firefox 140, Debian's until it is updated, doesn't know.
  resize = ({ width, height }) =>
    this.#tab.setViewport({ viewport: { width, height }, devicePixelRatio: this.#scale });
  screenshot = async () => Buffer.from(await this.#page.screenshot());
  problems = () => this.#problems;
  close = () => this.#context.close();

  /**
   * Does what makes the page load, and returns when it has. Puppeteer's goto and reload, and Firefox's own answer to
   * them, come too early where the page that is left calls history.replaceState meanwhile: that counts as the end of a
   * navigation there.
   */
  async #loads(go) {
    let timer;
    const loaded = new Promise((resolve, reject) => {
      this.#tab.once("load", resolve);
      timer = setTimeout(() => reject(new Error(`Firefox hasn't loaded the page within ${PATIENCE_MS} ms`)), PATIENCE_MS);
    });
    try {
      await Promise.all([loaded, go()]);
    } finally {
      clearTimeout(timer);
    }
  }

  async press(keys) {
    const held = keys.split("+");
    const key = held.pop();
    for (const modifier of held) await this.#page.keyboard.down(modifier);
    await this.#page.keyboard.press(key);
    for (const modifier of held.reverse()) await this.#page.keyboard.up(modifier);
  }
}
