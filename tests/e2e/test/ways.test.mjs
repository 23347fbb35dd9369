import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launchChromium } from "../src/browsers/chromium.mjs";
import { launchFirefox } from "../src/browsers/firefox.mjs";
import { allShow, Chat, noneAudited } from "../src/chat.mjs";
import { setUp } from "../src/setting.mjs";
import { eventually } from "../src/wait.mjs";

/** Every way to a room, and what carries its messages. */
const WAYS = [
  { via: "websocket", carrier: "websocket" },
  { via: "socketio", transport: "websocket", carrier: "websocket" },
  { via: "sse", carrier: "sse" },
  { via: "socketio", transport: "polling", carrier: "polling" },
  { via: "long-polling", carrier: "long-polling" },
  { via: "polling", carrier: "polling" },
];

describe("every way, in two engines, into one room", () => {
  const setting = setUp([launchChromium, launchFirefox]);
  /**
   * Neighbours are in different engines. Polling comes last, since only the page in front of its browser asks. Firefox slows down
   * the timers of those behind.
   */
  let chats;
  const said = [];

  before(async () => {
    const { browsers, program } = setting;
    chats = [];
    // One after the other: a page in the background is slow to load.
    for (const [place, { via, transport }] of WAYS.entries()) {
      const who = { room: "마당", name: `${via} ${transport ?? ""}`.trim(), via, transport };
      chats.push(await Chat.open(browsers[place % 2], program, who));
    }
  });

  after(async () => {
    for (const chat of chats ?? []) await chat.page.close();
  });

  test("the page says what carries it, and hides what its way can't tell", async () => {
    for (const [place, chat] of chats.entries()) {
      const { via, carrier } = WAYS[place];
      await chat.isCarriedBy(carrier);
      const shown = await chat.page.evaluate(() => ({
        people: document.querySelector("#people-section").checkVisibility(),
        alone: document.querySelector("#way-alone").checkVisibility(),
      }));
      const tells = via === "websocket" || via === "socketio";
      assert.deepEqual(shown, { people: tells, alone: !tells }, via);
      assert.deepEqual(chat.page.problems(), [], via);
    }
  });

  test("what is typed on one appears on every other, once, in order, and never comes back", async () => {
    for (const sender of chats) {
      const text = `안녕하세요 from ${chats.indexOf(sender)}`;
      await sender.say(text);
      said.push(text);
      for (const chat of chats) {
        await chat.shows(said);
        assert.equal((await chat.messages()).at(-1).own, chat === sender);
      }
    }
    await allShow(chats, said);
    await noneAudited(chats);
  });

  test("all at once: the same order everywhere", async () => {
    const rounds = [0, 1, 2].map((round) => chats.map((_, place) => `${place} ${round}`));
    await Promise.all(
      chats.map(async (chat, place) => {
        for (const round of rounds) await chat.say(round[place]);
      }),
    );
    said.push(...rounds.flat());
    await allShow(chats, said);
    await noneAudited(chats);
  });

  test("killed, and stopped, while people type: nothing is lost, doubled, swapped or echoed", async () => {
    const { program } = setting;
    program.freeze();
    for (const [place, chat] of chats.entries()) await chat.say(`on its way ${place}`);
    await program.kill();
    said.push(...chats.map((_, place) => `on its way ${place}`));
    for (const chat of chats) await chat.isDisconnected();
    await program.start();
    for (const chat of chats) await chat.comesBack();
    await allShow(chats, said);

    assert.equal(await program.stop(10_000), 0);
    for (const chat of chats) await chat.isDisconnected();
    for (const [place, chat] of chats.entries()) await chat.say(`while it was away ${place}`);
    said.push(...chats.map((_, place) => `while it was away ${place}`));
    await program.start();
    for (const chat of chats) await chat.comesBack();
    await allShow(chats, said);
    await noneAudited(chats);
  });

  test("a change of name is a new connection, which misses nothing that is said meanwhile", async () => {
    const speaking = [chats[1], chats[3]];
    const renaming = [chats[0], chats[2], chats[4], chats[5]];
    for (const round of [0, 1]) {
      const texts = speaking.map((_, place) => `meanwhile ${round} ${place}`);
      await Promise.all([
        ...renaming.map((chat, place) => chat.rename(`name ${round} ${place}`)),
        ...speaking.map((chat, place) => chat.say(texts[place])),
      ]);
      said.push(...texts);
    }
    await allShow(chats, said);
    await noneAudited(chats);
  });

  test("in a room that only the server writes nothing can be said, and the page says so and leads to a better one", async () => {
    const [chromium] = setting.browsers;
    for (const via of ["websocket", "sse"]) {
      const chat = await Chat.open(chromium, setting.program, { room: "lab-1", via });
      await eventually(async () => {
        const seen = await chat.page.evaluate(() => ({
          closed: document.querySelector("#text").readOnly && document.querySelector("#send").disabled,
          why: document.querySelector("#held").textContent.trim(),
          better: document.querySelector("#better").checkVisibility() && document.querySelector("#better").href,
        }));
        const why = "Nothing can be said in this room: only the server writes here.";
        assert.deepEqual(seen, { closed: true, why, better: `${setting.program.front}/lab` }, via);
      });
      await chat.page.close();
    }
  });

  test("a message lost on the way is found out, told to the server, and fetched", async () => {
    const [, firefox] = setting.browsers;
    const [kim, , , , sender] = chats;
    const lee = await Chat.open(firefox, setting.program, { room: "마당", name: "Lee", via: "sse" });
    const losers = [kim, lee];
    for (const chat of losers) await loses(chat, "never arrives");
    for (const text of ["never arrives", "arrives"]) {
      await sender.say(text);
      said.push(text);
    }
    await allShow([sender, ...losers], said);
    for (const chat of losers) {
      await eventually(async () => {
        assert.deepEqual(await chat.violations(), { gap: "1", duplicate: "0", order: "0", echo: "0" }, chat.page.engine);
        const seen = await chat.page.evaluate(() => ({
          line: document.querySelector("#audit").textContent,
          bad: document.querySelector("#audit").classList.contains("bad"),
          reported: performance.getEntriesByType("resource").some(({ name }) => name.endsWith("/api/audit")),
        }));
        const line = "1 lost, 0 twice, 0 out of order, 0 back to sender";
        assert.deepEqual(seen, { line, bad: true, reported: true }, chat.page.engine);
      });
    }
    await noneAudited([sender, chats[1]]);
    await lee.page.close();
  });
});

/** From now on the page hears nothing live that has `text` in it. */
async function loses(chat, text) {
  await chat.page.evaluate((text) => {
    const { get } = Object.getOwnPropertyDescriptor(MessageEvent.prototype, "data");
    Object.defineProperty(MessageEvent.prototype, "data", {
      get() {
        const data = get.call(this);
        const lost = typeof data === "string" && data.includes(text) && !data.includes('"messages"');
        return lost ? "null" : data;
      },
    });
  }, text);
}
