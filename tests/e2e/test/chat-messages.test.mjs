import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { isAccessible } from "../src/accessibility.mjs";
import { launchChromium } from "../src/browsers/chromium.mjs";
import { launchFirefox } from "../src/browsers/firefox.mjs";
import { Chat, noneAudited } from "../src/chat.mjs";
import { setUp } from "../src/setting.mjs";
import { eventually } from "../src/wait.mjs";

/** Ways to the room, each in one of the two engines. */
const WAYS = [{ via: "websocket" }, { via: "sse" }, { via: "socketio" }, { via: "long-polling" }];
const PHONE = { width: 390, height: 844 };
const TABLET = { width: 820, height: 1180 };
/** More than anybody types: a room with a past. */
const UNLIMITED = ["--max-messages-per-user=0"];

/** Each would set `pwned` if anything took it for more than text, or lead a press on it somewhere. */
const EVIL = [
  "**<img src=x onerror=pwned=1>**",
  "[press me](javascript:window.pwned=1)",
  "[press me](https://a.example/\"onclick=\"pwned=1)",
  "```\n<script>window.pwned=1</script>\n```",
  "> <svg onload=window.pwned=1>",
  "- `<iframe srcdoc='<script>parent.pwned=1</script>'>`",
  "<a href=javascript:window.pwned=1>*x*</a>",
];

describe("messages that change, in two engines and by four ways", () => {
  const setting = setUp([launchChromium, launchFirefox]);
  let chats;

  before(async () => {
    chats = [];
    for (const [place, { via }] of WAYS.entries()) {
      const who = { room: "마당", name: `${["Kim", "Lee", "Park", "Choi"][place]}`, via };
      chats.push(await Chat.open(setting.browsers[place % 2], setting.program, who));
    }
  });

  after(async () => {
    for (const chat of chats ?? []) await chat.page.close();
  });

  /** Waits until everybody sees the same, and this. */
  async function allSee(expected) {
    for (const chat of chats) {
      await eventually(async () => assert.deepEqual(await chat.seen(), expected, chat.page.engine));
    }
  }

  const said = (text, more = {}) => ({ text, deleted: false, edited: false, ...more });

  test("edited, reacted to, answered and deleted: everybody sees it, and after a reload too", async () => {
    const [kim, lee, park, choi] = chats;
    for (const chat of chats) await chat.say(`from ${WAYS[chats.indexOf(chat)].via}`);
    await eventually(async () => assert.equal((await kim.texts()).length, 4));
    const offset = async (text) => (await kim.messages()).find((one) => one.text === text).offset;
    const [first, second, third] = await Promise.all(WAYS.slice(0, 3).map(({ via }) => offset(`from ${via}`)));
    const fourth = await offset("from long-polling");
    for (const chat of chats) await eventually(async () => assert.equal((await chat.texts()).length, 4));

    await kim.do("edit", first);
    await kim.say(" and better");
    await lee.do("delete", second);
    await lee.confirm();
    await park.react(first, "👍");
    await choi.react(first, "👍");
    await kim.do("reply", fourth);
    await kim.say("answered");
    const order = [first, second, third, fourth].map((one, place) => ({ one, place })).sort((a, b) => a.one - b.one);
    const lines = [
      said("from websocket and better", { edited: true, reactions: ["👍 2"] }),
      { text: "This message was deleted.", deleted: true, edited: false },
      said("from socketio"),
      said("from long-polling"),
    ];
    const expected = [...order.map(({ place }) => lines[place]), said("answered", { quoted: "from long-polling" })];
    await allSee(expected);
    await choi.react(first, "👍");
    expected[order.findIndex(({ place }) => place === 0)].reactions = ["👍 1"];
    await allSee(expected);
    await noneAudited(chats);
    for (const chat of chats) {
      await chat.page.reload();
      await chat.isConnected();
    }
    await allSee(expected);
    await noneAudited(chats);
  });

  test("all at once, and the server killed in between: everybody ends with the same", async () => {
    const { program } = setting;
    const [kim, lee, park, choi] = chats;
    await kim.say("everybody's");
    for (const chat of chats) await eventually(async () => assert.ok((await chat.texts()).includes("everybody's")));
    const { offset } = (await kim.messages()).find(({ text }) => text === "everybody's");
    await Promise.all([lee.react(offset, "🎉"), park.react(offset, "🎉"), choi.react(offset, "👍")]);
    program.freeze();
    await kim.do("edit", offset);
    await kim.say(" by now");
    await lee.react(offset, "👍");
    await program.kill();
    for (const chat of chats) await chat.isDisconnected();
    const pending = (await kim.seen()).find(({ text }) => text.startsWith("everybody's"));
    assert.equal(pending.text, "everybody's by now", "it is shown before it is stored");
    await program.start();
    for (const chat of chats) await chat.comesBack();
    for (const chat of chats) {
      await eventually(async () => {
        const seen = (await chat.seen()).find(({ text }) => text.startsWith("everybody's"));
        const wanted = said("everybody's by now", { edited: true, reactions: ["🎉 2", "👍 2"].sort() });
        assert.deepEqual(seen, wanted, chat.page.engine);
      });
    }
    await noneAudited(chats);
  });

  test("an edit that leaves the text as it was changes nothing, and nothing is missed after it", async () => {
    const [kim] = chats;
    for (const chat of chats) await chat.say(`unchanged by ${WAYS[chats.indexOf(chat)].via}`);
    for (const chat of chats) {
      const own = `unchanged by ${WAYS[chats.indexOf(chat)].via}`;
      const offset = await eventually(async () => {
        const found = (await chat.messages()).find(({ text }) => text === own);
        assert.ok(found?.offset > 0, own);
        return found.offset;
      });
      await chat.do("edit", offset);
      await chat.say("");
      await chat.say(`after ${own}`);
      for (const other of chats) {
        await eventually(async () => assert.ok((await other.texts()).includes(`after ${own}`), other.page.engine));
      }
      const seen = (await kim.seen()).find(({ text }) => text === own);
      assert.deepEqual(seen, said(own));
    }
    await noneAudited(chats);
  });

  test("what isn't one's own can't be changed: no menu offers it, and the server wouldn't take it", async () => {
    const [kim, lee] = chats;
    await kim.say("Kim's");
    await eventually(async () => assert.ok((await lee.texts()).includes("Kim's")));
    const { offset } = (await lee.messages()).find(({ text }) => text === "Kim's");
    await lee.openMenu(offset);
    const offered = await lee.page.evaluate(() =>
      [...document.querySelectorAll("#message-menu [data-do]:not([hidden])")].map((one) => one.dataset.do),
    );
    assert.deepEqual(offered, ["reply", "report"]);
    await lee.page.press("Escape");
    const answer = await fetch(`${setting.program.back}/api/rooms/${encodeURIComponent("마당")}/messages/${offset}`, {
      method: "PATCH",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ client_id: "stolen-1", name: "Kim", text: "stolen" }),
    });
    assert.equal(answer.status, 403);
    assert.equal((await answer.json()).code, "not_yours");
  });

  test("an own message says when others have read it", async () => {
    const [kim, lee] = chats;
    await lee.page.evaluate(() => document.querySelector("#scroller").scrollTo(0, 1e9));
    await kim.say("read me");
    await eventually(async () => {
      const read = await kim.page.evaluate(() => [...document.querySelectorAll(".message.own")].at(-1).dataset.read);
      assert.ok(Number(read) >= 1, kim.page.engine);
    });
  });
});

describe("reading and finding, in two engines", () => {
  const setting = setUp([launchChromium, launchFirefox], UNLIMITED);

  /** Says things in a room without a page. */
  async function tell(room, name, texts) {
    for (let from = 0; from < texts.length; from += 100) {
      const messages = texts.slice(from, from + 100).map((text, place) => ({
        client_id: `${name}-${from + place}-${texts.length}`.replace(/[^\w-]/g, ""),
        text,
      }));
      const answer = await fetch(`${setting.program.back}/api/rooms/${encodeURIComponent(room)}/messages/batch`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ name, messages }),
      });
      assert.ok(answer.ok, await answer.text());
    }
  }

  test("Markdown is shown, and nothing in it does anything", async () => {
    const { browsers, program } = setting;
    for (const [place, browser] of browsers.entries()) {
      const room = `markdown-${place}`;
      const chat = await Chat.open(browser, program, { room, name: "Kim" });
      await chat.paste("**bold** *italic* `code` [link](https://a.example/)\n> quote\n- one\n- two\n```\nblock\n```");
      for (const evil of EVIL) await chat.paste(evil);
      for (const when of ["live", "after a reload"]) {
        await eventually(async () => assert.equal((await chat.texts()).length, EVIL.length + 1, browser.name));
        const seen = await chat.page.evaluate(() => ({
          shown: ["strong", "em", "code", "a", "blockquote", "ul > li", "pre > code"].map(
            (one) => document.querySelectorAll(`.message:nth-of-type(2) .text ${one}`).length,
          ),
          rel: document.querySelector(".text a").rel.split(" ").includes("noopener"),
          foreign: document.querySelectorAll(
            ".text :not(strong, em, code, a, blockquote, ul, ol, li, pre, p, bdi, span)",
          ).length,
          links: [...document.querySelectorAll(".text a")].map(({ protocol }) => protocol),
          handlers: [...document.querySelectorAll(".text *")].flatMap((one) =>
            one.getAttributeNames().filter((name) => name.startsWith("on")),
          ),
          pwned: typeof window.pwned,
        }));
        assert.deepEqual(seen.shown, [1, 1, 2, 1, 1, 2, 1], `${browser.name} ${when}`);
        assert.deepEqual([seen.rel, seen.foreign, seen.handlers, seen.pwned], [true, 0, [], "undefined"], when);
        assert.ok(seen.links.every((protocol) => protocol === "https:"), seen.links.join());
        assert.deepEqual(chat.page.problems(), [], `${browser.name} ${when}`);
        await chat.page.reload();
        await chat.isConnected();
      }
      await chat.page.close();
    }
  });

  test("a name is completed while it is written, and who is mentioned sees it", async () => {
    const { browsers, program } = setting;
    const kim = await Chat.open(browsers[0], program, { room: "names", name: "Kim" });
    const lee = await Chat.open(browsers[1], program, { room: "names", name: "이서연" });
    await eventually(async () => assert.ok((await kim.people()).includes("이서연")));
    await kim.page.type("#text", "@이서");
    await eventually(async () => {
      const offered = await kim.page.evaluate(() =>
        [...document.querySelectorAll("#mentions:not([hidden]) li")].map((one) => one.textContent),
      );
      assert.deepEqual(offered, ["이서연"]);
    });
    await isAccessible(kim.page, "names are offered");
    await kim.page.press("Tab");
    await kim.say("안녕하세요");
    await kim.shows(["@이서연 안녕하세요"]);
    await eventually(async () => {
      const marked = await lee.page.evaluate(() => document.querySelector(".message.mentioned .mention.me")?.textContent);
      assert.equal(marked, "@이서연");
    });
    await kim.page.close();
    await lee.page.close();
  });

  test("rooms say how much is unread, and the page leads to the first of it", async () => {
    const { browsers, program } = setting;
    for (const [place, browser] of browsers.entries()) {
      const [here, there] = [`here-${place}`, `there-${place}`];
      const kim = await Chat.open(browser, program, { room: there, name: `Kim ${place}` });
      await kim.say("I was here");
      await eventually(async () => assert.equal((await kim.messages()).at(-1)?.state, "sent"));
      await tell(there, "Lee", ["seen"]);
      await kim.shows(["I was here", "seen"]);
      // The marker is told at most once a second.
      await eventually(async () => {
        const session = JSON.parse(await kim.page.evaluate(() => sessionStorage.getItem("madang.identity"))).session;
        const headers = { authorization: `Bearer ${session}` };
        const answer = await fetch(`${program.back}/api/unread?rooms=${there}`, { headers });
        assert.equal((await answer.json()).rooms?.[0]?.read, 2, browser.name);
      });
      await kim.page.goto(`${program.front}/chat?room=${here}&lang=en`);
      await kim.isConnected();
      await tell(there, "Lee", [...Array.from({ length: 149 }, (_, n) => `new ${n}`), `for @Kim ${place}`]);
      await kim.page.reload();
      await kim.isConnected();
      const badge = (room) =>
        kim.page.evaluate((room) => {
          const badge = document.querySelector(`#rooms > [data-room="${room}"] .unread-count`);
          return badge && [badge.dataset.unread, badge.classList.contains("mentioned")];
        }, room);
      await eventually(async () => assert.deepEqual(await badge(there), ["150", true], browser.name));
      await isAccessible(kim.page, "unread rooms");

      await kim.page.goto(`${program.front}/chat?room=${there}&lang=en`);
      await kim.isConnected();
      const button = () =>
        kim.page.evaluate(() => {
          const { hidden, textContent } = document.querySelector("#to-unread");
          return hidden ? null : textContent;
        });
      await eventually(async () => assert.equal(await button(), "To 150 unread messages", browser.name));
      await kim.page.click("#to-unread");
      await eventually(async () => {
        const line = await kim.page.evaluate(() => {
          const line = document.querySelector("#messages > .unread");
          const box = line?.getBoundingClientRect();
          const view = document.querySelector("#scroller").getBoundingClientRect();
          return {
            next: line?.nextElementSibling.querySelector(".text").textContent,
            inView: box !== undefined && box.top >= view.top && box.bottom <= view.bottom,
          };
        });
        assert.deepEqual(line, { next: "new 0", inView: true }, browser.name);
      });
      await kim.page.click("#new-messages");
      await eventually(async () => assert.equal((await kim.texts()).at(-1), `for @Kim ${place}`, browser.name));
      await noneAudited([kim]);
      await kim.page.close();
    }
  });

  test("a search finds a message far back, and leads there; what goes on meanwhile isn't missed", async () => {
    const { browsers, program } = setting;
    const texts = Array.from({ length: 1500 }, (_, n) => (n === 200 ? "a needle in the hay" : `hay ${n}`));
    await tell("hay", "Lee", texts);
    for (const browser of browsers) {
      const kim = await Chat.open(browser, program, { room: "hay", name: `Kim ${browser.name}` });
      await eventually(async () => assert.ok((await kim.texts()).length > 0));
      await kim.page.click("#open-search");
      await kim.page.type("#words", "needle");
      await kim.page.press("Enter");
      await eventually(async () => {
        const found = await kim.page.evaluate(() =>
          [...document.querySelectorAll("#found .said")].map((one) => one.textContent),
        );
        assert.deepEqual(found, ["a needle in the hay"], browser.name);
      });
      await isAccessible(kim.page, "search");
      await kim.page.click("#found button");
      await eventually(async () => {
        const found = await kim.page.evaluate(() => {
          const message = document.querySelector("#messages > .found");
          const box = message?.getBoundingClientRect();
          const view = document.querySelector("#scroller").getBoundingClientRect();
          const inView = box !== undefined && box.top >= view.top && box.bottom <= view.bottom;
          return { text: message?.querySelector(".text").textContent, inView };
        });
        assert.deepEqual(found, { text: "a needle in the hay", inView: true }, browser.name);
      });
      await tell("hay", browser.name, ["meanwhile"]);
      await kim.page.click("#new-messages");
      await eventually(async () => assert.equal((await kim.texts()).at(-1), "meanwhile", browser.name));
      const gaps = await kim.page.evaluate(() => document.querySelectorAll("#messages > .break").length);
      assert.equal(gaps, 0, browser.name);
      await noneAudited([kim]);
      await kim.page.close();
    }
  });

  test("on a tablet a search leads to what can be seen, and the longest name stays inside the panel", async () => {
    const { browsers, program } = setting;
    await tell("tablet", "W".repeat(40), ["a needle in the hay", ...Array.from({ length: 30 }, (_, n) => `hay ${n}`)]);
    for (const browser of browsers) {
      const kim = await Chat.open(browser, program, { room: "tablet", name: `Kim ${browser.name}`, viewport: TABLET });
      await kim.page.click("#open-search");
      await kim.page.type("#words", "needle");
      await kim.page.press("Enter");
      await eventually(async () => {
        const sticksOut = await kim.page.evaluate(() => {
          const panel = document.querySelector("#search");
          const hit = panel.querySelector(".hit");
          return hit && [panel.scrollWidth - panel.clientWidth, hit.scrollWidth - hit.clientWidth];
        });
        assert.deepEqual(sticksOut, [0, 0], browser.name);
      });
      await kim.page.click("#found button");
      await eventually(async () => {
        const seen = await kim.page.evaluate(() => {
          const { right = 0, top = 0, height = 0 } = document.querySelector("#messages > .found")?.getBoundingClientRect() ?? {};
          return document.elementFromPoint(right - 30, top + height / 2)?.closest(".message.found, .side")?.className ?? "";
        });
        assert.match(seen, /found/, browser.name);
      });
      await kim.page.close();
    }
  });

  test("the menu, and what is written about a message, on a phone and by keyboard", async () => {
    const { browsers, program } = setting;
    for (const [place, browser] of browsers.entries()) {
      const chat = await Chat.open(browser, program, { room: `phone-${place}`, name: "Kim", viewport: PHONE });
      await chat.say("one");
      await chat.say("two");
      await eventually(async () => assert.equal((await chat.messages()).filter(({ state }) => state === "sent").length, 2));
      for (let presses = 0; presses < 20; presses += 1) {
        if (await chat.page.evaluate(() => document.activeElement.matches("#messages .more"))) break;
        await chat.page.press("Shift+Tab");
      }
      await chat.page.press("ArrowUp");
      await chat.page.press("Enter");
      await eventually(async () => {
        assert.ok(await chat.page.evaluate(() => document.querySelector("#message-menu").open), browser.name);
      });
      await isAccessible(chat.page, "the menu of a message");
      const sticksOut = await chat.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(sticksOut <= 0, `${browser.name}: ${sticksOut}`);
      await chat.page.press("Escape");
      await chat.do("reply", 1);
      await isAccessible(chat.page, "answering");
      await chat.page.press("Escape");
      // Up in the empty field goes to what was said last.
      await chat.page.press("ArrowUp");
      await eventually(async () => assert.equal(await chat.draft(), "two", browser.name));
      await chat.say("!");
      await eventually(async () => {
        const last = (await chat.seen()).at(-1);
        assert.deepEqual(last, { text: "two!", deleted: false, edited: true }, browser.name);
      });

      await chat.react(1, "🎉");
      await chat.do("reply", 1);
      await chat.say("an answer");
      await eventually(async () => {
        const { text, state } = (await chat.messages()).at(-1);
        assert.deepEqual([text, state], ["an answer", "sent"], browser.name);
      });
      // What an answer quotes, and who has reacted, is found without a pointer too.
      await chat.openMenu((await chat.messages()).at(-1).offset);
      await chat.page.press("Escape");
      await chat.page.press("Enter");
      await eventually(async () => {
        assert.ok(await chat.page.evaluate(() => document.querySelector("#message-menu").open), browser.name);
      });
      await chat.page.press("ArrowUp");
      for (let presses = 0; presses < 20; presses += 1) {
        if (await chat.page.evaluate(() => document.activeElement.matches('[data-do="answered"]'))) break;
        await chat.page.press("ArrowUp");
      }
      await chat.page.press("Enter");
      await eventually(async () => {
        const place = () => document.activeElement.closest(".message.found")?.dataset.offset;
        assert.equal(await chat.page.evaluate(place), "1", browser.name);
      });
      await chat.page.press("Enter");
      await eventually(async () => {
        const reacted = () => [...document.querySelectorAll("#reacted button")].map((one) => one.textContent);
        assert.deepEqual(await chat.page.evaluate(reacted), ["🎉 Kim"], browser.name);
      });
      await isAccessible(chat.page, "the menu of a message with a reaction");
      await chat.page.press("Escape");
      await chat.page.close();
    }
  });
});
