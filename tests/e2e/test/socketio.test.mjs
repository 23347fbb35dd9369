import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launchChromium } from "../src/browsers/chromium.mjs";
import { launchFirefox } from "../src/browsers/firefox.mjs";
import { allShow, Chat, noneAudited } from "../src/chat.mjs";
import { setUp } from "../src/setting.mjs";
import { eventually } from "../src/wait.mjs";

/** What each transport ends up being carried by. */
const TRANSPORTS = { default: "websocket", websocket: "websocket", polling: "polling" };

for (const [transport, carrier] of Object.entries(TRANSPORTS)) {
  describe(`the plain page and one over Socket.IO, transport ${transport}, in one room`, () => {
    const setting = setUp([launchChromium, launchFirefox]);
    const room = `yard-${transport}`;
    /** Kim is on the plain page and Lee over Socket.IO in one engine, Park and Choi the other way round. */
    let chats;
    const said = [];

    before(async () => {
      const { browsers, program } = setting;
      const [chromium, firefox] = browsers;
      const socketio = { via: "socketio", transport };
      chats = await Promise.all([
        Chat.open(chromium, program, { room, name: "Kim" }),
        Chat.open(firefox, program, { room, name: "Lee", ...socketio }),
        Chat.open(firefox, program, { room, name: "Park" }),
        Chat.open(chromium, program, { room, name: "Choi", ...socketio }),
      ]);
    });

    after(async () => {
      for (const chat of chats ?? []) await chat.page.close();
    });

    test("they see each other, and the page says what carries it", async () => {
      for (const chat of chats) await sees(chat, ["Kim", "Lee", "Park", "Choi"]);
      await chats[0].isCarriedBy("websocket");
      await chats[1].isCarriedBy(carrier);
      await chats[3].isCarriedBy(carrier);
      for (const chat of chats) assert.deepEqual(chat.page.problems(), [], chat.page.engine);
    });

    test("what is typed on one appears on the other, once, and never comes back to its sender", async () => {
      for (const sender of chats) {
        await sender.say("안녕하세요, <b>you</b>!");
        said.push("안녕하세요, <b>you</b>!");
        for (const chat of chats) {
          await chat.shows(said);
          const own = (await chat.messages()).at(-1).own;
          assert.equal(own, chat === sender, chat.page.engine);
        }
      }
      await allShow(chats, said);
    });

    test("all at once: the same order everywhere", async () => {
      const rounds = [0, 1].map((round) => chats.map((_, place) => `${place} ${round}`));
      await Promise.all(
        chats.map(async (chat, place) => {
          for (const round of rounds) await chat.say(round[place]);
        }),
      );
      said.push(...rounds.flat());
      await allShow(chats, said);
    });

    test("who types is shown on the other page", async () => {
      const [kim, lee] = chats;
      await lee.page.type("#text", "Wait");
      await eventually(async () => assert.match(await typing(kim), /Lee.* is typing/));
      await lee.page.press("Enter");
      said.push("Wait");
      await allShow(chats, said);
      await eventually(async () => assert.equal(await typing(kim), ""));
    });

    test("a reload keeps history, name and draft", async () => {
      const [, lee] = chats;
      await lee.page.type("#text", "unfinished");
      await lee.page.reload();
      await lee.isConnected();
      assert.equal(await lee.draft(), "unfinished");
      await sees(lee, ["Kim", "Lee", "Park", "Choi"]);
      await lee.page.press("Enter");
      said.push("unfinished");
      await allShow(chats, said);
    });

    test("killed, and stopped: nothing is lost and nothing doubled", async () => {
      const { program } = setting;
      const [kim, lee] = chats;
      program.freeze();
      await lee.say("on its way");
      await eventually(async () => {
        const { text, state } = (await lee.messages()).at(-1);
        assert.deepEqual({ text, state }, { text: "on its way", state: "sending" });
      });
      await program.kill();
      for (const chat of chats) await chat.isDisconnected();
      await kim.say("while it was away");
      said.push("on its way", "while it was away");
      await program.start();
      for (const chat of chats) await chat.comesBack();
      await allShow(chats, said);

      assert.equal(await program.stop(10_000), 0);
      for (const chat of chats) await chat.isDisconnected();
      await lee.say("while it was stopped");
      said.push("while it was stopped");
      await program.start();
      for (const chat of chats) await chat.comesBack();
      await allShow(chats, said);
      for (const chat of chats) await sees(chat, ["Kim", "Lee", "Park", "Choi"]);
      await noneAudited(chats);
    });
  });
}

describe("the links between the ways", () => {
  const setting = setUp([launchChromium, launchFirefox]);

  test("lead from one to the other and stay in the room; other rooms are gone to by the same way", async () => {
    for (const browser of setting.browsers) {
      const room = `마당-${browser.name}`;
      const chat = await Chat.open(browser, setting.program, { room, name: "Kim" });
      await chat.say("by WebSocket");
      await chat.shows(["by WebSocket"]);
      await follow(chat, "#via [data-way=socketio]");
      await chat.isConnected();
      await chat.isCarriedBy("websocket");
      assert.deepEqual(await marked(chat), ["socketio", "default"], browser.name);
      await follow(chat, "#transports [data-way=polling]");
      assert.deepEqual(await marked(chat), ["socketio", "polling"], browser.name);
      await chat.isConnected();
      await chat.isCarriedBy("polling");
      await chat.say("by polling");
      await chat.shows(["by WebSocket", "by polling"]);
      assert.ok(
        (await chat.messages()).every(({ own }) => own),
        browser.name,
      );

      await follow(chat, '#rooms > [data-room="lobby"] a');
      const address = await chat.page.evaluate(() => location.search);
      assert.equal(address, "?room=lobby&via=socketio&transport=polling", browser.name);
      await chat.isConnected();
      await chat.isCarriedBy("polling");
      await chat.page.close();
    }
  });

  test("a room that is none is refused on either way", async () => {
    for (const browser of setting.browsers) {
      const chat = new Chat();
      chat.page = await browser.open();
      await chat.page.goto(`${setting.program.front}/chat?room=a%20b&via=socketio&lang=en`);
      await eventually(async () => assert.equal((await chat.connection()).state, "refused", browser.name));
      await chat.page.close();
    }
  });
});

async function sees(chat, names) {
  await eventually(async () => assert.deepEqual((await chat.people()).sort(), [...names].sort(), chat.page.engine));
}

/** Goes where a link leads: a click wouldn't say when the page has loaded. */
async function follow(chat, selector) {
  await chat.page.goto(await chat.page.evaluate((selector) => document.querySelector(selector).href, selector));
}

function typing(chat) {
  return chat.page.evaluate(() => document.querySelector("#typing").textContent);
}

function marked(chat) {
  return chat.page.evaluate(() =>
    [...document.querySelectorAll(".segments:not([hidden]) [aria-current]")].map((link) => link.dataset.way),
  );
}
