import assert from "node:assert/strict";
import { eventually } from "./wait.mjs";

/** One person at one event, with the page of seats open: what they do, and what they see. */
export class Visitor {
  /** @type {import("./browsers/page.mjs").Page} */
  page;

  /**
   * @param {import("./browsers/page.mjs").Browser} browser
   * @param {import("./program.mjs").Program} program
   * @param {{ event: string, lang?: "en" | "ko", via?: string, theme?: "light" | "dark" } & import("./browsers/page.mjs").PageOptions} what
   */
  static async open(browser, program, { event, lang = "en", via, theme, ...options }) {
    const visitor = new Visitor();
    visitor.page = await browser.open(options);
    const query = new URLSearchParams({ event, lang, ...(via && { via }) });
    await visitor.page.goto(`${program.front}/seats?${query}`);
    if (theme !== undefined) {
      await visitor.page.evaluate((value) => localStorage.setItem("madang.theme", value), theme);
      await visitor.page.reload();
    }
    await visitor.isLive();
    return visitor;
  }

  /** Waits until the page shows the event and every change as it happens. */
  async isLive(patience) {
    await eventually(async () => {
      const state = await this.page.evaluate(() => document.querySelector("#watch-state").dataset.state);
      assert.equal(state, "live", this.page.engine);
    }, patience);
  }

  /** Presses seats, or tables. */
  async press(...places) {
    for (const place of places) await this.page.click(`#map [data-place="${place}"]`);
  }

  /** Presses seats and holds them, and waits until they are. */
  async holds(...places) {
    await this.press(...places);
    await this.page.click("#hold");
    await this.sees(Object.fromEntries(places.map((place) => [place, "mine"])));
  }

  /** Presses a button of the hold that is there. */
  async decides(deed) {
    await this.page.click(`.hold [data-deed="${deed}"]`);
  }

  /** How a place looks. */
  look(place) {
    return this.page.evaluate((place) => document.querySelector(`#map [data-place="${place}"]`)?.dataset.look, place);
  }

  /** Waits until these places look like this. */
  async sees(looks, patience) {
    await eventually(async () => {
      for (const [place, look] of Object.entries(looks)) {
        assert.equal(await this.look(place), look, `${this.page.engine}: ${place}`);
      }
    }, patience);
  }

  text(selector) {
    return this.page.evaluate((place) => document.querySelector(place)?.textContent ?? "", selector);
  }

  /** Waits until a part of the page says this. */
  async reads(selector, what, patience) {
    await eventually(async () => assert.match(await this.text(selector), what, `${this.page.engine}: ${selector}`), patience);
  }

  /** Every seat that looks so. */
  placesThatLook(look) {
    return this.page.evaluate(
      (look) => [...document.querySelectorAll(`#map [data-look="${look}"]`)].map(({ dataset }) => dataset.place),
      look,
    );
  }

  /** From now on the page writes down when a place looks like something. */
  async notes(place) {
    await this.page.evaluate((place) => {
      const spot = document.querySelector(`#map [data-place="${place}"]`);
      window.noted = {};
      new MutationObserver(() => {
        window.noted[spot.dataset.look] ??= Date.now();
      }).observe(spot, { attributes: true, attributeFilter: ["data-look"] });
    }, place);
  }

  /** When a place looked so, by the machine's clock. */
  async noted(look) {
    return eventually(async () => {
      const at = await this.page.evaluate((look) => window.noted[look] ?? null, look);
      assert.notEqual(at, null, `${this.page.engine}: never ${look}`);
      return at;
    });
  }

  close() {
    return this.page.close();
  }
}
