import { beforeEach, describe, expect, it, vi } from "vitest";
import type { FeedEvents } from "../src/scores/feed";
import { eventLine, socketLine } from "../src/scores/lines";
import { type Manner, Polling } from "../src/scores/polling";
import { type LineEvents, type OpenLine, Push } from "../src/scores/push";
import { Relay } from "../src/scores/relay";
import { answer, EPOCH, FakeBack, message, settle, snapshot } from "./scores-samples";
import { VirtualClock } from "./virtual-clock";

let back: FakeBack;
let clock: VirtualClock;
let relay: Relay;
let told: string[];

beforeEach(() => {
  back = new FakeBack();
  clock = new VirtualClock();
  relay = new Relay();
  told = [];
});

const events: FeedEvents = {
  changed: (plays) => told.push(`changed ${plays}`),
  confirmed: () => told.push("confirmed"),
  held: (held) => told.push(held ? "held" : "not held"),
  requested: () => told.push("requested"),
  received: () => {},
  failed: (why) => told.push(why),
};
const place = () => ({ back: "http://b", match: "yard", relay, events });
const ETAG = `"${EPOCH}.3"`;
const full = (more = {}) => answer(200, { body: snapshot(3), etag: ETAG, pollAfter: 5, ...more });

function polling(manner: Partial<Manner> = {}): Polling {
  const feed = new Polling(place(), { wait: 0, interval: 0, ...manner }, back.ask, clock, () => 0);
  feed.start();
  return feed;
}

describe("polling", () => {
  it("asks when the server says, and tells it what it has", async () => {
    polling();
    expect(back.asked[0]).toMatchObject({ url: "http://b/api/scores/yard", request: { headers: {} } });
    await back.answer(full());
    expect([relay.offset, told]).toEqual([3, ["requested", "changed 3", "confirmed"]]);
    clock.advance(4999);
    expect(back.asked).toHaveLength(1);
    clock.advance(1);
    expect(back.asked[1]?.request.headers).toEqual({ "If-None-Match": ETAG });
    await back.answer(answer(304, { pollAfter: 60 }));
    expect(told.slice(3)).toEqual(["requested", "confirmed"]);
    clock.advance(59_999);
    expect(back.asked).toHaveLength(2);
    clock.advance(1);
    expect(back.asked).toHaveLength(3);
  });

  it("asks less often if it's told to, but never more often than the server wants", async () => {
    polling({ interval: 10 });
    await back.answer(full());
    clock.advance(9999);
    expect(back.asked).toHaveLength(1);
    clock.advance(1);
    await back.answer(full({ pollAfter: 30 }));
    clock.advance(29_999);
    expect(back.asked).toHaveLength(2);
  });

  it("asks for nothing once it's stopped, also if an answer still comes", async () => {
    const waiting = polling();
    waiting.stop();
    expect(back.asked[0]?.request.signal?.aborted).toBe(true);
    await back.answer(full());
    expect([relay.offset, clock.pendingTimers]).toEqual([0, 0]);
    const resting = polling();
    await back.answer(full());
    resting.stop();
    expect(clock.pendingTimers).toBe(0);
  });

  it("goes on after a failure, and not before the server is ready", async () => {
    polling();
    await back.fail();
    expect(told).toEqual(["requested", "unreachable"]);
    clock.advance(500);
    await back.answer(answer(429, { retryAfter: 20 }));
    clock.advance(19_999);
    expect(back.asked).toHaveLength(2);
    clock.advance(1);
    await back.answer(answer(404));
    expect(told.at(-1)).toBe("gone");
    clock.advance(30_000);
    await back.answer(answer(200, { body: { match: "yard" } }));
    expect(told.at(-1)).toBe("unreachable");
  });
});

describe("long-polling", () => {
  it("asks how things are, then waits for news again and again", async () => {
    polling({ wait: 25, interval: 30 });
    expect(back.asked[0]?.url).toBe("http://b/api/scores/yard");
    await back.answer(full({ pollAfter: 0 }));
    clock.advance(0);
    expect(back.asked[1]?.url).toBe("http://b/api/scores/yard?wait=25s");
    expect(told).toEqual(["requested", "changed 3", "confirmed", "requested", "held"]);
    await back.answer(answer(304, { pollAfter: 0 }));
    expect(told.slice(5)).toEqual(["not held", "confirmed"]);
    clock.advance(0);
    expect(back.asked).toHaveLength(3);
  });
});

describe("a feed that stays open", () => {
  let lines: { position: { offset: number; epoch: string }; events: LineEvents; close: () => void }[];
  const open: OpenLine = (position, events) => {
    const line = { position, events, close: vi.fn() };
    lines.push(line);
    return line;
  };
  const start = async () => {
    lines = [];
    const feed = new Push(place(), open, back.ask, clock, () => 0);
    feed.start();
    await back.answer(full());
    return feed;
  };

  it("goes on from its snapshot without a hole", async () => {
    await start();
    expect(lines[0]?.position).toMatchObject({ offset: 3, epoch: EPOCH });
    lines[0]?.events.opened();
    lines[0]?.events.message(message(4));
    lines[0]?.events.message(message(4));
    expect([relay.offset, relay.lines.at(-1)?.what]).toEqual([4, "single"]);
    expect(told.slice(2)).toEqual(["confirmed", "requested", "held", "changed 1", "confirmed"]);
  });

  it.each([
    ["a play is missing", (line: LineEvents) => line.message(message(5))],
    ["a play can't be read", (line: LineEvents) => line.message({ ...message(4), text: "{}" })],
    ["the position is lost", (line: LineEvents) => line.lost()],
    ["the connection ends", (line: LineEvents) => line.ended()],
  ])("takes a new snapshot when %s", async (_, happen) => {
    await start();
    lines[0]?.events.opened();
    if (lines[0]) happen(lines[0].events);
    expect(lines[0]?.close).toHaveBeenCalled();
    expect(told).toContain("not held");
    clock.advance(500);
    expect(back.asked).toHaveLength(2);
    await back.answer(answer(200, { body: snapshot(5) }));
    expect(lines[1]?.position.offset).toBe(5);
    lines[0]?.events.message(message(6));
    expect(relay.offset).toBe(5);
  });

  it("lets go when it's stopped", async () => {
    const feed = await start();
    feed.stop();
    lines[0]?.events.message(message(4));
    lines[0]?.events.ended();
    await settle();
    expect([lines[0]?.close, relay.offset, clock.pendingTimers]).toEqual([expect.anything(), 3, 0]);
    expect(lines[0]?.close).toHaveBeenCalledOnce();
  });
});

describe("the lines", () => {
  const heard = () => {
    const log: string[] = [];
    const events: LineEvents = {
      opened: () => log.push("opened"),
      message: ({ offset }) => log.push(`message ${offset}`),
      received: () => {},
      lost: () => log.push("lost"),
      ended: () => log.push("ended"),
    };
    return { log, events };
  };

  it("hear server-sent events", () => {
    const { log, events } = heard();
    const source = Object.assign(new EventTarget(), { close: vi.fn() });
    let asked = "";
    const line = eventLine("http://b", "yard", (url) => {
      asked = url;
      return source;
    })({ offset: 3, epoch: EPOCH }, events);
    const event = (name: string, data?: string) => Object.assign(new Event(name), data === undefined ? {} : { data });
    expect(asked).toBe(`http://b/api/rooms/scores-yard/events?after=3&epoch=${EPOCH}`);
    source.dispatchEvent(event("open"));
    source.dispatchEvent(event("message", JSON.stringify(message(4))));
    source.dispatchEvent(event("message", "nonsense"));
    source.dispatchEvent(event("lost", "{}"));
    source.dispatchEvent(event("error"));
    expect(log).toEqual(["opened", "message 4", "lost", "lost", "ended"]);
    expect(source.close).toHaveBeenCalled();
    expect(line).toBe(source);
  });

  it("hear a WebSocket", () => {
    const { log, events } = heard();
    const sent: string[] = [];
    const close = vi.fn();
    let say: (event: object) => void = () => {};
    socketLine("ws://b", "yard", (url, socket) => {
      expect(url).toBe("ws://b/ws/scores-yard");
      say = (event) => socket.received(JSON.stringify(event));
      queueMicrotask(() => socket.opened());
      return { send: (text) => sent.push(text), close };
    })({ offset: 3, epoch: EPOCH }, events);
    return settle().then(() => {
      expect(sent.map((text) => JSON.parse(text))).toEqual([{ type: "join", name: "viewer", after: 3, epoch: EPOCH }]);
      say({ type: "welcome", recovered: true });
      say({ type: "joined", name: "viewer" });
      say({ type: "message", ...message(4) });
      say({ type: "welcome", recovered: false });
      say({ type: "error", code: "stopping", message: "" });
      expect(log).toEqual(["opened", "message 4", "lost", "ended"]);
      expect(close).toHaveBeenCalled();
    });
  });
});
