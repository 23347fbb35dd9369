import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { allShow, Chat } from "../src/chat.mjs";
import { HANGUL_THEN_ENTER, play } from "../src/composition.mjs";
import { setUp } from "../src/setting.mjs";

describe("Hangul: Enter during a composition sends one message, with its last syllable", () => {
  const setting = setUp();
  /** @type {Chat[]} */
  let chats;
  const said = [];

  before(async () => {
    const { browsers, program } = setting;
    chats = await Promise.all(browsers.map((browser) => Chat.open(browser, program, { room: "한글", lang: "ko" })));
  });

  for (const [platform, steps] of Object.entries(HANGUL_THEN_ENTER)) {
    test(`the events of ${platform}`, async () => {
      await Promise.all(chats.map((chat) => play(chat.page, steps)));
      said.push(...chats.map(() => "한"));
      await allShow(chats, said);
      for (const chat of chats) assert.equal(await chat.draft(), "", chat.page.engine);
      // Whatever else the press would have sent comes before this.
      await Promise.all(chats.map((chat) => chat.say(platform)));
      said.push(...chats.map(() => platform));
      await allShow(chats, said);
    });
  }

  for (const echo of [false, true]) {
    test(`Chromium's own compositions, ${echo ? "with a second keydown" : "without"}`, async () => {
      const [chromium] = chats;
      await chromium.page.type("#text", "참 잘 ");
      await composeAndEnter(await chromium.page.devTools(), echo);
      said.push("참 잘 한");
      await allShow(chats, said);
      assert.equal(await chromium.draft(), "");
      await chromium.say("끝");
      said.push("끝");
      await allShow(chats, said);
    });
  }
});

/** Types ㅎ, ㅏ, ㄴ and Enter through the browser's own machinery for input methods. */
async function composeAndEnter(devTools, echo) {
  const key = (type, name, code, windowsVirtualKeyCode) =>
    devTools.send("Input.dispatchKeyEvent", { type, key: name, code, windowsVirtualKeyCode });
  for (const [code, text] of [
    ["KeyG", "ㅎ"],
    ["KeyK", "하"],
    ["KeyS", "한"],
  ]) {
    await key("rawKeyDown", "Process", code, 229);
    await devTools.send("Input.imeSetComposition", { text, selectionStart: 1, selectionEnd: 1 });
    await key("keyUp", code.at(-1).toLowerCase(), code, code.charCodeAt(3));
  }
  await key("rawKeyDown", "Process", "Enter", 229);
  await devTools.send("Input.insertText", { text: "한" });
  if (echo)
    await devTools.send("Input.dispatchKeyEvent", {
      type: "keyDown",
      key: "Enter",
      code: "Enter",
      windowsVirtualKeyCode: 13,
      text: "\r",
    });
  await key("keyUp", "Enter", "Enter", 13);
}
