import assert from "node:assert/strict";
import { eventually } from "./wait.mjs";

/** The ways that the laboratory compares. */
export const LANES = ["polling", "long-polling", "sse", "websocket", "socketio"];

/** A run may need several steps of a second each. */
const PATIENCE_MS = 30_000;

/** Somebody at the laboratory's page. */
export class Lab {
  /** @type {import("./browsers/page.mjs").Page} */
  page;

  /**
   * @param {import("./browsers/page.mjs").Browser} browser
   * @param {import("./program.mjs").Program} program
   * @param {{ lang?: "en" | "ko" } & import("./browsers/page.mjs").PageOptions} [who]
   */
  static async open(browser, program, { lang = "en", ...options } = {}) {
    const lab = new Lab();
    lab.page = await browser.open(options);
    await lab.page.goto(`${program.front}/lab?lang=${lang}`);
    return lab;
  }

  /** Moves a slider to one of its steps, as a hand does. */
  async slide(name, step) {
    await this.page.evaluate(
      (name, step) => {
        const slider = document.getElementById(name);
        slider.value = String(step);
        for (const type of ["input", "change"]) slider.dispatchEvent(new Event(type, { bubbles: true }));
      },
      name,
      step,
    );
  }

  async start() {
    await this.page.click("#start");
    await this.shows("every lane is connected", (rows) => rows.every(({ lane }) => lane === "live"));
  }

  /** Stops, and waits until the server has ended the run: there may be only a few. */
  async stop() {
    await this.page.click("#stop");
    await this.shows("every lane is stopped", (rows) => rows.every(({ lane }) => lane === "stopped"));
    await eventually(async () => {
      assert.equal(await this.page.evaluate(() => document.body.dataset.run ?? null), null, this.page.engine);
    });
  }

  /** What the table says, a row for each way, by the names of its cells. */
  rows() {
    return this.page.evaluate(() =>
      [...document.querySelectorAll("#lanes [data-lane]")].map((row) => ({
        name: row.dataset.lane,
        lane: row.dataset.state,
        ...Object.fromEntries([...row.querySelectorAll("[data-cell]")].map((cell) => [cell.dataset.cell, cell.textContent])),
      })),
    );
  }

  /** Waits until the table is as it should be, and returns it. */
  shows(what, check) {
    return eventually(async () => {
      const rows = await this.rows();
      const problem = await this.page.evaluate(() => document.querySelector("#lab-problem").textContent);
      assert.ok(check(rows), `${this.page.engine}: ${what}: ${problem} ${JSON.stringify(rows)}`);
      return rows;
    }, PATIENCE_MS);
  }

  /** What "Save as JSON" would put into a file. */
  async saved() {
    const text = await this.page.evaluate(async () => {
      const original = URL.createObjectURL;
      const saved = new Promise((resolve) => {
        URL.createObjectURL = (blob) => {
          resolve(blob.text());
          URL.createObjectURL = original;
          return "#";
        };
      });
      document.querySelector("#export").click();
      return saved;
    });
    return JSON.parse(text);
  }
}
