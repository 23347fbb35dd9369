import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { launchChromium } from "../src/browsers/chromium.mjs";
import { launchFirefox } from "../src/browsers/firefox.mjs";
import { Chat } from "../src/chat.mjs";
import { setUp } from "../src/setting.mjs";
import { eventually } from "../src/wait.mjs";

/** The picture in README.md. `UPDATE_SCREENSHOTS=1` writes it anew. */
const PICTURE = fileURLToPath(new URL("../../../docs/images/chat.png", import.meta.url));
const VIEWPORT = { width: 720, height: 880 };
/** Device pixels per CSS pixel: sharp on today's screens. */
const SCALE = 1.5;

/** Who says what: 0 in Chromium, 1 in Firefox. */
const TALK = [
  [0, "다들 안녕하세요! 오늘 데모 준비는 어때요?"],
  [1, "Hi! Nearly done."],
  [1, "I restarted the server twice while you were typing, by the way."],
  [0, "정말요? 전혀 몰랐어요."],
  [0, "쓰던 글도 그대로 있었어요."],
  [1, "That was the plan: nothing lost, nothing twice."],
  [0, "그럼 세 시에 마당에서 봐요!"],
  [1, "See you in the yard!"],
];

describe("the chat in two browsers", () => {
  const setting = setUp([launchChromium, launchFirefox]);

  test("a conversation in Korean and English, side by side", async () => {
    const { browsers, program } = setting;
    const [chromium] = browsers;
    const people = [
      { name: "민지", lang: "ko", theme: "light" },
      { name: "Alex", lang: "en", theme: "dark" },
    ];
    const options = { room: "마당", viewport: VIEWPORT, scale: SCALE };
    const chats = await Promise.all(
      people.map(({ name, lang }, place) => Chat.open(browsers[place], program, { ...options, name, lang })),
    );
    for (const [place, { page }] of chats.entries()) {
      await page.evaluate((value) => localStorage.setItem("madang.theme", value), people[place].theme);
      await page.reload();
      await chats[place].isConnected();
    }
    const said = [];
    for (const [speaker, text] of TALK) {
      await chats[speaker].paste(text);
      said.push(text);
      for (const chat of chats) await chat.shows(said);
    }
    await chats[0].page.type("#text", "참, 회의실은");
    await eventually(async () => {
      assert.match(
        await chats[1].page.evaluate(() => document.querySelector("#typing").textContent),
        /민지.* is typing/,
      );
    });

    // The mouse still lies on what was pressed last, which shows it.
    await chats[1].page.click("#text");

    const pictures = await Promise.all(chats.map((chat) => chat.page.screenshot()));
    for (const picture of pictures) {
      assert.equal(picture.readUInt32BE(WIDTH_IN_PNG), VIEWPORT.width * SCALE);
    }
    if (process.env.UPDATE_SCREENSHOTS !== "1") return;
    const frame = await chromium.open({
      viewport: { width: 2 * VIEWPORT.width + 96, height: VIEWPORT.height + 100 },
      scale: SCALE,
    });
    await frame.evaluate(
      sideBySide,
      browsers.map(({ name }, place) => ({ name, picture: pictures[place].toString("base64") })),
      VIEWPORT,
    );
    await mkdir(dirname(PICTURE), { recursive: true });
    await writeFile(PICTURE, await frame.screenshot());
  });
});

/** Where a PNG says how wide it is (PNG §11.2.1). */
const WIDTH_IN_PNG = 16;

/** Runs in an empty page: makes it show the pictures in windows that say which browser each is from. */
async function sideBySide(windows, { width, height }) {
  document.body.style.cssText =
    "margin: 0; height: 100vh; display: flex; align-items: center; justify-content: center; gap: 32px;" +
    "background: linear-gradient(135deg, #dfe8e1, #e9dfd2); font: 600 15px 'DejaVu Sans', sans-serif";
  for (const { name, picture } of windows) {
    const window = document.createElement("div");
    window.style.cssText =
      "border-radius: 14px; overflow: hidden; box-shadow: 0 18px 44px #2a333038, 0 2px 8px #2a333026";
    const bar = document.createElement("div");
    bar.style.cssText = "height: 40px; display: grid; place-items: center; background: #2c3432; color: #e8ece9";
    bar.textContent = name;
    const image = new Image(width, height);
    image.style.display = "block";
    image.src = `data:image/png;base64,${picture}`;
    window.append(bar, image);
    document.body.append(window);
    await image.decode();
  }
}
