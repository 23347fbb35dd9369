import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { isAccessible } from "../src/accessibility.mjs";
import { launchChromium } from "../src/browsers/chromium.mjs";
import { launchFirefox } from "../src/browsers/firefox.mjs";
import { setUp } from "../src/setting.mjs";
import { eventually } from "../src/wait.mjs";

const SMALL = { width: 320, height: 700 };
const PHONE = { width: 390, height: 844 };
const DESK = { width: 1280, height: 900 };
/** Bars of a page. */
const PAGE = 300;
/** How soon a chart is there, on a machine that has nothing else to do, in milliseconds after its address was entered. */
const SOON_MS = 300;
/** For so long it's loaded again and again, and the fastest load counts, in milliseconds: that a machine is busy is no fault of the page. */
const LOADS_MS = 20_000;
/** The picture of the chart. `UPDATE_SCREENSHOTS=1` writes it anew. */
const PICTURE = fileURLToPath(new URL("../../../docs/images/market.png", import.meta.url));

describe("the market", () => {
  const setting = setUp([launchChromium, launchFirefox]);

  test("the picture", async () => {
    const [chromium] = setting.browsers;
    const page = await chromium.open({ viewport: DESK, scale: 1.5 });
    await page.goto(`${setting.program.front}/market?lang=en`);
    await follows(page);
    await page.click('[name="averages"]');
    await eventually(async () => assert.equal(await count(page, "#legend .average"), 3));
    await moves(page, "#chart-price");
    const picture = await page.screenshot();
    await page.close();
    if (process.env.UPDATE_SCREENSHOTS !== "1") return;
    await mkdir(dirname(PICTURE), { recursive: true });
    await writeFile(PICTURE, picture);
  });

  test("candles move, and so do the prices of the list, by either way", async () => {
    await inEach(async (page, front) => {
      for (const via of ["websocket", "socketio"]) {
        await page.goto(`${front}/market?lang=en&via=${via}`);
        await follows(page);
        assert.ok((await bars(page)) >= PAGE);
        await moves(page, "#chart-price");
        await moves(page, "#watchlist li:nth-child(2) .watch-price");
        const client = await page.evaluate(() =>
          performance.getEntriesByType("resource").some(({ name }) => name.endsWith("/socket.io.min.js")),
        );
        assert.equal(client, via === "socketio", page.engine);
        assert.deepEqual(page.problems(), [], `${page.engine}: ${via}`);
      }
    });
  });

  test("candles are there soon", async () => {
    const { browsers, program } = setting;
    // One after the other: each is the other's load.
    for (const browser of browsers) {
      const page = await browser.open({ viewport: DESK });
      let best = Infinity;
      const begun = performance.now();
      while (best >= SOON_MS && performance.now() - begun < LOADS_MS) {
        await page.goto(`${program.front}/market?lang=en`);
        const painted = await eventually(async () => {
          const at = await page.evaluate(() => performance.getEntriesByName("market-painted")[0]?.startTime ?? null);
          assert.ok(at !== null, page.engine);
          return at;
        });
        best = Math.min(best, painted);
      }
      assert.ok(best < SOON_MS, `${page.engine}: the fastest load took ${best} ms`);
      await page.close();
    }
  });

  test("a symbol is found by its name, put on the list and taken off it, and the address says what is shown", async () => {
    await inEach(async (page, front) => {
      await page.goto(`${front}/market?lang=en`);
      await follows(page);
      const listed = await page.evaluate(() =>
        [...document.querySelectorAll("[data-symbol].watch-row")].map(({ dataset }) => dataset.symbol),
      );
      const other = (await symbols(page)).find(({ symbol }) => !listed.includes(symbol));
      await page.press("/");
      await page.type("#search", other.name.en.slice(0, 6).toLowerCase());
      await eventually(async () => assert.ok((await count(page, `#found-${other.symbol}`)) === 1, page.engine));
      await page.click(`#found-${other.symbol}`);
      await says(page, "#chart-symbol", new RegExp(`^${other.symbol}$`));
      await follows(page);
      assert.equal(new URL(await page.evaluate(() => location.href)).searchParams.get("symbol"), other.symbol);
      await page.click("#star");
      await eventually(async () => assert.equal(await count(page, `.watch-row[data-symbol="${other.symbol}"]`), 1));
      await page.reload();
      await says(page, "#chart-symbol", new RegExp(`^${other.symbol}$`));
      await moves(page, `.watch-row[data-symbol="${other.symbol}"] .watch-price`);
      await page.click(`li:has([data-symbol="${other.symbol}"]) .watch-remove`);
      await eventually(async () => assert.equal(await count(page, `.watch-row[data-symbol="${other.symbol}"]`), 0));
      await moves(page, "#chart-price");
      await page.goto(`${front}/market?lang=en&symbol=NOSUCH.1`);
      await says(page, "#chart-problem", /There is no symbol NOSUCH\.1/);
      // Nothing is offered for what isn't there, and whoever came here by its address can type another name at once.
      const tools = "#toolbar, #legend, #chart, #star, #save";
      const shown = () => page.evaluate((all) => [...document.querySelectorAll(all)].filter((one) => one.getClientRects().length > 0).length, tools);
      await eventually(async () => assert.equal(await page.evaluate(() => document.activeElement.id), "search", page.engine));
      assert.equal(await shown(), 0, page.engine);
      await isAccessible(page, "no such symbol");
      await page.type("#search", other.symbol);
      await eventually(async () => assert.ok((await count(page, `#found-${other.symbol}`)) === 1, page.engine));
      await page.press("Enter");
      await says(page, "#chart-symbol", new RegExp(`^${other.symbol}$`));
      await follows(page);
      assert.equal(await shown(), 5, page.engine);
    });
  });

  test("what another tab puts on the list is there, and stays", async () => {
    await inEach(async (page, front) => {
      await page.goto(`${front}/market?lang=en`);
      await follows(page);
      const listed = () => page.evaluate(() => [...document.querySelectorAll(".watch-row")].map(({ dataset }) => dataset.symbol));
      const [first, second, third] = await listed();
      const another = (watchlist, told) => page.evaluate((watchlist, told) => {
        const kept = JSON.parse(localStorage.getItem("madang.market") ?? "{}");
        localStorage.setItem("madang.market", JSON.stringify({ ...kept, watchlist }));
        if (told) dispatchEvent(new StorageEvent("storage", { key: "madang.market" }));
      }, watchlist, told);
      await another([first, second], true);
      await eventually(async () => assert.deepEqual(await listed(), [first, second], page.engine));
      await another([first, second, third], false);
      await page.click(`li:has([data-symbol="${first}"]) .watch-remove`);
      await eventually(async () => assert.deepEqual(await listed(), [second, third], page.engine));
      assert.equal(await page.evaluate(() => document.activeElement.closest("li")?.querySelector(".watch-row").dataset.symbol), second);
      await page.reload();
      await follows(page);
      assert.deepEqual(await listed(), [second, third], page.engine);
    });
  });

  test("interval, style, averages, scale and another symbol beside it are chosen, and kept", async () => {
    await inEach(async (page, front) => {
      await page.goto(`${front}/market?lang=en`);
      await follows(page);
      for (const interval of ["1s", "1D", "15m"]) {
        await page.click(`label:has([value="${interval}"])`);
        await eventually(async () => assert.equal(new URL(await page.evaluate(() => location.href)).searchParams.get("interval"), interval));
        await follows(page);
        await says(page, "#legend time", interval === "1s" ? /\d\d:\d\d:\d\d$/ : interval === "1D" ? /^\d{4}-\d\d-\d\d$/ : /\d\d:\d\d$/);
      }
      const before = await page.screenshot();
      await choose(page, "style", "line");
      await page.click('[name="log"]');
      await page.click('[name="averages"]');
      await says(page, "#legend .average:last-child", /^Mean 60 [\d,.]+$/);
      const other = await page.evaluate(() => document.querySelector("[name=compare]").options[1].value);
      await choose(page, "compare", other);
      // Counted from its own first value each, they would be in the wrong place.
      const rests = () => page.evaluate(() => [document.querySelectorAll("#legend .average").length, document.querySelector("#averages-rest").hidden]);
      await eventually(async () => assert.deepEqual(await rests(), [0, false], page.engine));
      await says(page, "#legend .compared", new RegExp(`^${other} [\\d,.]+$`));
      await moves(page, "#legend .compared");
      assert.notDeepEqual(await page.screenshot(), before);
      await moves(page, "#chart-price");
      await choose(page, "compare", "");
      await eventually(async () => assert.deepEqual(await rests(), [3, true], page.engine));
      // A choice is no field to write in.
      await page.click('label:has([value="15m"])');
      await page.press("/");
      assert.equal(await page.evaluate(() => document.activeElement.id), "search", page.engine);
      assert.deepEqual(page.problems(), [], page.engine);
      await page.reload();
      await follows(page);
      assert.deepEqual(await page.evaluate(() => [...new FormData(document.querySelector("#toolbar"))]), [
        ["interval", "15m"],
        ["style", "line"],
        ["compare", ""],
        ["averages", "on"],
        ["log", "on"],
      ]);
    });
  });

  test("by keys alone: bar by bar, and back into the history without a jump", async () => {
    await inEach(async (page, front) => {
      await page.goto(`${front}/market?lang=en&interval=1m`);
      await follows(page);
      await page.evaluate(() => document.querySelector("#chart").focus());
      const [last, before] = [await readAfter(page, "ArrowLeft"), await readAfter(page, "ArrowLeft")];
      assert.ok(timeOf(before) < timeOf(last), `${page.engine}: ${before}; ${last}`);
      const first = timeOf(await readAfter(page, "Home"));
      await eventually(async () => assert.ok((await bars(page)) >= 2 * PAGE, page.engine));
      // What was the oldest bar was brought to the middle, and is still there.
      await eventually(async () => {
        const { from, to } = await page.evaluate(() => ({ ...document.querySelector("#chart").dataset }));
        const zone = await offsetMinutes(page);
        const middle = (Number(from) + Number(to)) / 2 + zone * 60_000;
        assert.ok(Math.abs(middle - first) <= 3 * 60_000, `${page.engine}: ${new Date(middle)}; ${new Date(first)}`);
      });
      assert.ok(timeOf(await readAfter(page, "Home")) < first);
      await page.press("Escape");
      assert.equal(await page.evaluate(() => document.querySelector("#latest").hidden), false, page.engine);
      await page.click("#latest");
      await eventually(async () => assert.ok(await page.evaluate(() => document.querySelector("#latest").hidden)));
      assert.deepEqual(page.problems(), [], page.engine);
    });
  });

  test("a page that nobody looks at gets nothing, and is up to date as soon as somebody does", async () => {
    await inEach(async (page, front) => {
      await page.goto(`${front}/market?lang=en&interval=1s`);
      await follows(page);
      await page.evaluate(look, false);
      await says(page, "#market-state-text", /^Paused/);
      const quoted = () => page.evaluate(() => document.querySelector("#watchlist li").dataset.at);
      const [{ symbol }] = await symbols(page);
      const then = (await quote(page, symbol)).at;
      // What was on its way has come before the market is two seconds older.
      await eventually(async () => assert.ok((await quote(page, symbol)).at > then + 2000));
      const rested = await quoted();
      await eventually(async () => assert.ok((await quote(page, symbol)).at > then + 4000));
      assert.equal(await quoted(), rested, page.engine);
      await page.evaluate(look, true);
      await says(page, "#market-state-text", /^Live$/);
      await follows(page);
      await eventually(async () => assert.ok(Number(await quoted()) > then + 2000, page.engine));
      // No bar of the time that it rested is missing.
      await page.evaluate(() => document.querySelector("#chart").focus());
      let after = timeOf(await readAfter(page, "ArrowLeft"));
      for (let steps = 0; steps < 6; steps += 1) {
        const at = timeOf(await readAfter(page, "ArrowLeft"));
        assert.ok(after - at <= 2000, `${page.engine}: ${new Date(at)} ${new Date(after)}`);
        after = at;
      }
    });
  });

  test("the server is killed and comes back, and the chart goes on", async () => {
    const { browsers, program } = setting;
    const pages = await Promise.all(
      browsers.map(async (browser) => {
        const page = await browser.open({ viewport: DESK });
        await page.goto(`${program.front}/market?lang=en`);
        await follows(page);
        return page;
      }),
    );
    for (const page of pages) await page.evaluate(noteStates);
    await program.kill();
    for (const page of pages) {
      await says(page, "#market-state-text", /^Connection lost/);
      // A symbol whose bars aren't known is not drawn with another's.
      await page.evaluate(() => document.querySelector('.watch-row:not([aria-current="true"])').click());
      await says(page, "#chart-problem", /can't be reached/);
      await eventually(async () => assert.equal(await bars(page), 0, page.engine));
      await says(page, "#legend", /Open –.*Close –/);
      await page.evaluate(() => document.querySelector('.watch-row:not([aria-current="true"])').click());
      await isAccessible(page, "without a connection");
    }
    await program.start();
    for (const page of pages) {
      // Whoever looks needn't wait for the next attempt.
      await page.evaluate(() => document.querySelector("#try-now").click());
      await says(page, "#market-state-text", /^Live$/);
      await follows(page);
      await moves(page, "#chart-price");
      // Attempts that fail are no news, and what can be pressed meanwhile stays where it is.
      const { texts, hidden } = await page.evaluate(() => window.states);
      assert.deepEqual([texts, hidden], [["Connection lost. Trying again…", "Live"], [false, true]], page.engine);
      assert.ok((await bars(page)) >= PAGE, page.engine);
      await page.close();
    }
  });

  test("it fits, axe-core finds nothing wrong, and the policy holds, in every language and scheme", async () => {
    await inEach(async (page, front) => {
      for (const viewport of [SMALL, PHONE, DESK]) {
        for (const [lang, theme] of [
          ["en", "light"],
          ["en", "dark"],
          ["ko", "light"],
          ["ko", "dark"],
        ]) {
          await page.resize(viewport);
          await page.goto(`${front}/market?lang=${lang}`);
          await page.evaluate((value) => localStorage.setItem("madang.theme", value), theme);
          await page.reload();
          await follows(page);
          await page.type("#search", "a");
          await eventually(async () => assert.ok((await count(page, "#found li")) > 0, page.engine));
          const look = `${viewport.width} px, ${lang}, ${theme}`;
          const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          assert.ok(overflow <= 0, `${page.engine}: ${look}: ${overflow} px stick out`);
          const places = await page.evaluate(() => {
            const all = [...document.querySelectorAll(".intervals label")];
            const boxes = [...all, document.querySelector(".intervals")].map((one) => one.getBoundingClientRect());
            return boxes.map(({ left, top, right, width, height }) => ({ left, top, right, width, height }));
          });
          const around = places.pop();
          for (const [at, { left, right, top, width, height }] of places.entries()) {
            assert.ok(right <= around.right, `${page.engine}: ${look}: an interval sticks out`);
            assert.ok(width >= 24 && height >= 24, `${page.engine}: ${look}: an interval of ${width} × ${height} px`);
            const before = places[at - 1];
            assert.ok(before?.top !== top || left - before.right >= 2, `${page.engine}: ${look}: intervals touch`);
          }
          await isAccessible(page, look);
        }
      }
      assert.equal(await count(page, 'a[href="https://www.tradingview.com/"]'), 1);
      assert.equal(await count(page, "style"), 0, page.engine);
      assert.deepEqual(page.problems(), [], page.engine);
    });
  });

  test("the picture of the chart is a file", async () => {
    await inEach(async (page, front) => {
      await page.goto(`${front}/market?lang=en`);
      await follows(page);
      const size = await page.evaluate(async () => {
        const original = URL.createObjectURL;
        const saved = new Promise((resolve) => {
          URL.createObjectURL = (blob) => {
            resolve(createImageBitmap(blob));
            URL.createObjectURL = original;
            return "#";
          };
        });
        document.querySelector("#save").click();
        const { width, height } = await saved;
        return { width, height };
      });
      const chart = await page.evaluate(() => document.querySelector("#chart").getBoundingClientRect().toJSON());
      assert.ok(Math.abs(size.width - chart.width) <= 2 && size.height > chart.height, page.engine);
    });
  });

  test("everything that the page's scripts are is small", async () => {
    const page = await setting.browsers[0].open();
    await page.goto(`${setting.program.front}/market?lang=en`);
    await follows(page);
    const sizes = await page.evaluate(async () => {
      const scripts = performance.getEntriesByType("resource").filter(({ name }) => new URL(name).pathname.endsWith(".js"));
      const packed = scripts.map(async ({ name }) => {
        const { body } = await fetch(name);
        return (await new Response(body.pipeThrough(new CompressionStream("gzip"))).arrayBuffer()).byteLength;
      });
      return Promise.all(packed);
    });
    await page.close();
    assert.ok(sizes.length >= 3, sizes.join());
    const sum = sizes.reduce((sum, size) => sum + size, 0);
    assert.ok(sum < 150 * 1024, `${sum} bytes`);
  });

  /** Runs a test in a page of each browser, side by side. */
  async function inEach(run) {
    await Promise.all(
      setting.browsers.map(async (browser) => {
        const page = await browser.open({ viewport: DESK });
        await run(page, setting.program.front);
        await page.close();
      }),
    );
  }
});

/** From now on the page writes down what it says of the connection, and when there is a button to try again. */
function noteStates() {
  const [text, button] = ["#market-state-text", "#try-now"].map((one) => document.querySelector(one));
  window.states = { texts: [], hidden: [] };
  new MutationObserver(() => window.states.texts.push(text.textContent)).observe(text, { childList: true });
  // Said again, the same is noticed too.
  let { hidden } = button;
  new MutationObserver(() => {
    if (button.hidden !== hidden) window.states.hidden.push(button.hidden);
    hidden = button.hidden;
  }).observe(button, { attributeFilter: ["hidden"] });
}

/** The bars are here, and changes follow them. */
async function follows(page) {
  await eventually(async () => {
    const { chart, follows, bars } = await page.evaluate(() => ({ ...document.body.dataset }));
    assert.deepEqual([chart, follows], ["shown", "true"], page.engine);
    assert.ok(Number(bars) > 0, page.engine);
  });
}

async function moves(page, selector) {
  const text = () => page.evaluate((place) => document.querySelector(place)?.textContent ?? "", selector);
  await says(page, selector, /\d/);
  const before = await text();
  await eventually(async () => assert.notEqual(await text(), before, `${page.engine}: ${selector}`));
}

async function says(page, selector, what) {
  await eventually(async () => {
    const text = await page.evaluate((place) => document.querySelector(place)?.textContent ?? "", selector);
    assert.match(text, what, `${page.engine}: ${selector}`);
  });
}

function count(page, selector) {
  return page.evaluate((place) => document.querySelectorAll(place).length, selector);
}

async function bars(page) {
  return Number(await page.evaluate(() => document.body.dataset.bars));
}

/** Presses a key in the chart and returns what a screen reader then says, which it didn't say before. */
async function readAfter(page, key) {
  const heard = () => page.evaluate(() => document.querySelector("#chart-heard").textContent);
  const before = await heard();
  await page.press(key);
  return eventually(async () => {
    const text = await heard();
    assert.notEqual(text, before, `${page.engine}: ${key}`);
    return text;
  });
}

/** When the bar is that was read, on the exchange's clock. */
function timeOf(heard) {
  return Date.parse(`${heard.split(",")[0].replace(" ", "T")}Z`);
}

async function symbols(page) {
  return (await api(page, "symbols?limit=100")).symbols;
}

async function quote(page, symbol) {
  return (await api(page, `quotes?symbols=${symbol}`)).quotes[0];
}

async function offsetMinutes(page) {
  const symbol = await page.evaluate(() => document.querySelector("#chart-symbol").textContent);
  return (await symbols(page)).find((one) => one.symbol === symbol).utc_offset_minutes;
}

async function api(page, path) {
  const back = await page.evaluate(() => document.body.dataset.backHttp);
  return (await fetch(`${back}/api/market/${path}`)).json();
}

function choose(page, name, value) {
  return page.evaluate(
    (name, value) => {
      const field = document.querySelector(`[name="${name}"]`);
      field.value = value;
      field.dispatchEvent(new Event("change", { bubbles: true }));
    },
    name,
    value,
  );
}

/** Runs in the page: whether somebody looks at it, as a browser says it. */
function look(looks) {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => !looks });
  document.dispatchEvent(new Event("visibilitychange"));
}
