// @vitest-environment happy-dom
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { readChoice, roomHref } from "../src/chat/choice";
import { plainWay } from "../src/chat/plain-way";
import { socketIoWay } from "../src/chat/socketio-way";
import type { LineEvents } from "../src/chat/way";
import { textsOf } from "../src/i18n/texts";
import type { SocketEvents } from "../src/net/socket";
import { type Io, loadSocketIo, type SocketIoEvents, socketIoConnector } from "../src/net/socketio";
import { WaySwitch } from "../src/view/way-switch";

/** A line's reports, one word each. */
function diary(): { events: LineEvents; said: unknown[] } {
  const said: unknown[] = [];
  const events: LineEvents = {
    opened: () => said.push("opened"),
    received: (message) => said.push(message),
    carriedBy: (carrier) => said.push(`carried by ${carrier}`),
    resting: (resting) => said.push(resting ? "resting" : "awake"),
    closed: (end) => said.push(`closed ${end?.code ?? null}`),
  };
  return { events, said };
}

describe("the plain way", () => {
  function open() {
    const { events, said } = diary();
    const sent: string[] = [];
    const close = vi.fn();
    let url = "";
    let socket: SocketEvents | undefined;
    const line = plainWay("ws://127.0.0.1:3000", "마당", (to, reports) => {
      url = to;
      socket = reports;
      return { send: (text) => sent.push(text), close };
    })(events);
    if (socket === undefined) throw new Error("not connected");
    return { line, said, sent, close, url, socket };
  }

  it("leads to the room's address, and says messages as they are", () => {
    const { line, said, sent, url, socket, close } = open();
    expect(url).toBe("ws://127.0.0.1:3000/ws/%EB%A7%88%EB%8B%B9");
    socket.opened();
    line.send({ type: "join", name: "Kim" });
    expect(sent).toEqual(['{"type":"join","name":"Kim"}']);
    socket.received('{"type":"left","name":"Lee"}');
    socket.received("what?");
    expect(said).toEqual(["carried by websocket", "opened", { type: "left", name: "Lee" }, null]);
    line.close();
    expect(close).toHaveBeenCalledOnce();
  });

  it("ends for good only where there is no room", () => {
    const { said, socket } = open();
    socket.closed(1006);
    socket.closed(4404);
    expect(said).toEqual(["closed null", "closed room_invalid"]);
  });
});

describe("the way over Socket.IO", () => {
  function open() {
    const { events, said } = diary();
    const sent: { event: string; data: object; answered: ((answer: unknown) => void) | undefined }[] = [];
    const close = vi.fn();
    let socket: SocketIoEvents | undefined;
    const line = socketIoWay("lobby", (reports) => {
      socket = reports;
      return { emit: (event, data, answered) => sent.push({ event, data, answered }), close };
    })(events);
    if (socket === undefined) throw new Error("not connected");
    return { line, said, sent, close, socket };
  }

  it("names events after the type, and says in the join which room", () => {
    const { line, sent } = open();
    line.send({ type: "join", name: "Kim", session: "s" });
    line.send({ type: "send", client_id: "a", text: "hi" });
    line.send({ type: "history", limit: 50 });
    line.send({ type: "typing", active: true });
    expect(sent.map(({ event, data }) => [event, data])).toEqual([
      ["join", { room: "lobby", name: "Kim", session: "s" }],
      ["send", { client_id: "a", text: "hi" }],
      ["history", { limit: 50 }],
      ["typing", { active: true }],
    ]);
    expect(sent.map(({ answered }) => answered !== undefined)).toEqual([true, true, true, false]);
  });

  it("hears events and answers as the same messages, and skips what is none", () => {
    const { line, said, sent, socket } = open();
    socket.received("left", { name: "Lee" });
    socket.received("left", { type: "joined", name: "Lee" });
    socket.received("left", null);
    socket.received("left", "Lee");
    socket.received("new_kind", {});
    line.send({ type: "send", client_id: "a", text: "hi" });
    sent[0]?.answered?.({ type: "ack", client_id: "a", offset: 1, epoch: "e", at: 2 });
    sent[0]?.answered?.(undefined);
    expect(said).toEqual([
      { type: "left", name: "Lee" },
      { type: "left", name: "Lee" },
      null,
      null,
      null,
      { type: "ack", client_id: "a", offset: 1, epoch: "e", at: 2 },
      null,
    ]);
  });

  it("tells what carries it and when it ends", () => {
    const { line, said, socket, close } = open();
    socket.carriedBy("polling");
    socket.opened();
    socket.carriedBy("websocket");
    socket.closed();
    expect(said).toEqual(["carried by polling", "opened", "carried by websocket", "closed null"]);
    line.close();
    expect(close).toHaveBeenCalledOnce();
  });
});

describe("a connection by the official client", () => {
  /** As much of the client as is used. */
  class FakeSocket {
    connected = false;
    readonly emitted: unknown[][] = [];
    readonly disconnect = vi.fn();
    readonly #listeners = new Map<string, (...args: unknown[]) => void>();
    readonly io = {
      engine: {
        transport: { name: "polling" },
        on: (event: string, listener: (...args: unknown[]) => void) => void this.#listeners.set(event, listener),
      },
    };
    on(event: string, listener: () => void) {
      this.#listeners.set(event, listener);
    }
    onAny(listener: (...args: unknown[]) => void) {
      this.#listeners.set("*", listener);
    }
    emit(...args: unknown[]) {
      this.emitted.push(args);
    }
    happen(event: string, ...args: unknown[]) {
      this.#listeners.get(event)?.(...args);
    }
  }

  function setUp(transport: "default" | "websocket" | "polling" = "default") {
    const socket = new FakeSocket();
    const io = vi.fn(() => socket);
    const said: unknown[] = [];
    const events: SocketIoEvents = {
      opened: () => said.push("opened"),
      received: (event, data) => said.push([event, data]),
      carriedBy: (name) => said.push(name),
      closed: () => said.push("closed"),
    };
    let answer: { resolve: (io: Io) => void; reject: (error: Error) => void } | undefined;
    const load = () => new Promise<Io>((resolve, reject) => (answer = { resolve, reject }));
    const connection = socketIoConnector("http://127.0.0.1:3000", transport, load)(events);
    return {
      socket,
      io,
      said,
      connection,
      loaded: async () => {
        answer?.resolve(io as unknown as Io);
        await Promise.resolve();
        await Promise.resolve();
      },
      missing: async () => {
        answer?.reject(new Error("no such file"));
        await Promise.resolve();
        await Promise.resolve();
      },
    };
  }

  it.each([
    ["default", {}],
    ["websocket", { transports: ["websocket"] }],
    ["polling", { transports: ["polling"] }],
  ] as const)("uses the transports of the choice %s, and never comes back by itself", async (transport, options) => {
    const { io, loaded } = setUp(transport);
    await loaded();
    expect(io).toHaveBeenCalledWith("http://127.0.0.1:3000", {
      reconnection: false,
      forceNew: true,
      withCredentials: true,
      ...options,
    });
  });

  it("reports what happens to it, and what carries it", async () => {
    const { socket, said, loaded, connection } = setUp();
    connection.emit("too", { early: true });
    await loaded();
    connection.emit("too", { early: true });
    socket.connected = true;
    socket.happen("connect");
    socket.happen("*", "left", { name: "Lee" });
    socket.happen("upgrade", { name: "websocket" });
    const answered = () => {};
    connection.emit("send", { text: "hi" }, answered);
    connection.emit("typing", { active: true });
    socket.happen("disconnect");
    expect(said).toEqual(["polling", "opened", ["left", { name: "Lee" }], "websocket", "closed"]);
    expect(socket.emitted).toEqual([
      ["send", { text: "hi" }, answered],
      ["typing", { active: true }],
    ]);
  });

  it("fails once, whatever fails, and lets the socket go", async () => {
    const { socket, said, loaded } = setUp();
    await loaded();
    socket.happen("connect_error");
    socket.happen("disconnect");
    expect(said).toEqual(["closed"]);
    expect(socket.disconnect).toHaveBeenCalledOnce();
  });

  it("fails when the client can't be had", async () => {
    const { said, missing } = setUp();
    await missing();
    await vi.waitFor(() => expect(said).toEqual(["closed"]));
  });

  it("says nothing once it's closed, and opens nothing if it was closed before", async () => {
    const open = setUp();
    await open.loaded();
    open.connection.close();
    open.socket.happen("disconnect");
    expect(open.socket.disconnect).toHaveBeenCalled();
    expect(open.said).toEqual([]);

    const early = setUp();
    early.connection.close();
    await early.loaded();
    expect(early.io).not.toHaveBeenCalled();
  });
});

describe("the official client's script", () => {
  it("is loaded once, and again after a failure", async () => {
    document.head.replaceChildren();
    const scripts = () => [...document.head.querySelectorAll("script")];
    // Nothing is fetched here: the test says how it went.
    const appended: HTMLScriptElement[] = [];
    const append = vi.spyOn(document.head, "append").mockImplementation((...nodes) => {
      appended.push(...(nodes as HTMLScriptElement[]));
    });
    const load = loadSocketIo("http://127.0.0.1:3000/socket.io/socket.io.min.js");
    const first = load();
    expect(load()).toBe(first);
    expect(appended.map((script) => script.src)).toEqual(["http://127.0.0.1:3000/socket.io/socket.io.min.js"]);
    appended[0]?.dispatchEvent(new Event("error"));
    await expect(first).rejects.toThrow("can't be loaded");

    const second = load();
    const io = () => {};
    Object.assign(globalThis, { io });
    appended[1]?.dispatchEvent(new Event("load"));
    await expect(second).resolves.toBe(io);
    expect(load()).toBe(second);
    expect(appended).toHaveLength(2);
    append.mockRestore();
    expect(scripts()).toEqual([]);
  });
});

describe("the choice of a way", () => {
  it.each([
    ["", { via: "websocket", transport: "default" }, "/chat?room=a"],
    ["via=socketio", { via: "socketio", transport: "default" }, "/chat?room=a&via=socketio"],
    [
      "via=socketio&transport=polling",
      { via: "socketio", transport: "polling" },
      "/chat?room=a&via=socketio&transport=polling",
    ],
    ["via=sse", { via: "sse", transport: "default" }, "/chat?room=a&via=sse"],
    ["via=long-polling", { via: "long-polling", transport: "default" }, "/chat?room=a&via=long-polling"],
    ["via=polling", { via: "polling", transport: "default" }, "/chat?room=a&via=polling"],
    ["via=carrier-pigeon&transport=wing", { via: "websocket", transport: "default" }, "/chat?room=a"],
  ] as const)("is in the address: %s", (query, choice, href) => {
    expect(readChoice(new URLSearchParams(query))).toEqual(choice);
    expect(roomHref("a", choice)).toBe(href);
  });

  it("keeps the room's name", () => {
    expect(roomHref("마당-1")).toBe("/chat?room=%EB%A7%88%EB%8B%B9-1");
  });

  describe("on the page", () => {
    beforeEach(() => {
      const html = readFileSync(join(import.meta.dirname, "../../server/templates/chat.html"), "utf8");
      document.body.innerHTML = html.split("{% block body %}")[1]?.replace(/\{%.*?%\}/g, "") ?? "";
    });
    const links = (list: string) =>
      [...document.querySelectorAll(`#${list} a`)].map((link) => [
        link.getAttribute("href"),
        link.getAttribute("aria-current"),
      ]);

    it("marks the present one and leads to the others", () => {
      new WaySwitch("a", { via: "socketio", transport: "polling" }, textsOf("en"));
      expect(links("via")).toEqual([
        ["/chat?room=a", null],
        ["/chat?room=a&via=socketio&transport=polling", "true"],
        ["/chat?room=a&via=sse", null],
        ["/chat?room=a&via=long-polling", null],
        ["/chat?room=a&via=polling", null],
      ]);
      expect(links("transports")).toEqual([
        ["/chat?room=a&via=socketio", null],
        ["/chat?room=a&via=socketio&transport=websocket", null],
        ["/chat?room=a&via=socketio&transport=polling", "true"],
      ]);
      expect(document.querySelector<HTMLElement>("#transports")?.hidden).toBe(false);
    });

    it("shows no transports where there is only one", () => {
      new WaySwitch("a", { via: "websocket", transport: "default" }, textsOf("ko"));
      expect(document.querySelector<HTMLElement>("#transports")?.hidden).toBe(true);
    });

    it.each(["websocket", "socketio", "sse", "long-polling", "polling"] as const)(
      "hides what %s can't do, and says so",
      (via) => {
        new WaySwitch("a", { via, transport: "default" }, textsOf("en"));
        const knows = via === "websocket" || via === "socketio";
        expect(document.querySelector<HTMLElement>("#people-section")?.hidden).toBe(!knows);
        expect(document.querySelector<HTMLElement>("#way-alone")?.hidden).toBe(knows);
      },
    );

    it("says what carries the messages", () => {
      const view = new WaySwitch("a", { via: "socketio", transport: "default" }, textsOf("en"));
      view.show("polling");
      expect(document.querySelector("#carrier")?.textContent).toBe("Now over Polling");
      expect(document.body.dataset.carrier).toBe("polling");
      view.show("long-polling");
      expect(document.querySelector("#carrier")?.textContent).toBe("Now over Long-polling");
      view.show(null);
      expect(document.querySelector("#carrier")?.textContent).toBe("Not connected");
      expect(document.body.dataset.carrier).toBeUndefined();
    });
  });
});
