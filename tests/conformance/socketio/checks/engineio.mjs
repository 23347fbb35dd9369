// What every version of engine.io-client must be able to do with the server that echoes, over every transport.
import { noise } from "./client.mjs";
import { ok, plain, same, within } from "./report.mjs";

const TEXT = "안녕하세요 😀 ñ";
const TEXTS = ["", "x", TEXT, "\u0000\u001f", "2probe", "b4AAAA", "6:4x", '{"a":"\\n"}', "\\n\\\\n\n", "𝄞".repeat(70_000)];
const SIZES = [0, 1, 9, 10, 99, 125, 126, 127, 65_535, 65_536];
const MEGABYTE = 1_048_576;

/** One session, with everything that arrives kept until it is taken. */
class Session {
  #arrived = [];
  #waiting = [];
  closed = false;

  constructor({ io, url, transport }, options = {}) {
    this.engine = io(url, {
      path: "/engine.io",
      transports: transport === "upgrade" ? ["polling", "websocket"] : [transport],
      ...options,
    });
    this.opened = new Promise((resolve, reject) => {
      this.engine.once("open", resolve);
      this.engine.once("error", reject);
    });
    // Who waits for neither isn't told.
    this.opened.catch(() => {});
    this.upgraded = new Promise((resolve) => this.engine.once("upgrade", resolve));
    this.ended = new Promise((resolve) => this.engine.once("close", (reason) => resolve(reason)));
    this.ended.then(() => (this.closed = true));
    this.engine.on("message", (given) => {
      // The clients say undefined of an empty text.
      const message = given ?? "";
      const waiting = this.#waiting.shift();
      if (waiting) waiting(plain(message));
      else this.#arrived.push(plain(message));
    });
  }

  take() {
    if (this.#arrived.length > 0) return Promise.resolve(this.#arrived.shift());
    return within(new Promise((resolve) => this.#waiting.push(resolve)), "waiting for a message");
  }

  get count() {
    return this.#arrived.length;
  }
}

/**
 * @param {import("./report.mjs").Report} report
 * @param {import("./client.mjs").Setting} setting whose `io` makes an Engine.IO session
 */
export async function engineIo(report, setting) {
  const { transport, version, binary } = setting;
  const session = new Session(setting);
  const { engine } = session;
  const wrap = (message) => (message instanceof Uint8Array ? binary(message) : message);

  const opened = await report.check("open", async () => {
    await within(session.opened, "open");
    ok(/^[\w-]{16,}$/.test(engine.id), `the id is ${engine.id}`);
    same(engine.transport.name, transport === "websocket" ? "websocket" : "polling", "the transport");
  });
  if (!opened) throw new Error("no connection to go on with");
  if (transport === "upgrade") {
    await report.check("1,000 messages in order while it upgrades", async () => {
      const sent = Array.from({ length: 1000 }, (_, index) => (index % 40 === 39 ? noise(index) : `${index}`));
      let upgraded = false;
      session.upgraded.then(() => (upgraded = true));
      const send = async () => {
        for (const one of sent) {
          engine.send(wrap(one));
          // One by one, so that some go by polling, some wait for the upgrade, and some go after it.
          if (Number(one) % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
        }
      };
      const received = [];
      await Promise.all([
        send(),
        (async () => {
          for (const _ of sent) received.push(await session.take());
        })(),
      ]);
      same(received, sent);
      await within(session.upgraded, "the upgrade");
      ok(upgraded && engine.transport.name === "websocket", "not upgraded");
      same(session.count, 0, "doubles");
    });
  }
  await report.check("text and unicode", async () => {
    // Protocol 4's payloads can't say the character that separates their packets.
    const texts = version >= 4 && transport !== "websocket" ? TEXTS : [...TEXTS, "\u001e"];
    for (const text of texts) {
      engine.send(text);
      same(await session.take(), text);
    }
  });
  await report.check("binary of every size", async () => {
    for (const size of SIZES) {
      engine.send(binary(noise(size)));
      same(await session.take(), noise(size));
    }
  });
  await report.check("1 MB of binary and of text", async () => {
    engine.send(binary(noise(MEGABYTE)));
    same(await session.take(), noise(MEGABYTE));
    const text = TEXT.repeat(MEGABYTE / 32);
    engine.send(text);
    same(await session.take(), text);
  });
  await report.check("1,000 messages in order, binary among them", async () => {
    const sent = Array.from({ length: 1000 }, (_, index) => (index % 7 === 6 ? noise(index) : `${TEXT} ${index}`));
    for (const one of sent) engine.send(wrap(one));
    for (const one of sent) same(await session.take(), one);
    same(session.count, 0, "doubles");
  });
  await report.check("alive after three heartbeats", async () => {
    for (let beat = 0; beat < 3; beat++) await within(new Promise((resolve) => engine.once("pong", resolve)), "a heartbeat");
    engine.send("alive");
    same(await session.take(), "alive");
    ok(!session.closed, "closed");
  });
  await report.check("the client closes", async () => {
    engine.send("before");
    engine.close();
    same(await within(session.ended, "close"), "forced close");
  });
  await report.check("the server closes", async () => {
    const other = new Session(setting);
    await within(other.opened, "open");
    if (transport === "upgrade") await within(other.upgraded, "upgrade");
    other.engine.send("last");
    other.engine.send("close me");
    same(await other.take(), "last");
    same(await within(other.ended, "close"), "transport close");
  });
  await report.check("a session that isn't there is refused, with its status", () => refused(setting, { sid: "unknown" }, 400));
  const forbidden = transport === "websocket" ? /40[03]/ : /403/;
  await report.check("a forbidden handshake is refused, with its status", () => refused(setting, { refuse: "yes" }, forbidden));
  if (version < 4) {
    await report.check("polling without binary (b64)", async () => {
      const other = new Session(setting, { forceBase64: true });
      await within(other.opened, "open");
      // Version 1 encodes text as UTF-8 twice over polling and once over WebSocket: what goes out by one and comes back by the other differs.
      const text = version < 2 && transport === "upgrade" ? "plain" : TEXT;
      const sent = [noise(70), text, noise(3000), noise(0)];
      for (const message of sent) other.engine.send(wrap(message));
      for (const message of sent) same(await other.take(), message);
      other.engine.close();
    });
  }
}

async function refused(setting, query, status) {
  const session = new Session(setting, { query });
  const error = await within(
    session.opened.then(
      () => "open",
      (error) => error,
    ),
    "the refusal",
  );
  const { description } = error;
  const said = `${typeof description === "object" ? (description?.message ?? description?.error?.message) : description}`;
  ok(new RegExp(status).test(said), `${error.message ?? error}: ${said}`);
  session.engine.close();
}
