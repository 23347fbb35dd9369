import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { setUp } from "../src/setting.mjs";
import { eventually } from "../src/wait.mjs";

describe("the relay at the back's root", () => {
  const setting = setUp();
  /** @type {import("../src/browsers/page.mjs").Page[]} */
  let pages;

  before(async () => {
    const { browsers, program } = setting;
    pages = await Promise.all(browsers.map((browser) => browser.open()));
    for (const page of pages) {
      // Any page of an allowed origin will do.
      await page.goto(`${program.front}/`);
      await page.evaluate(connect);
    }
  });

  test("what one says, every other gets as it is, and nobody their own", async () => {
    const bytes = Array.from({ length: 256 }, (_, byte) => byte);
    const messages = ["", "안녕하세요 👋", '{"type":"join"}', "a\u0000b\r\n", "마당".repeat(20_000), [], bytes];
    const heard = pages.map(() => []);
    for (const [speaker, page] of pages.entries()) {
      // After its own last word, nothing of a client's can come back to it from before.
      const said = [...messages, `the end of ${page.engine}`];
      await page.evaluate(say, said);
      for (const [listener, { engine, evaluate }] of pages.entries()) {
        if (listener !== speaker) heard[listener].push(...said);
        await eventually(async () => assert.deepEqual(await evaluate(() => window.heard), heard[listener], engine));
      }
    }
  });

  test("who leaves is told so, and the others go on", async () => {
    const [leaver, speaker, listener] = pages;
    assert.deepEqual(await leaver.evaluate(leave), { code: 1000, wasClean: true });
    await speaker.evaluate(say, ["still here?"]);
    await eventually(async () => {
      assert.equal((await listener.evaluate(() => window.heard)).at(-1), "still here?", listener.engine);
    });
  });
});

// What follows runs in the pages. Binary messages are lists of bytes here, since only JSON gets in and out.

function connect() {
  const socket = new WebSocket(`${document.body.dataset.back}/`);
  socket.binaryType = "arraybuffer";
  window.socket = socket;
  window.heard = [];
  socket.onmessage = ({ data }) => heard.push(typeof data === "string" ? data : [...new Uint8Array(data)]);
  return new Promise((opened, failed) => {
    socket.onopen = () => opened();
    socket.onerror = () => failed(new Error("no connection"));
  });
}

function say(messages) {
  for (const message of messages) socket.send(typeof message === "string" ? message : new Uint8Array(message));
}

function leave() {
  return new Promise((left) => {
    socket.onclose = ({ code, wasClean }) => left({ code, wasClean });
    socket.close(1000);
  });
}
