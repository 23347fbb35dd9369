import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { isAccessible } from "../src/accessibility.mjs";
import { launchChromium } from "../src/browsers/chromium.mjs";
import { launchFirefox } from "../src/browsers/firefox.mjs";
import { Chat } from "../src/chat.mjs";
import { setUp } from "../src/setting.mjs";
import { eventually } from "../src/wait.mjs";

const PASSWORD = "correct horse";
const ADMIN = "Minji";
const PHONE = { width: 390, height: 844 };
/** Within which somebody who is sent away must know it, in milliseconds. */
const AT_ONCE_MS = 1000;

describe("accounts, in two engines", () => {
  const setting = setUp([launchChromium, launchFirefox]);

  test("sign up, speak under one's own name, sign out, sign in elsewhere", async () => {
    const { browsers, program } = setting;
    for (const [place, browser] of browsers.entries()) {
      const name = `이서연${place}`;
      const page = await browser.open();
      await page.goto(`${program.front}/account?lang=en`);
      await isSignedInAs(page, "");
      await isAccessible(page, "nobody is signed in");
      // Who is a guest needn't ask who they are, of which the browser would complain.
      assert.deepEqual(page.problems(), [], browser.name);
      await enter(page, "sign-up", name, "short");
      await says(page, "#sign-up-problem", "A password has 8 to 200 characters.");
      await enter(page, "sign-up", name, PASSWORD);
      await isSignedInAs(page, name);
      await isAccessible(page, "signed in");

      await page.goto(`${program.front}/chat?room=accounts-${place}&lang=en`);
      await eventually(async () => assert.equal(await page.evaluate(ownName), name, browser.name));
      const chat = chatOf(page);
      await chat.isConnected();
      await chat.say("hello");
      await eventually(async () => {
        const [message] = await chat.messages();
        assert.deepEqual([message?.author, message?.own, message?.state], [name, true, "sent"], browser.name);
      });
      await page.goto(`${program.front}/account?lang=en`);
      await isSignedInAs(page, name);
      await page.click("#sign-out");
      await isSignedInAs(page, "");
      await page.close();

      // Another browser of the same person: what was said there is their own here, too.
      const other = await browser.open();
      await other.goto(`${program.front}/account?lang=en`);
      await isSignedInAs(other, "");
      await enter(other, "sign-in", name, "wrong horse");
      await says(other, "#sign-in-problem", "Name or password are wrong.");
      await enter(other, "sign-in", name, PASSWORD);
      await isSignedInAs(other, name);
      await other.goto(`${program.front}/chat?room=accounts-${place}&lang=en`);
      const again = chatOf(other);
      await again.isConnected();
      await eventually(async () => assert.equal((await again.messages())[0]?.own, true, browser.name));
      await again.do("edit", 1);
      await again.say(", it's me");
      await again.shows(["hello, it's me"]);
      await other.close();
    }
  });

  test("a name that belongs to an account isn't for guests, on any way", async () => {
    const { browsers, program } = setting;
    const page = await browsers[0].open();
    await page.goto(`${program.front}/account?lang=en`);
    await isSignedInAs(page, "");
    await enter(page, "sign-up", "Reserved", PASSWORD);
    await isSignedInAs(page, "Reserved");
    await page.close();
    for (const [place, via] of ["websocket", "socketio"].entries()) {
      const chat = await Chat.open(browsers[place], program, { room: "guests", via });
      await chat.page.click("#name");
      await chat.page.type("#name-input", "reserved");
      await chat.page.press("Enter");
      const problem = "This name belongs to an account. Sign in, or take another one.";
      await says(chat.page, "#name-problem", problem);
      await isAccessible(chat.page, "the name is reserved");
      const signIn = () => document.querySelector("#name-sign-in").checkVisibility();
      assert.equal(await chat.page.evaluate(signIn), true, "a link to where one signs in");
      // Who doesn't want another name after all keeps theirs, also when they come again.
      await chat.page.click("#name-cancel");
      await chat.isConnected();
      const guest = await chat.page.evaluate(ownName);
      assert.match(guest, /^guest-/);
      await chat.say("still here");
      await eventually(async () => assert.ok((await chat.messages()).some(({ own, state }) => own && state === "sent")));
      await chat.page.reload();
      await chat.isConnected();
      assert.equal(await chat.page.evaluate(ownName), guest);

      await chat.page.click("#name");
      await chat.page.type("#name-input", `guest ${place}`);
      await chat.page.press("Enter");
      await chat.isConnected();
      assert.equal(await chat.page.evaluate(ownName), `guest ${place}`);
      await chat.page.close();
    }
  });

  test("a password is changed, and tokens are made and taken back", async () => {
    const { browsers, program } = setting;
    for (const [place, browser] of browsers.entries()) {
      const name = `Bot ${place}`;
      const page = await browser.open({ viewport: PHONE });
      await page.goto(`${program.front}/account?lang=en`);
      await isSignedInAs(page, "");
      await enter(page, "sign-up", name, PASSWORD);
      await isSignedInAs(page, name);
      await page.type("#token-label", "for a bot");
      await page.press("Enter");
      const secret = await eventually(async () => {
        const secret = await page.evaluate(() => document.querySelector("#secret code").textContent);
        assert.match(secret, /^mdg_/, browser.name);
        return secret;
      });
      await isAccessible(page, "a token was made");
      const say = () =>
        fetch(`${program.back}/api/rooms/bots/messages`, {
          method: "POST",
          headers: { "content-type": "application/json", authorization: `Bearer ${secret}` },
          body: JSON.stringify({ client_id: `bot-${place}-${Math.random()}`.replace(".", ""), name, text: "beep" }),
        });
      assert.equal((await say()).status, 201);
      await page.click("#tokens [data-token] button");
      await eventually(async () => {
        assert.equal(await page.evaluate(() => document.querySelectorAll("#tokens [data-token]").length), 0);
      });
      assert.equal((await say()).status, 401);

      await page.type("#password-now", PASSWORD);
      await page.type("#password-new", "another horse");
      await page.press("Enter");
      await says(page, "#password-done", "The password was changed.");
      const sticksOut = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(sticksOut <= 0, browser.name);
      await page.close();
    }
  });
});

describe("order in a room, in two engines", () => {
  const setting = setUp([launchChromium, launchFirefox]);
  let admin;

  before(async () => {
    const { browsers, program } = setting;
    await program.run(["account", "add", ADMIN, "--admin"], `${PASSWORD}\n`);
    const page = await browsers[0].open();
    await page.goto(`${program.front}/account?lang=en`);
    await isSignedInAs(page, "");
    await enter(page, "sign-in", ADMIN, PASSWORD);
    await isSignedInAs(page, ADMIN);
    admin = chatOf(page);
  });

  after(async () => admin?.page.close());

  /** The admin goes to a room. */
  async function attend(room) {
    await admin.page.goto(`${setting.program.front}/chat?room=${room}&lang=en`);
    await admin.isConnected();
    assert.equal(await admin.page.evaluate(() => document.querySelector("#open-moderation").hidden), false);
  }

  /** The admin opens the panel. */
  async function openPanel() {
    await admin.page.click("#open-moderation");
    await eventually(async () => {
      assert.notEqual(await admin.page.evaluate(() => document.querySelector("#slow").value), "");
    });
  }

  for (const via of ["websocket", "socketio", "sse", "long-polling", "polling"]) {
    test(`over ${via}, who is banned hears nothing more, is told why, and can come back when it's lifted`, async (context) => {
      const { browsers, program } = setting;
      const room = `ban-${via}`;
      await attend(room);
      const lee = await Chat.open(browsers[1], program, { room, name: `Lee ${via}`, via });
      await lee.say("bad words");
      await admin.shows(["bad words"]);
      await lee.page.type("#text", "let me in");
      await admin.do("ban", 1);
      await admin.page.type("#ask-reason", "rude");
      await admin.page.evaluate(() => {
        document.querySelector("#ask-time").value = "3600";
      });
      await admin.page.evaluate(() => document.querySelector("#ask-do").click());
      const begun = performance.now();
      // Who asks now and then learns it when they ask.
      await eventually(() => isSentAway(lee), via === "polling" ? undefined : AT_ONCE_MS);
      context.diagnostic(`${via}: known after ${(performance.now() - begun).toFixed(0)} ms`);
      await isAccessible(lee.page, `banned over ${via}`);
      await eventually(async () => {
        const open = await admin.page.evaluate(() => document.querySelector("#ask").open);
        assert.equal(open, false);
      });
      await admin.say("without you");
      assert.deepEqual(await composer(lee), { draft: "let me in", closed: true }, "what they wrote is kept");
      assert.deepEqual(await lee.texts(), ["bad words"]);
      await lee.page.reload();
      await eventually(() => isSentAway(lee));

      await openPanel();
      await isAccessible(admin.page, "keeping order");
      await eventually(async () => {
        const [sanction] = await records("sanctions");
        assert.match(sanction ?? "", new RegExp(`Lee ${via}.*banned`));
      });
      await admin.page.click("#sanctions button");
      await eventually(async () => assert.deepEqual(await records("sanctions"), ["Nothing here."]));
      await lee.page.reload();
      await lee.isConnected();
      await eventually(async () => assert.equal((await lee.texts()).at(-1), "without you"));
      assert.equal((await composer(lee)).closed, false);
      await lee.page.close();
    });
  }

  test("when a ban is over, the page comes back by itself, and its composer with it", async () => {
    const { browsers, program } = setting;
    await attend("short");
    const lee = await Chat.open(browsers[1], program, { room: "short", name: "Lee" });
    await lee.say("oops");
    await admin.shows(["oops"]);
    await lee.page.type("#text", "sorry");
    await orders("short", { action: "ban", name: "Lee", offset: 1, seconds: 6 });
    await eventually(async () => {
      assert.match((await told(lee)) ?? "", /^You have been sent out of this room\. \(0:0[1-6] left\)$/);
      assert.deepEqual(await composer(lee), { draft: "sorry", closed: true });
    });
    // It's told in one place: neither above the messages nor by the notice that others get.
    assert.equal((await lee.connection()).warned, false);
    assert.equal(await lee.text("#notice"), "");
    await lee.isConnected();
    assert.deepEqual(await composer(lee), { draft: "sorry", closed: false });
    assert.equal(await told(lee), null);
    await lee.page.evaluate(() => document.querySelector("#text").focus());
    await lee.page.press("Enter");
    await admin.shows(["oops", "sorry"]);
    await lee.page.close();
  });

  test("who is muted is told until when, and keeps what they wrote", async () => {
    const { browsers, program } = setting;
    await attend("mute");
    const lee = await Chat.open(browsers[1], program, { room: "mute", name: "Lee" });
    await lee.say("noise");
    await admin.shows(["noise"]);
    await lee.page.type("#text", "more noise");
    await admin.do("mute", 1);
    await admin.confirm({ seconds: 300 });
    await eventually(async () => {
      assert.match((await told(lee)) ?? "", /^You may not say anything in this room for now\. \([45]:\d\d left\)$/);
      assert.deepEqual(await composer(lee), { draft: "more noise", closed: true });
    });
    assert.equal(await lee.text("#notice"), "", "it's told once");
    await isAccessible(lee.page, "muted");
    await openPanel();
    await eventually(async () => assert.match((await records("sanctions"))[0] ?? "", /Lee.*muted/));
    await admin.page.click("#sanctions button");
    await eventually(async () => assert.equal(await told(lee), null));
    assert.deepEqual(await composer(lee), { draft: "more noise", closed: false });
    await lee.page.evaluate(() => document.querySelector("#text").focus());
    await lee.page.press("Enter");
    await admin.shows(["noise", "more noise"]);
    // So it is when the time is over.
    await orders("mute", { action: "mute", name: "Lee", offset: 1, seconds: 2 });
    await eventually(async () => assert.equal((await composer(lee)).closed, true));
    await eventually(async () => assert.deepEqual([(await composer(lee)).closed, await told(lee)], [false, null]));
    await lee.say("calm now");
    await admin.shows(["noise", "more noise", "calm now"]);
    await lee.page.close();
  });

  test("slow mode, words that nobody may say, and a report", async () => {
    const { browsers, program } = setting;
    await attend("slow");
    const lee = await Chat.open(browsers[1], program, { room: "slow", name: "Lee" });
    await openPanel();
    await set("#filter", "badword");
    await admin.page.click("#words-form button");
    await says(admin.page, "#moderation-state", "Done.");
    await lee.say("this is a badword here");
    await eventually(async () => {
      const why = await lee.page.evaluate(() => document.querySelector(".why")?.textContent);
      assert.match(why ?? "", /There is a word in it that nobody may say here/);
    });
    await lee.page.click(".discard");
    await set("#slow", "3");
    await admin.page.click("#slow-form button");
    await eventually(async () => {
      assert.ok((await records("log")).some((line) => line.startsWith("Slow mode was changed.")));
    });
    await lee.say("one");
    await lee.say("two");
    await eventually(async () => {
      const held = await lee.page.evaluate(() => document.querySelector("#held").textContent);
      assert.match(held, /This room is in slow mode\. What you have written goes out by itself\./);
    });
    await admin.shows(["one", "two"]);

    await admin.page.click("#moderation .close-side");
    await admin.say("said by the admin");
    await lee.shows(["one", "two", "said by the admin"]);
    const { offset } = (await lee.messages()).at(-1);
    await lee.do("report", offset);
    await lee.confirm({ reason: "too strict" });
    await openPanel();
    await eventually(async () => {
      assert.match((await records("reports"))[0] ?? "", /said by the admin.*too strict/);
    });
    await admin.page.click("#reports .quiet");
    await eventually(async () => assert.deepEqual(await records("reports"), ["Nothing here."]));
    await lee.page.close();
  });

  test("an admin makes somebody a moderator, and takes it back", async () => {
    const { browsers, program } = setting;
    const page = await browsers[1].open();
    await page.goto(`${program.front}/account?lang=en`);
    await isSignedInAs(page, "");
    await enter(page, "sign-up", "Choi", PASSWORD);
    await isSignedInAs(page, "Choi");
    await page.goto(`${program.front}/chat?room=keepers&lang=en`);
    await chatOf(page).isConnected();
    const keepsOrder = () => page.evaluate(() => !document.querySelector("#open-moderation").hidden);
    assert.equal(await keepsOrder(), false);

    await attend("keepers");
    await openPanel();
    await admin.page.type("#moderator-name", "Choi");
    await admin.page.press("Enter");
    await eventually(async () => assert.equal(await keepsOrder(), true));
    await eventually(async () => assert.match((await records("moderators"))[0] ?? "", /^Choi Take back$/));
    await isAccessible(admin.page, "a moderator is there");
    await admin.page.click("#moderators button");
    await eventually(async () => assert.equal(await keepsOrder(), false));
    await admin.page.click("#moderation .close-side");
    await page.close();
  });

  test("who keeps order may delete what others have said", async () => {
    const { browsers, program } = setting;
    await attend("delete");
    const lee = await Chat.open(browsers[1], program, { room: "delete", name: "Lee" });
    await lee.say("oh no");
    await admin.shows(["oh no"]);
    await admin.do("delete", 1);
    await admin.confirm();
    await lee.shows(["This message was deleted."]);
    await lee.page.close();
  });

  async function isSentAway(chat) {
    const { state, warned } = await chat.connection();
    assert.deepEqual([state, warned], ["refused", false], chat.page.engine);
    assert.match((await told(chat)) ?? "", /^You have been sent out of this room\. \((1:00:00|59:\d\d) left\)$/);
    assert.equal((await composer(chat)).closed, true, chat.page.engine);
  }

  /** What stands beside the composer of why nothing can be said; null if nothing does. */
  function told(chat) {
    return chat.page.evaluate(() => {
      const held = document.querySelector("#held");
      return held.hidden ? null : held.textContent.replaceAll(/\s+/g, " ").trim();
    });
  }

  /** What stands in the composer, and whether it takes anything. */
  function composer(chat) {
    return chat.page.evaluate(() => ({
      draft: document.querySelector("#text").value,
      closed: document.querySelector("#text").readOnly && document.querySelector("#send").disabled,
    }));
  }

  /** The admin does something that their page doesn't offer, such as for a few seconds. */
  async function orders(room, order) {
    const status = await admin.page.evaluate(
      async (url, body) => {
        const headers = { "content-type": "application/json" };
        return (await fetch(url, { method: "POST", headers, body, credentials: "include" })).status;
      },
      `${setting.program.back}/api/rooms/${room}/moderation`,
      JSON.stringify(order),
    );
    assert.ok(status < 300, `${status}`);
  }

  /** The lines of a list of the panel. */
  function records(id) {
    return admin.page.evaluate((id) => [...document.querySelectorAll(`#${id} > li`)].map((one) => one.innerText.replaceAll(/\s+/g, " ")), id);
  }

  function set(selector, value) {
    return admin.page.evaluate(
      (selector, value) => {
        document.querySelector(selector).value = value;
      },
      selector,
      value,
    );
  }
});

function chatOf(page) {
  const chat = new Chat();
  chat.page = page;
  return chat;
}

/** Fills in a form of the account's page, and sends it. */
async function enter(page, form, name, password) {
  await page.evaluate(
    (form, name, password) => {
      document.querySelector(`#${form}-name`).value = name;
      document.querySelector(`#${form}-password`).value = password;
    },
    form,
    name,
    password,
  );
  await page.click(`#${form} [type=submit]`);
}

async function isSignedInAs(page, name) {
  await eventually(async () => assert.equal(await page.evaluate(() => document.body.dataset.account), name, page.engine));
}

async function says(page, selector, text) {
  await eventually(async () => {
    const said = await page.evaluate((selector) => document.querySelector(selector).textContent, selector);
    assert.equal(said, text, page.engine);
  });
}

function ownName() {
  return document.querySelector("#name").textContent;
}
