import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { allShow, Chat } from "../src/chat.mjs";
import { setUp } from "../src/setting.mjs";
import { eventually } from "../src/wait.mjs";

/** Each would set `pwned` if anything took it for more than text. */
const SCRIPTS = [
  '<img src=x onerror="window.pwned=1">',
  "<script>window.pwned=1</script>",
  '"><svg onload=window.pwned=1>',
  "<a href=javascript:window.pwned=1>press me</a>",
  "{{ 7 * 7 }} #{7*7} &lt;b&gt;bold&lt;/b&gt;",
];
const PAGES = ["/", "/?lang=ko", "/chat?room=csp", "/chat?room=csp&lang=ko", "/chat?room=no%20such", "/market", "/seats", "/seats?event=concert"];
const NAME = "<b onclick=pwned=1>Kim";

describe("what people write is text", () => {
  const setting = setUp();

  test("in a message and in a name, live and from the history", async () => {
    const { browsers, program } = setting;
    const chats = await Promise.all(
      browsers.map((browser, place) => Chat.open(browser, program, { room: "markup", name: NAME + place })),
    );
    await Promise.all(
      chats.map(async (chat) => {
        for (const script of SCRIPTS) await chat.say(script);
      }),
    );
    const said = chats.flatMap(() => SCRIPTS);
    await allShow(chats, said);
    for (const chat of chats) {
      await isInert(chat);
      await chat.page.reload();
      await chat.isConnected();
    }
    await allShow(chats, said);
    for (const chat of chats) {
      await isInert(chat);
      await chat.page.close();
    }
  });

  test("no page complains of anything, or breaks its own content security policy", async () => {
    const { browsers, program } = setting;
    await Promise.all(
      browsers.map(async (browser) => {
        const page = await browser.open();
        for (const path of PAGES) {
          await page.goto(program.front + path);
          await eventually(async () => assert.ok(await page.evaluate(isReady), `${browser.name}: ${path}`));
          assert.deepEqual(page.problems(), [], `${browser.name}: ${path}`);
        }
        await page.goto(`${program.front}/nothing/here`);
        for (const path of PAGES) {
          await page.evaluate(offer, path);
          await page.click("#open");
          await eventually(async () => assert.ok(await page.evaluate(isReady), `${browser.name}: ${path}`));
          assert.deepEqual(await page.evaluate(() => violations), [], `${browser.name}: ${path}`);
          // The alarm works, and so does the policy: a script in the page is reported and doesn't run.
          await page.evaluate(intrude);
          await eventually(async () => {
            assert.deepEqual(await page.evaluate(() => violations), ["script-src-elem"], `${browser.name}: ${path}`);
          });
          assert.equal(await page.evaluate(() => typeof opened.pwned), "undefined", `${browser.name}: ${path}`);
          await page.evaluate(() => opened.close());
        }
        await page.close();
      }),
    );
  });

  test("every answer of the front has the policy, and it allows nothing inline", async () => {
    const { program } = setting;
    const assets = await assetsOf(program.front);
    assert.ok(assets.length >= 4, assets.join());
    for (const path of ["/", "/chat?room=csp", "/nothing/here", ...assets]) {
      const answer = await fetch(program.front + path);
      const policy = answer.headers.get("content-security-policy");
      assert.match(policy, /default-src 'none'/, path);
      assert.match(policy, /script-src 'self' http:\/\/127\.0\.0\.1:\d+\/socket\.io\/socket\.io\.min\.js;/, path);
      assert.doesNotMatch(policy, /unsafe|\*|data:|https?:\/\/(?!127\.0\.0\.1)/, path);
      await answer.arrayBuffer();
    }
  });
});

async function isInert(chat) {
  const found = await chat.page.evaluate(() => ({
    elements: document.querySelectorAll(".text *, .author *, .person-name *").length,
    pwned: typeof window.pwned,
  }));
  assert.deepEqual(found, { elements: 0, pwned: "undefined" }, chat.page.engine);
  assert.ok(
    (await chat.people()).some((name) => name.startsWith(NAME)),
    chat.page.engine,
  );
  assert.deepEqual(chat.page.problems(), [], chat.page.engine);
}

async function assetsOf(front) {
  const pages = await Promise.all(["/", "/chat"].map((path) => fetch(front + path).then((answer) => answer.text())));
  return [...new Set(pages.flatMap((page) => page.match(/\/assets\/[^"]+/g)))];
}

// What follows runs in a page. One that opened another sees what happens in it from the very beginning, which not every
// driver does: the other's window is there before its document.

/** Puts up a button: browsers open windows only for those who press something. */
function offer(path) {
  window.violations = [];
  const button = document.createElement("button");
  button.id = "open";
  button.textContent = path;
  button.onclick = () => {
    window.opened = open(path);
    opened.addEventListener("securitypolicyviolation", ({ effectiveDirective }) => violations.push(effectiveDirective));
  };
  document.body.replaceChildren(button);
}

/** The page, or the one it opened, has done what it does on its own: asked the back, entered the room, been refused. */
function isReady() {
  const { body } = (window.opened ?? window).document;
  const state = body?.dataset.connection ?? body?.dataset.chart ?? body?.querySelector("#back-state, #watch-state")?.dataset.state;
  return ["live", "refused", "ready", "shown"].includes(state);
}

function intrude() {
  const script = opened.document.createElement("script");
  script.textContent = "window.pwned = 1";
  opened.document.body.append(script);
}
