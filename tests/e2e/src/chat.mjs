import assert from "node:assert/strict";
import { eventually } from "./wait.mjs";

/** One person in one room, with the chat page open: what they do, and what they see. */
export class Chat {
  /** @type {import("./browsers/page.mjs").Page} */
  page;

  /**
   * @param {import("./browsers/page.mjs").Browser} browser
   * @param {import("./program.mjs").Program} program
   * @param {{ room: string, name?: string, lang?: "en" | "ko", via?: string, transport?: string } & import("./browsers/page.mjs").PageOptions} who
   *   without a name they stay the guest that the page makes of them; `via` and `transport` are those of the address
   */
  static async open(browser, program, { room, name, lang = "en", via, transport, ...options }) {
    const chat = new Chat();
    chat.page = await browser.open(options);
    const query = new URLSearchParams({ room, lang, ...(via && { via }), ...(transport && { transport }) });
    await chat.page.goto(`${program.front}/chat?${query}`);
    await chat.isConnected();
    if (name !== undefined) await chat.rename(name);
    return chat;
  }

  async rename(name) {
    await this.page.click("#name");
    await this.page.type("#name-input", name);
    await this.page.press("Enter");
    await eventually(async () => {
      const { own, tellsOfPeople } = await this.page.evaluate(() => ({
        own: document.querySelector("#name").textContent,
        tellsOfPeople: !document.querySelector("#people-section").hidden,
      }));
      assert.equal(own, name, this.page.engine);
      if (tellsOfPeople) assert.ok((await this.people()).includes(name), `${this.page.engine}: ${name} isn't here`);
    });
    await this.isConnected();
  }

  /** Types the text and presses Enter. */
  async say(text) {
    await this.page.type("#text", text);
    await this.page.press("Enter");
  }

  /** Puts the text into the field at once, as a paste does, and presses Enter. */
  async paste(text) {
    await this.page.evaluate((text) => {
      const field = document.querySelector("#text");
      field.focus();
      field.value = text;
      field.dispatchEvent(new InputEvent("input", { inputType: "insertFromPaste", data: text, bubbles: true }));
    }, text);
    await this.page.press("Enter");
  }

  /** What a part of the page says. */
  text(selector) {
    return this.page.evaluate((place) => document.querySelector(place)?.textContent ?? "", selector);
  }

  /** What stands in the field. */
  draft() {
    return this.page.evaluate(() => document.querySelector("#text").value);
  }

  /** Opens the menu of the message at `offset` and does what it offers: `reply`, `edit`, `delete`, `report`, `mute` or `ban`. */
  async do(deed, offset) {
    await this.openMenu(offset);
    await this.page.click(`#message-menu [data-do="${deed}"]`);
  }

  /** Opens the menu of the message at `offset`. By its button's own click, since a message may move while others are added. */
  async openMenu(offset) {
    await eventually(async () => {
      const open = await this.page.evaluate((offset) => {
        document.querySelector(`#messages > [data-offset="${offset}"] .more`)?.click();
        return document.querySelector("#message-menu").open;
      }, offset);
      assert.ok(open, `${this.page.engine}: no menu at ${offset}`);
    });
  }

  async react(offset, emoji) {
    await this.openMenu(offset);
    await this.page.click(`#message-menu [data-emoji="${emoji}"]`);
  }

  /** Answers what is asked before something is done. */
  async confirm({ reason, seconds } = {}) {
    if (reason !== undefined) await this.page.type("#ask-reason", reason);
    if (seconds !== undefined) {
      await this.page.evaluate((seconds) => {
        document.querySelector("#ask-time").value = seconds;
      }, String(seconds));
    }
    await this.page.click("#ask-do");
    await eventually(async () => {
      const seen = await this.page.evaluate(() => [
        document.querySelector("#ask").open,
        document.querySelector("#ask-problem").textContent,
      ]);
      assert.deepEqual(seen, [false, ""], this.page.engine);
    });
  }

  /** What a reader sees of each message besides who said it. */
  seen() {
    return this.page.evaluate(() =>
      [...document.querySelectorAll("#messages > .message")].map((message) => {
        const reactions = [...message.querySelectorAll(".reaction")].map((one) => one.textContent).sort();
        const quoted = message.querySelector(".answered .quoted")?.textContent;
        return {
          text: message.querySelector(".text").textContent,
          deleted: message.classList.contains("deleted"),
          edited: message.querySelector(".edited") !== null,
          ...(reactions.length > 0 && { reactions }),
          ...(quoted !== undefined && { quoted }),
        };
      }),
    );
  }

  /** The names of who is here. */
  people() {
    return this.page.evaluate(() =>
      [...document.querySelectorAll("#people > [data-name]")].map((one) => one.dataset.name),
    );
  }

  /** Every message on the page, from top to bottom. */
  messages() {
    return this.page.evaluate(() =>
      [...document.querySelectorAll("#messages > .message")].map((message) => ({
        offset: Number(message.dataset.offset),
        author: message.querySelector(".author").textContent,
        text: message.querySelector(".text").textContent,
        own: message.classList.contains("own"),
        state: message.dataset.state,
      })),
    );
  }

  /** What the page's auditor has counted. */
  violations() {
    return this.page.evaluate(() => ({ ...document.querySelector("#audit").dataset }));
  }

  async texts() {
    return (await this.messages()).map(({ text }) => text);
  }

  /** What the page says of the connection: the state for scripts, the word and the warning for people. */
  connection() {
    return this.page.evaluate(() => ({
      state: document.body.dataset.connection,
      word: document.querySelector("#connection").innerText.trim(),
      warned: document.querySelector("#trouble").checkVisibility(),
    }));
  }

  /** Waits until the page says that it is connected, and misses nothing. */
  async isConnected(word = /^(Connected|연결됨)$/) {
    await eventually(async () => {
      const connection = await this.connection();
      assert.equal(connection.state, "live", this.page.engine);
      assert.match(connection.word, word, this.page.engine);
      assert.equal(connection.warned, false, this.page.engine);
    });
  }

  /** Comes back as an impatient person does: after a long time without a server the page would wait for up to 30 s. */
  async comesBack() {
    await eventually(async () => {
      await this.page.evaluate(() => document.querySelector("#try-now:not([hidden])")?.click());
      assert.equal((await this.connection()).state, "live", this.page.engine);
    });
    await this.isConnected();
  }

  /** Waits until the page says that the connection is lost. */
  async isDisconnected() {
    await eventually(async () => {
      const connection = await this.connection();
      assert.ok(["waiting", "connecting"].includes(connection.state), `${this.page.engine}: ${connection.state}`);
      assert.equal(connection.warned, true, this.page.engine);
    });
  }

  /** Waits until the messages are carried by `websocket`, `polling`, `long-polling` or `sse`. */
  async isCarriedBy(carrier) {
    await eventually(async () => {
      assert.equal(await this.page.evaluate(() => document.body.dataset.carrier), carrier, this.page.engine);
    });
  }

  /** Waits until the page shows exactly these texts, in this order. */
  async shows(texts) {
    await eventually(async () => assert.deepEqual(await this.texts(), texts, this.page.engine));
  }
}

/** Waits until all show the same stored messages in the order of their numbers, and these texts in any order. */
export async function allShow(chats, texts) {
  await eventually(async () => {
    const lists = await Promise.all(chats.map((chat) => chat.messages()));
    lists.forEach((list, place) => {
      const { engine } = chats[place].page;
      assert.deepEqual(list.map(({ text }) => text).sort(), [...texts].sort(), engine);
      assert.deepEqual(
        list.map(({ offset }) => offset),
        list.map((_, index) => index + 1),
        `${engine}: numbers`,
      );
      assert.ok(
        list.every(({ state }) => state === "sent"),
        `${engine}: not all are sent`,
      );
      assert.deepEqual(
        list.map(({ text }) => text),
        lists[0].map(({ text }) => text),
        `${engine}: order`,
      );
    });
  });
}

/** Fails if the auditor of any page has found anything wrong with what it was sent. */
export async function noneAudited(chats) {
  for (const chat of chats) {
    const nothing = { gap: "0", duplicate: "0", order: "0", echo: "0" };
    assert.deepEqual(await chat.violations(), nothing, chat.page.engine);
  }
}
