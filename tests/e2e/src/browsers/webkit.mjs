import assert from "node:assert/strict";
import { once } from "node:events";
import { access, readdir } from "node:fs/promises";
import { join } from "node:path";
import { Child } from "../child.mjs";
import { freePort } from "../ports.mjs";
import { eventually } from "../wait.mjs";
import { expression } from "./page.mjs";

/**
 * WebKit, Safari's engine, as WebKitGTK's MiniBrowser: on a virtual screen, driven by classic WebDriver, which is HTTP
 * and JSON. It knows one session at a time, so one page has to be closed before the next is opened.
 */
export async function launchWebKit() {
  const screen = new Child("Xvfb", ["-displayfd", "3", "-screen", "0", "1600x1200x24", "-nolisten", "tcp"], {
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
  const [display] = await screen.unlessExited(once(screen.stream(3).setEncoding("utf8"), "data"));
  const port = await freePort();
  const driver = new Child("WebKitWebDriver", ["--host=127.0.0.1", `--port=${port}`], {
    // The driver starts the browser with its own environment.
    env: { ...process.env, DISPLAY: `:${display.trim()}` },
  });
  const url = `http://127.0.0.1:${port}`;
  await driver.unlessExited(
    eventually(async () =>
      assert.ok(
        await fetch(`${url}/status`).then(
          (answer) => answer.json(),
          () => null,
        ),
      ),
    ),
  );
  return {
    name: "WebKit",
    async open(options = {}) {
      const page = await WebKitPage.open(url, await miniBrowser());
      if (options.viewport) await page.resize(options.viewport);
      return page;
    },
    async close() {
      driver.destroy();
      screen.destroy();
      await Promise.all([driver.exited, screen.exited]);
    },
  };
}

/** @implements {import("./page.mjs").Page} */
class WebKitPage {
  engine = "WebKit";
  #session;

  static async open(driver, binary) {
    const page = new WebKitPage();
    page.#session = `${driver}/session`;
    const alwaysMatch = { "webkitgtk:browserOptions": { binary, args: ["--automation"] } };
    const { sessionId } = await page.#post("", { capabilities: { alwaysMatch } });
    page.#session += `/${sessionId}`;
    return page;
  }

  goto = (url) => this.#post("/url", { url });
  reload = () => this.#post("/refresh", {});
  evaluate = (run, ...args) => this.#post("/execute/sync", { script: `return ${expression(run, args)}`, args: [] });
  click = async (selector) => this.#post(`${await this.#find(selector)}/click`, {});
  type = async (selector, text) => this.#post(`${await this.#find(selector)}/value`, { text });
  problems = () => [];
  close = () => this.#call("DELETE", "");

  async press(keys) {
    const values = keys.split("+").map((key) => KEYS[key] ?? key);
    const down = values.map((value) => ({ type: "keyDown", value }));
    const up = values.reverse().map((value) => ({ type: "keyUp", value }));
    await this.#post("/actions", { actions: [{ type: "key", id: "keyboard", actions: [...down, ...up] }] });
  }

  async screenshot() {
    // What has changed is in the picture only when it has been painted.
    await this.evaluate(() => new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted))));
    return Buffer.from(await this.#call("GET", "/screenshot"), "base64");
  }

  /** The window's frame comes on top. */
  async resize({ width, height }) {
    const window = await this.#call("GET", "/window/rect");
    const inner = await this.evaluate(() => ({ width: innerWidth, height: innerHeight }));
    const frame = { width: window.width - inner.width, height: window.height - inner.height };
    await this.#post("/window/rect", { width: width + frame.width, height: height + frame.height });
    await eventually(async () => assert.equal(await this.evaluate(() => innerHeight), height));
  }

  async #find(selector) {
    const [element] = Object.values(await this.#post("/element", { using: "css selector", value: selector }));
    return `/element/${element}`;
  }

  #post(path, body) {
    return this.#call("POST", path, JSON.stringify(body));
  }

  async #call(method, path, body) {
    const answer = await fetch(this.#session + path, { method, body });
    const { value } = await answer.json();
    if (!answer.ok) throw new Error(`WebKit: ${method} ${path}: ${value.error}: ${value.message}`);
    return value;
  }
}

/** WebDriver §17.4.2. */
const KEYS = { Enter: "\uE007", Tab: "\uE004", Shift: "\uE008", Escape: "\uE00C", End: "\uE010", Home: "\uE011" };

/** It isn't in the path: its folder is named after the architecture and the version. */
async function miniBrowser() {
  if (process.env.MINIBROWSER) return process.env.MINIBROWSER;
  for (const architecture of await readdir("/usr/lib")) {
    for (const api of ["webkit2gtk-4.1", "webkitgtk-6.0", "webkit2gtk-4.0"]) {
      const path = join("/usr/lib", architecture, api, "MiniBrowser");
      const there = await access(path).then(
        () => true,
        () => false,
      );
      if (there) return path;
    }
  }
  throw new Error("no MiniBrowser beneath /usr/lib: the package webkit2gtk-driver has it");
}
