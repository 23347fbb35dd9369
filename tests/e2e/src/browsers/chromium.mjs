import { chromium } from "playwright-core";
import { PATIENCE_MS } from "../wait.mjs";
import { expression } from "./page.mjs";

/** Chromium, by Playwright. */
export async function launchChromium() {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    // The sandbox refuses root, which tests in containers are. Pages are our own.
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"],
  });
  return {
    name: "Chromium",
    async open(options = {}) {
      const { viewport, scale = 1, scheme = "light" } = options;
      const context = await browser.newContext({
        colorScheme: scheme,
        deviceScaleFactor: scale,
        reducedMotion: "reduce",
        ...(viewport && { viewport }),
      });
      context.setDefaultTimeout(PATIENCE_MS);
      return new ChromiumPage(context, await context.newPage());
    },
    close: () => browser.close(),
  };
}

/** @implements {import("./page.mjs").Page} */
class ChromiumPage {
  engine = "Chromium";
  #context;
  #page;
  #problems = [];

  constructor(context, page) {
    this.#context = context;
    this.#page = page;
    page.on("pageerror", (error) => this.#problems.push(`uncaught: ${error.message}`));
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") this.#problems.push(message.text());
    });
  }

  goto = (url) => this.#page.goto(url);
  reload = () => this.#page.reload();
  evaluate = (run, ...args) => this.#page.evaluate(expression(run, args));
  click = (selector) => this.#page.click(selector);
  type = (selector, text) => this.#page.locator(selector).pressSequentially(text);
  press = (key) => this.#page.keyboard.press(key);
  resize = (viewport) => this.#page.setViewportSize(viewport);
  screenshot = () => this.#page.screenshot();
  problems = () => this.#problems;
  close = () => this.#context.close();

  /** The DevTools protocol, for input that no other driver can make: compositions. */
  devTools = () => this.#context.newCDPSession(this.#page);
}
