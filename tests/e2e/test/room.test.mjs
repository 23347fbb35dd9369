import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { allShow, Chat, noneAudited } from "../src/chat.mjs";
import { setUp } from "../src/setting.mjs";
import { eventually } from "../src/wait.mjs";

describe("three engines in one room, through a day in the life of a server", () => {
  const setting = setUp();
  const NAMES = ["Kim", "이서연", "Zoë"];

  /** @type {Chat[]} */
  let chats;
  /** Everything said so far. */
  const said = [];

  before(async () => {
    const { browsers, program } = setting;
    chats = await Promise.all(
      browsers.map((browser, place) => Chat.open(browser, program, { room: "마당", name: NAMES[place] })),
    );
  });

  test("everyone sees who is here", async () => {
    for (const chat of chats) {
      await eventually(async () => assert.deepEqual((await chat.people()).sort(), [...NAMES].sort(), chat.page.engine));
    }
  });

  test("one sends, the others show it, and the sender shows it once", async () => {
    for (const [place, sender] of chats.entries()) {
      for (const text of [`Hello from ${sender.page.engine}`, "안녕하세요!"]) {
        await sender.say(text);
        said.push(text);
        for (const chat of chats) {
          await chat.shows(said);
          const { author, own } = (await chat.messages()).at(-1);
          assert.deepEqual({ author, own }, { author: NAMES[place], own: chat === sender }, chat.page.engine);
        }
      }
    }
    await allShow(chats, said);
  });

  test("all at once: the same order everywhere", async () => {
    const texts = [0, 1, 2, 3].map((number) => chats.map((chat) => `${chat.page.engine} ${number}`));
    await Promise.all(
      chats.map(async (chat, place) => {
        for (const round of texts) await chat.say(round[place]);
      }),
    );
    said.push(...texts.flat());
    await allShow(chats, said);
  });

  test("who types is shown to the others, and no longer once it is sent", async () => {
    const [typist, ...others] = chats;
    await typist.page.type("#text", "Wait");
    for (const chat of others) await eventually(async () => assert.match(await typing(chat), /Kim.* is typing/));
    await typist.page.press("Enter");
    said.push("Wait");
    await allShow(chats, said);
    for (const chat of others) await eventually(async () => assert.equal(await typing(chat), "", chat.page.engine));
  });

  test("a reload keeps the history, the name and the draft", async () => {
    for (const [place, chat] of chats.entries()) {
      await chat.page.type("#text", "unfinished");
      await chat.page.reload();
      await chat.isConnected();
      assert.equal(await chat.draft(), "unfinished", chat.page.engine);
      assert.ok((await chat.people()).includes(NAMES[place]), chat.page.engine);
      const own = (await chat.messages()).filter((message) => message.own);
      assert.ok(own.length > 0 && own.every(({ author }) => author === NAMES[place]), chat.page.engine);
    }
    await allShow(chats, said);
    for (const chat of chats) await chat.page.press("Enter");
    said.push("unfinished", "unfinished", "unfinished");
    await allShow(chats, said);
  });

  test("killed in the middle of typing: nothing is lost and nothing doubled", async () => {
    const [first, second, third] = chats;
    const { program } = setting;
    await first.page.type("#text", "half a sen");
    await third.page.type("#text", "a draft that stays");
    // On its way when the server dies, which has its bytes and never says so.
    program.freeze();
    await second.say("just before");
    await eventually(async () => {
      const { text, state } = (await second.messages()).at(-1);
      assert.deepEqual({ text, state }, { text: "just before", state: "sending" });
    });
    await program.kill();
    said.push("just before");
    for (const chat of chats) await chat.isDisconnected();

    await first.page.type("#text", "tence");
    await first.page.press("Enter");
    said.push("half a sentence");
    await eventually(async () => {
      const { text, state } = (await first.messages()).at(-1);
      assert.deepEqual({ text, state }, { text: "half a sentence", state: "queued" });
    });
    assert.equal(await third.draft(), "a draft that stays");

    await program.start();
    for (const chat of chats) await chat.comesBack();
    await allShow(chats, said);
    assert.equal(await third.draft(), "a draft that stays");
    assert.equal(await first.draft(), "");
    await third.page.press("Enter");
    said.push("a draft that stays");
    await allShow(chats, said);
    await noneAudited(chats);
  });

  test("stopped: the program ends well within 10 s, and the pages come back when it does", async () => {
    const { program } = setting;
    assert.equal(await program.stop(10_000), 0);
    for (const chat of chats) await chat.isDisconnected();
    await chats[1].say("written while it was away");
    said.push("written while it was away");
    await program.start();
    for (const chat of chats) await chat.comesBack();
    await allShow(chats, said);
    for (const chat of chats) {
      await eventually(async () => assert.deepEqual((await chat.people()).sort(), [...NAMES].sort(), chat.page.engine));
    }
    await noneAudited(chats);
  });
});

function typing(chat) {
  return chat.page.evaluate(() => document.querySelector("#typing").textContent);
}
