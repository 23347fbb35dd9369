// One Socket.IO socket of any version of socket.io-client, with what versions do differently told apart here only.
import { within } from "./report.mjs";

/** Every event that the server under test emits. */
const EVENTS = ["welcome", "echo", "called", "answered", "broadcast", "volatile", "gone"];

/**
 * @typedef {object} Setting
 * @property {Function} io `socket.io-client`'s main export
 * @property {number} version its number, as 4.8
 * @property {string} url the server
 * @property {string} control of the proxies
 * @property {"polling" | "websocket" | "upgrade"} transport
 * @property {object} [options] for every socket
 * @property {(bytes: Uint8Array) => unknown} binary wraps bytes as this version wants them
 * @property {boolean} [msgpack]
 * @property {number} [crowd] how many clients are many
 */

export class Client {
  /** What arrived and was not taken yet, by event. */
  #arrived = new Map();
  #waiting = new Map();
  /** Answers a call of the server's (`called`); the default sends the arguments back in reverse. */
  answer = (args, reply) => reply(...args.reverse());

  /**
   * @param {Setting} setting
   * @param {string} [namespace]
   * @param {object} [options]
   */
  constructor(setting, namespace = "/", options = {}) {
    this.setting = setting;
    const { io, transport, version } = setting;
    const { url = setting.url, manager, auth, query, ...others } = options;
    // Socket.IO 2 has no auth: what belongs to a namespace goes into its name's query.
    const suffix = version < 3 && auth ? `?${new URLSearchParams(auth)}` : "";
    const name = namespace === "/" && !suffix ? "" : namespace + suffix;
    // With a manager, the socket is one more namespace of that connection.
    this.socket = manager?.socket(namespace + suffix, { auth }) ?? io(url + name, {
      transports: transport === "upgrade" ? ["polling", "websocket"] : [transport],
      forceNew: true,
      reconnectionDelay: 50,
      reconnectionDelayMax: 100,
      timeout: 10_000,
      ...(version >= 3 && auth && { auth }),
      ...(query && { query }),
      ...setting.options,
      ...others,
    });
    this.#listen();
  }

  #listen() {
    const push = (event, args) => {
      const waiting = this.#waiting.get(event)?.shift();
      if (waiting) waiting(args);
      else this.#arrived.set(event, [...(this.#arrived.get(event) ?? []), args]);
    };
    for (const event of EVENTS) {
      this.socket.on(event, (...args) => {
        const reply = event === "called" && typeof args.at(-1) === "function" ? args.pop() : null;
        push(event, args);
        if (reply) this.answer([...args], reply);
      });
    }
    this.socket.on("connect", () => push("connect", []));
    this.socket.on("disconnect", (reason) => push("disconnect", [reason]));
    // Socket.IO 2 says `error` of a refused namespace, with the packet's data for an argument; `connect_error` is the connection's.
    this.socket.on(this.setting.version < 3 ? "error" : "connect_error", (error) => push("refused", [error]));
  }

  /** The engine below, of which `transport.name` tells how it goes. */
  get engine() {
    return this.socket.io.engine;
  }

  get id() {
    return this.socket.id;
  }

  /** The arguments of the next such event, or of one that was there already. */
  take(event) {
    const [first, ...rest] = this.#arrived.get(event) ?? [];
    if (first) {
      this.#arrived.set(event, rest);
      return Promise.resolve(first);
    }
    const next = new Promise((resolve) => this.#waiting.set(event, [...(this.#waiting.get(event) ?? []), resolve]));
    return within(next, `waiting for ${event}`);
  }

  /** How many of the event are there and not taken. */
  count(event) {
    return this.#arrived.get(event)?.length ?? 0;
  }

  /** Everything of the event that is there and not taken. */
  all(event) {
    const there = this.#arrived.get(event) ?? [];
    this.#arrived.delete(event);
    return there;
  }

  emit(event, ...args) {
    this.socket.emit(event, ...args);
  }

  /** Emits with an acknowledgement, and returns its arguments. */
  ask(event, ...args) {
    return within(
      new Promise((resolve) => this.socket.emit(event, ...args, (...answer) => resolve(answer))),
      `acknowledgement of ${event}`,
    );
  }

  /** Connected, and upgraded when it should be. */
  async ready() {
    const outcome = await within(
      Promise.race([
        this.take("connect"),
        new Promise((_, reject) => {
          const event = this.setting.version < 3 ? "error" : "connect_error";
          this.socket.once(event, (error) => reject(new Error(`refused: ${error?.message ?? JSON.stringify(error)}`)));
        }),
      ]),
      "connect",
    );
    if (this.setting.transport === "upgrade") await this.upgraded();
    return outcome;
  }

  async upgraded() {
    const { engine } = this;
    if (engine.transport.name === "websocket") return;
    await within(new Promise((resolve) => engine.once("upgrade", resolve)), "upgrade");
  }

  /** The reason of the disconnect. */
  async disconnected() {
    return (await this.take("disconnect"))[0];
  }

  close() {
    // Off first: in Socket.IO 1 and 2 a socket that never connected would keep reconnecting.
    this.socket.io.reconnection(false);
    this.socket.disconnect();
    this.socket.io.engine?.close();
  }
}

/** Runs `use` with sockets, and closes them whatever happens. */
export async function using(clients, use) {
  try {
    return await use(...clients);
  } finally {
    for (const client of clients) client.close();
  }
}

/** A proxy before the server, as proxy.mjs has them. */
export class Line {
  #control;
  #id;

  static async to(setting, target = setting.url) {
    const line = new Line();
    line.#control = setting.control;
    const answer = await fetch(`${setting.control}/?target=${encodeURIComponent(target)}`, { method: "POST" });
    const { id, url } = await answer.json();
    line.#id = id;
    line.url = url;
    return line;
  }

  /** @param {"drop" | "refuse" | "accept" | "hold" | "release" | "gather" | "scatter"} action */
  async tell(action) {
    await fetch(`${this.#control}/${this.#id}/${action}`, { method: "POST" });
  }

  async close() {
    await fetch(`${this.#control}/${this.#id}`, { method: "DELETE" });
  }
}

/** Runs `use` with a line to the server, and closes it whatever happens. */
export async function overLine(setting, use) {
  const line = await Line.to(setting);
  try {
    return await use(line);
  } finally {
    await line.close();
  }
}

let names = 0;
/** A room's name that nobody else has. */
export function fresh(what) {
  return `${what}-${Math.random().toString(36).slice(2)}-${++names}`;
}

/** Bytes that are the same every time and have no pattern of a short length. */
export function noise(length) {
  const bytes = new Uint8Array(length);
  let state = 0x9e3779b9 ^ length;
  for (let index = 0; index < length; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
