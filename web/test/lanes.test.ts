import { describe, expect, it, vi } from "vitest";
import type { LaneEvents, LaneSite } from "../src/lab/lane";
import { openPolling } from "../src/lab/polling";
import { openSocketIo, openWebSocket } from "../src/lab/sockets";
import { openSse, type StreamEvents } from "../src/lab/sse";
import type { SocketEvents } from "../src/net/socket";
import type { SocketIoEvents } from "../src/net/socketio";
import { VirtualClock } from "./virtual-clock";

function setting() {
  const clock = new VirtualClock();
  const site: LaneSite = { http: "http://line", ws: "ws://line", room: "lab-1", clock, random: () => 0 };
  const said: unknown[] = [];
  const events: LaneEvents = {
    state: (state) => said.push(state),
    position: ({ offset }) => said.push(`at ${offset}`),
    heard: ({ offset }) => said.push(offset),
    noNews: () => said.push("no news"),
    carriedBy: (carrier) => said.push(`by ${carrier}`),
  };
  /** What was reported since the last time. */
  const heard = () => said.splice(0);
  return { clock, site, events, heard };
}

/** Promises that are ready have been heard. */
const settle = () => new Promise((done) => setTimeout(done));
const page = (offset: number, offsets: number[] = [], more = false) => ({
  status: 200,
  body: { offset, epoch: "e", more, messages: offsets.map((one) => ({ offset: one, text: "" })) },
});

describe("polling", () => {
  function open(answers: unknown[], interval: (() => number) | null) {
    const { clock, site, events, heard } = setting();
    const asked: string[] = [];
    const lane = openPolling(
      site,
      async (url) => {
        asked.push(url.replace("http://line/api/rooms/lab-1/messages?", ""));
        const answer = answers.shift();
        if (answer === undefined) throw new Error("no connection");
        return answer as { status: number; body: unknown };
      },
      events,
      interval,
    );
    return { clock, heard, asked, lane };
  }

  it("asks where the room stands, then for what follows, at its interval", async () => {
    const { clock, heard, asked } = open([page(3), page(3), page(5, [4, 5])], () => 1000);
    await settle();
    expect(heard()).toEqual(["connecting", "at 3", "live"]);
    clock.advance(0);
    await settle();
    expect(heard()).toEqual(["no news", "live"]);
    clock.advance(999);
    expect(asked).toHaveLength(2);
    clock.advance(1);
    await settle();
    expect(heard()).toEqual([4, 5, "live"]);
    expect(asked).toEqual(["limit=1", "after=3&epoch=e&limit=200", "after=3&epoch=e&limit=200"]);
  });

  it("asks at once for what didn't fit into an answer", async () => {
    const { clock, heard, asked } = open([page(0), page(1, [1], true), page(2, [2])], () => 1000);
    for (let turn = 0; turn < 3; turn += 1) {
      await settle();
      clock.advance(0);
    }
    expect(heard()).toEqual(["connecting", "at 0", "live", 1, "live", 2, "live"]);
    expect(asked.at(-1)).toContain("after=1");
  });

  it("waits at the server when it is long-polling, and asks again at once", async () => {
    const { clock, heard, asked } = open([page(0), page(1, [1]), page(1)], null);
    for (let turn = 0; turn < 3; turn += 1) {
      await settle();
      clock.advance(0);
    }
    expect(asked.slice(1)).toEqual(["after=0&epoch=e&limit=200&wait=25s", "after=1&epoch=e&limit=200&wait=25s"]);
    expect(heard().slice(3)).toEqual([1, "live", "no news", "live"]);
    // Not at once after an answer without news: the server may not be waiting.
    expect(clock.pendingTimers).toBe(1);
  });

  it("comes back after a cut, where it was", async () => {
    const { clock, heard, asked } = open([page(7)], () => 1000);
    await settle();
    clock.advance(0);
    await settle();
    expect(heard().slice(-1)).toEqual(["waiting"]);
    clock.advance(500);
    await settle();
    expect(asked.at(-1)).toContain("after=7");
  });

  it("goes on from where it can when the history doesn't reach back", async () => {
    const lost = { status: 410, body: { code: "position_lost", offset: 90, epoch: "f", oldest: 40 } };
    const { clock, heard, asked } = open([page(7), lost, page(91, [91])], () => 1000);
    for (let turn = 0; turn < 3; turn += 1) {
      await settle();
      clock.advance(0);
    }
    expect(heard().slice(3)).toEqual(["at 90", "live", 91, "live"]);
    expect(asked.at(-1)).toBe("after=90&epoch=f&limit=200");
  });

  it("says nothing more once it is closed", async () => {
    const { clock, heard, lane } = open([page(1)], () => 1000);
    lane.close();
    await settle();
    expect(heard()).toEqual(["connecting"]);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe("SSE", () => {
  function open() {
    const { clock, site, events, heard } = setting();
    const opened: { url: string; stream: StreamEvents; close: () => void }[] = [];
    const lane = openSse(
      site,
      (url, _, stream) => {
        const close = vi.fn();
        opened.push({ url, stream, close });
        return { close };
      },
      events,
    );
    return { clock, heard, opened, lane };
  }

  it("reports what the stream says", () => {
    const { heard, opened } = open();
    opened[0]?.stream.opened();
    opened[0]?.stream.received("position", '{"offset":2,"epoch":"e"}');
    opened[0]?.stream.received("message", '{"offset":3,"text":""}');
    opened[0]?.stream.received("lost", '{"offset":9,"epoch":"e","oldest":5}');
    opened[0]?.stream.received("message", "what?");
    expect(heard()).toEqual(["connecting", "live", "at 2", 3, "at 9"]);
    expect(opened[0]?.url).toBe("http://line/api/rooms/lab-1/events");
  });

  it("leaves coming back to the browser, unless that has given up", () => {
    const { clock, heard, opened } = open();
    opened[0]?.stream.received("position", '{"offset":2,"epoch":"e"}');
    opened[0]?.stream.received("message", '{"offset":3,"text":""}');
    opened[0]?.stream.failed(false);
    expect(clock.pendingTimers).toBe(0);
    opened[0]?.stream.failed(true);
    clock.advance(500);
    expect(opened[0]?.close).toHaveBeenCalled();
    expect(opened[1]?.url).toBe("http://line/api/rooms/lab-1/events?after=3&epoch=e");
    expect(heard().slice(-2)).toEqual(["waiting", "waiting"]);
  });

  it("says nothing more once it is closed", () => {
    const { clock, heard, opened, lane } = open();
    lane.close();
    opened[0]?.stream.opened();
    opened[0]?.stream.received("message", '{"offset":3,"text":""}');
    opened[0]?.stream.failed(true);
    expect(heard()).toEqual(["connecting"]);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe("sockets", () => {
  function plain() {
    const { clock, site, events, heard } = setting();
    const sockets: { url: string; sent: unknown[]; events: SocketEvents; close: () => void }[] = [];
    const lane = openWebSocket(
      site,
      (url, reports) => {
        const sent: unknown[] = [];
        const close = vi.fn();
        sockets.push({ url, sent, events: reports, close });
        return { send: (text) => sent.push(JSON.parse(text)), close };
      },
      events,
    );
    return { clock, heard, sockets, lane };
  }

  it("join, hear, and come back where they were", () => {
    const { clock, heard, sockets } = plain();
    const [first] = sockets;
    first?.events.opened();
    expect(first?.url).toBe("ws://line/ws/lab-1");
    expect(first?.sent).toEqual([{ type: "join", name: "lab" }]);
    first?.events.received('{"type":"welcome","offset":4,"epoch":"e"}');
    first?.events.received('{"type":"message","offset":5,"text":""}');
    first?.events.received('{"type":"joined","name":"lab"}');
    expect(heard()).toEqual(["connecting", "at 4", "live", 5]);
    first?.events.closed(1006);
    first?.events.closed(1006);
    clock.advance(500);
    expect(sockets).toHaveLength(2);
    sockets[1]?.events.opened();
    expect(sockets[1]?.sent).toEqual([{ type: "join", name: "lab", after: 5, epoch: "e" }]);
    sockets[1]?.events.received('{"type":"welcome","offset":8,"epoch":"e","recovered":true}');
    sockets[1]?.events.received('{"type":"message","offset":6,"text":""}');
    expect(heard()).toEqual(["waiting", "live", 6]);
  });

  it("begin anew where the history doesn't reach back", () => {
    const { clock, heard, sockets } = plain();
    sockets[0]?.events.received('{"type":"welcome","offset":4,"epoch":"e"}');
    sockets[0]?.events.closed(1006);
    clock.advance(500);
    sockets[1]?.events.received('{"type":"welcome","offset":99,"epoch":"e","recovered":false}');
    expect(heard().slice(-2)).toEqual(["at 99", "live"]);
  });

  it("are closed for good, or after an error until the next attempt", () => {
    const { clock, heard, sockets, lane } = plain();
    sockets[0]?.events.received('{"type":"error","code":"x","message":""}');
    expect(sockets[0]?.close).toHaveBeenCalled();
    expect(heard()).toEqual(["connecting", "waiting"]);
    clock.advance(500);
    lane.close();
    expect(sockets[1]?.close).toHaveBeenCalled();
    sockets[1]?.events.closed(1000);
    sockets[1]?.events.received('{"type":"message","offset":5,"text":""}');
    expect(heard()).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });

  it("say by Socket.IO what carries them, and join by an acknowledged event", () => {
    const { site, events, heard } = setting();
    let socket: SocketIoEvents | undefined;
    const emitted: unknown[] = [];
    openSocketIo(
      site,
      (reports) => {
        socket = reports;
        return {
          emit: (name, data, answered) => {
            emitted.push([name, data]);
            answered?.({ type: "welcome", offset: 1, epoch: "e" });
          },
          close: () => {},
        };
      },
      events,
    );
    socket?.carriedBy("polling");
    socket?.opened();
    socket?.carriedBy("websocket");
    socket?.received("message", { offset: 2, text: "" });
    expect(emitted).toEqual([["join", { room: "lab-1", name: "lab" }]]);
    expect(heard()).toEqual(["connecting", "by polling", "at 1", "live", "by websocket", 2]);
  });
});
