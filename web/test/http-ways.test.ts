import { describe, expect, it } from "vitest";
import { LEAST_MS, POLL_MS, type PollingKind, pollingWay, WAIT_MS } from "../src/chat/polling-way";
import type { ClientMessage } from "../src/chat/protocol";
import { sseWay } from "../src/chat/sse-way";
import type { End, Line, LineEvents, Way } from "../src/chat/way";
import type { StreamEvents } from "../src/net/event-stream";
import type { Answer, Ask } from "../src/net/http";
import { VirtualClock } from "./virtual-clock";

const EPOCH = "00000000000000a1";
const me = { session: "secret", sender: "public" };
const stored = (offset: number) => ({ offset, author: "Lee", client_id: `id-${offset}`, text: `${offset}`, at: 1 });
const page = (offset: number, more: Partial<Record<string, unknown>> = {}) => ({
  messages: [],
  offset,
  epoch: EPOCH,
  more: false,
  poll_after: 7,
  ...more,
});

/** A line whose requests the test answers, one after the other. */
function open(wayOver: (http: typeof ask, clock: VirtualClock, attention: { away: boolean }) => Way) {
  const clock = new VirtualClock();
  const waiting: { ask: Ask; answered: (answer: Answer | null) => void; at: number }[] = [];
  const cancelled: Ask[] = [];
  function ask(ask: Ask, answered: (answer: Answer | null) => void) {
    waiting.push({ ask, answered, at: clock.now() });
    return () => void cancelled.push(ask);
  }
  const listeners = new Set<() => void>();
  const attention = {
    away: false,
    onChange(run: () => void) {
      listeners.add(run);
      return () => listeners.delete(run);
    },
  };
  const said: unknown[] = [];
  const ends: (End | null)[] = [];
  const events: LineEvents = {
    opened: () => said.push("opened"),
    received: (message) => said.push(message),
    carriedBy: (carrier) => said.push(`by ${carrier}`),
    resting: (resting) => said.push(resting ? "resting" : "awake"),
    closed: (end) => ends.push(end),
  };
  const line: Line = wayOver(ask, clock, attention)(events);
  return {
    clock,
    line,
    said,
    ends,
    waiting,
    cancelled,
    /** The oldest request that has no answer yet. */
    next: () => {
      const [first] = waiting;
      if (first === undefined) throw new Error("nothing is asked");
      return first.ask;
    },
    answer(status: number, body: unknown, etag: string | null = null) {
      waiting.shift()?.answered({ status, body, etag });
    },
    breakOff: () => waiting.shift()?.answered(null),
    look(away: boolean) {
      attention.away = away;
      for (const run of [...listeners]) run();
    },
    /** What was said since the last call. */
    heard: () => said.splice(0),
  };
}

const polling = (kind: PollingKind) =>
  open((http, clock, attention) => pollingWay(kind, "마당", http, clock, attention as never));
const join: ClientMessage = { type: "join", name: "Kim", ...me };
const back: ClientMessage = { ...join, after: 3, epoch: EPOCH };
const MESSAGES = "/api/rooms/%EB%A7%88%EB%8B%B9/messages";

describe.each(["polling", "long-polling"] as const)("the way by %s", (kind) => {
  const long = kind === "long-polling";

  /** Joined at offset 3, with the first question about what follows on its way. */
  function joined() {
    const way = polling(kind);
    way.clock.advance(0);
    way.line.send(back);
    way.answer(200, page(3));
    way.clock.advance(long ? 0 : 7000);
    way.heard();
    return way;
  }

  it("asks for a session, then where the room is, then for what follows", () => {
    const { clock, line, next, answer, heard } = polling(kind);
    clock.advance(0);
    line.send({ type: "join", name: "Kim" });
    expect(next()).toMatchObject({ method: "POST", path: "/api/sessions" });
    answer(201, me);
    expect(next()).toMatchObject({ method: "GET", path: MESSAGES, query: { limit: 1 } });
    answer(200, page(3, { messages: [stored(3)] }));
    expect(heard()).toEqual([
      "opened",
      `by ${kind}`,
      { type: "welcome", name: "Kim", members: [], offset: 3, epoch: EPOCH, ...me },
    ]);
    clock.advance(long ? 0 : 6999);
    if (!long) expect(() => next()).toThrow();
    clock.advance(1);
    expect(next().query).toEqual({
      after: 3,
      epoch: EPOCH,
      except: "public",
      name: "Kim",
      limit: 200,
      ...(long ? { wait: `${WAIT_MS / 1000}s` } : {}),
    });
  });

  it("says what was missed after the welcome, and how far that goes", () => {
    const { clock, line, next, answer, heard } = polling(kind);
    clock.advance(0);
    line.send(back);
    expect(next().query).toEqual({ after: 3, epoch: EPOCH, except: "public", name: "Kim", limit: 200 });
    answer(200, page(5, { messages: [stored(4)] }));
    expect(heard().slice(2)).toEqual([
      { type: "welcome", name: "Kim", members: [], offset: 5, epoch: EPOCH, ...me, recovered: true },
      { type: "message", ...stored(4) },
      { type: "position", offset: 5, epoch: EPOCH },
    ]);
  });

  it("says so when that can't be told any more, at the beginning and later", () => {
    const lost = { code: "position_lost", message: "gone", offset: 9, epoch: "00000000000000a2", oldest: 5 };
    const early = polling(kind);
    early.clock.advance(0);
    early.line.send(back);
    early.answer(410, lost);
    expect(early.heard().at(-1)).toMatchObject({ type: "welcome", offset: 9, recovered: false });

    const late = joined();
    late.answer(410, lost);
    expect(late.heard()).toEqual([{ type: "lost", offset: 9, epoch: "00000000000000a2" }]);
    late.clock.advance(LEAST_MS);
    expect(late.next().query).toMatchObject({ after: 9, epoch: "00000000000000a2" });
  });

  it("asks on at once while there is more", () => {
    const { next, answer } = joined();
    answer(200, page(4, { messages: [stored(4)], more: true }), `"${EPOCH}.9"`);
    expect(next()).toMatchObject({ query: { after: 4 } });
    expect(next().etag, "the tag is of the whole room").toBeUndefined();
  });

  it("ends with the reason when it's refused, so that it comes again when it may", () => {
    const limited = joined();
    limited.answer(429, { code: "rate_limited", message: "no", retry_after_ms: 1500 });
    expect(limited.ends).toEqual([{ code: "rate_limited", final: false, retryAfterMs: 1500 }]);

    const down = joined();
    down.answer(503, { code: "store_unavailable", message: "no" });
    expect(down.ends).toEqual([{ code: "store_unavailable", final: false }]);

    const none = joined();
    none.answer(404, { code: "room_invalid", message: "no" });
    expect(none.ends).toEqual([{ code: "room_invalid", final: true }]);

    const broken = joined();
    broken.breakOff();
    expect(broken.ends).toEqual([null]);

    const strange = joined();
    strange.answer(200, { messages: "none" });
    expect(strange.ends).toEqual([null]);
  });

  it("does nothing more once it's closed", () => {
    const { line, clock, cancelled, waiting, heard, ends } = joined();
    line.send({ type: "send", client_id: "a", text: "hi" });
    line.close();
    expect(cancelled).toHaveLength(2);
    for (const { answered } of waiting.splice(0)) answered({ status: 200, body: page(4), etag: null });
    clock.advance(60_000);
    expect(waiting).toEqual([]);
    expect([heard().filter((one) => one !== null && (one as { type: string }).type !== "position"), ends]).toEqual([
      [],
      [],
    ]);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe("the way by polling", () => {
  function joined() {
    const way = polling("polling");
    way.clock.advance(0);
    way.line.send(back);
    way.answer(200, page(3), `"${EPOCH}.3"`);
    way.heard();
    return way;
  }

  it("asks when it was told to, and only for what is newer than it knows", () => {
    const { clock, next, answer, heard, waiting } = joined();
    clock.advance(7000);
    expect(next().etag).toBe(`"${EPOCH}.3"`);
    answer(304, null);
    expect(heard(), "a sign of life").toEqual([null]);
    clock.advance(6999);
    expect(waiting).toEqual([]);
    clock.advance(1);
    answer(200, page(4, { messages: [stored(4)], poll_after: undefined }));
    clock.advance(POLL_MS - 1);
    expect(waiting, "a while of its own choice").toEqual([]);
    clock.advance(1);
    answer(200, page(4, { poll_after: 0 }));
    clock.advance(LEAST_MS - 1);
    expect(waiting, "no server makes it ask without pause").toEqual([]);
    clock.advance(1);
    expect(next().query).toMatchObject({ after: 4 });
    answer(200, page(4, { poll_after: 1 }), `"${EPOCH}.5"`);
    clock.advance(1000);
    expect(next().etag, "a tag of more than it was told would hide that").toBeUndefined();
  });

  it("rests while nobody looks, and asks at once when somebody does", () => {
    const { clock, look, waiting, heard, next } = joined();
    look(true);
    clock.advance(3_600_000);
    expect(waiting).toEqual([]);
    expect(heard()).toEqual(["resting"]);
    look(true);
    expect(waiting).toEqual([]);
    look(false);
    expect(heard()).toEqual(["awake"]);
    expect(next().query).toMatchObject({ after: 3 });
  });
});

describe("the way by long-polling", () => {
  it("isn't made to ask without pause by answers that don't wait", () => {
    const { clock, line, answer, waiting } = polling("long-polling");
    clock.advance(0);
    line.send(back);
    answer(200, page(3));
    clock.advance(0);
    answer(200, page(3, { poll_after: 0 }));
    clock.advance(LEAST_MS - 1);
    expect(waiting).toEqual([]);
    clock.advance(1);
    expect(waiting).toHaveLength(1);
    clock.advance(WAIT_MS);
    answer(200, page(3, { poll_after: 0 }));
    clock.advance(0);
    expect(waiting, "one that did wait").toHaveLength(1);
  });

  it("waits less where the server doesn't let requests wait as long", () => {
    const { clock, line, answer, next, ends } = polling("long-polling");
    clock.advance(0);
    line.send(back);
    answer(200, page(3));
    const waits: unknown[] = [];
    for (let n = 0; n < 5; n += 1) {
      clock.advance(0);
      waits.push(next().query?.wait);
      answer(400, { code: "wait_invalid", message: "no" });
    }
    expect(waits).toEqual(["25s", "13s", "7s", "4s", "2s"]);
    clock.advance(0);
    answer(400, { code: "wait_invalid", message: "no" });
    expect(ends).toEqual([{ code: "wait_invalid", final: false }]);
  });
});

describe("what is said by requests", () => {
  function joined() {
    const way = polling("long-polling");
    way.clock.advance(0);
    way.line.send(back);
    way.answer(200, page(3));
    way.heard();
    return way;
  }

  it("goes one after the other, and each answer is its acknowledgement", () => {
    const { line, answer, next, waiting, heard } = joined();
    line.send({ type: "send", client_id: "a", text: "one" });
    line.send({ type: "send", client_id: "b", text: "two" });
    expect(waiting).toHaveLength(1);
    expect(next()).toMatchObject({
      method: "POST",
      path: MESSAGES,
      body: { client_id: "a", text: "one", name: "Kim", session: "secret" },
    });
    answer(201, { offset: 4, epoch: EPOCH, at: 9, duplicate: false, sender: "public" });
    answer(200, { offset: 2, epoch: EPOCH, at: 5, duplicate: true, sender: "public" });
    expect(heard()).toMatchObject([
      { type: "ack", client_id: "a", offset: 4, epoch: EPOCH, at: 9 },
      { type: "ack", client_id: "b", offset: 2, epoch: EPOCH, at: 5 },
    ]);
    expect(waiting).toEqual([]);
  });

  it.each([
    [429, { code: "rate_limited", message: "no", retry_after_ms: 700 }],
    [403, { code: "room_read_only", message: "no" }],
    [409, { code: "idempotency_mismatch", message: "no" }],
    [503, { code: "store_unavailable", message: "no" }],
  ])("is refused with the code of the answer: %i", (status, body) => {
    const { line, answer, heard, ends } = joined();
    line.send({ type: "send", client_id: "a", text: "one" });
    answer(status, body);
    expect(heard()).toEqual([{ type: "error", client_id: "a", ...body }]);
    expect(ends).toEqual([]);
  });

  it("ends the line when there is no answer, or one that says nothing", () => {
    const silent = joined();
    silent.line.send({ type: "send", client_id: "a", text: "one" });
    silent.breakOff();
    expect(silent.ends).toEqual([null]);
    const strange = joined();
    strange.line.send({ type: "send", client_id: "a", text: "one" });
    strange.answer(502, null);
    expect(strange.ends).toEqual([null]);
  });

  it("asks for the history as over a socket", () => {
    const { line, answer, next, heard } = joined();
    line.send({ type: "history", before: 9, limit: 50 });
    expect(next().query).toEqual({ before: 9, limit: 50 });
    answer(200, page(9, { messages: [stored(8)], more: true }));
    line.send({ type: "history", after: 1, epoch: EPOCH, limit: 50 });
    answer(410, { code: "position_lost", message: "gone", offset: 9, epoch: "00000000000000a2", oldest: 5 });
    expect(heard()).toMatchObject([
      { type: "history", messages: [stored(8)], before: 9, epoch: EPOCH, more: true },
      { type: "error", code: "position_lost" },
    ]);
  });

  it("hands in changes one after the other, each where it belongs", () => {
    const { line, answer, next, heard } = joined();
    const sent = { client_id: "a", name: "Kim", session: "secret" };
    const path = `/api/rooms/${encodeURIComponent("마당")}/messages`;
    line.send({ type: "send", client_id: "a", text: "one", reply_to: 3 });
    line.send({ type: "edit", client_id: "a", target: 4, text: "two" });
    line.send({ type: "react", client_id: "a", target: 4, emoji: "❤️", on: true });
    line.send({ type: "react", client_id: "a", target: 4, emoji: "👍", on: false });
    line.send({ type: "delete", client_id: "a", target: 4 });
    for (const expected of [
      { method: "POST", path, body: { ...sent, text: "one", reply_to: 3 } },
      { method: "PATCH", path: `${path}/4`, body: { ...sent, text: "two" } },
      { method: "PUT", path: `${path}/4/reactions/${encodeURIComponent("❤️")}`, body: sent },
      { method: "DELETE", path: `${path}/4/reactions/${encodeURIComponent("👍")}`, body: sent },
      { method: "DELETE", path: `${path}/4`, body: sent },
    ]) {
      expect(next()).toMatchObject(expected);
      answer(201, { offset: 4, epoch: EPOCH, at: 1, duplicate: false });
    }
    expect(heard().map((one) => (one as { type: string }).type)).toEqual(Array(5).fill("ack"));
    line.send({ type: "read", offset: 9 });
    expect(next()).toMatchObject({ method: "PUT", path: path.replace(/messages$/, "read"), body: { offset: 9 } });
  });

  it("leaves out who types", () => {
    const { line, waiting } = joined();
    line.send({ type: "typing", active: true });
    expect(waiting).toEqual([]);
  });
});

describe("the way by Server-Sent Events", () => {
  function listening() {
    const streams: { url: URL; events: StreamEvents; open: boolean }[] = [];
    const way = open((http, clock) =>
      sseWay(
        "http://back",
        "마당",
        http,
        (url, _names, events) => {
          const stream = { url: new URL(url), events, open: true };
          streams.push(stream);
          return {
            close() {
              stream.open = false;
            },
          };
        },
        clock,
      ),
    );
    way.clock.advance(0);
    way.heard();
    const stream = () => {
      const [first] = streams;
      if (first === undefined) throw new Error("no stream");
      return first;
    };
    return { ...way, stream };
  }
  const position = { offset: 3, epoch: EPOCH };

  it("listens without its own messages, from where it was", () => {
    const { line, stream, heard } = listening();
    line.send(back);
    expect(stream().url.href).toBe(
      `http://back/api/rooms/%EB%A7%88%EB%8B%B9/events?after=3&epoch=${EPOCH}&except=public&name=Kim`,
    );
    stream().events.received("position", position);
    stream().events.received("message", stored(4));
    stream().events.received("skipped", { count: 2 });
    stream().events.received("message", "what?");
    expect(heard()).toEqual([
      "by sse",
      { type: "welcome", name: "Kim", members: [], ...position, ...me, recovered: true },
      { type: "message", ...stored(4) },
      { type: "skipped", count: 2 },
      null,
    ]);
  });

  it("begins where the room is when it wasn't there before", () => {
    const { line, stream, heard, answer } = listening();
    line.send({ type: "join", name: "Kim" });
    answer(201, me);
    expect([...stream().url.searchParams.keys()]).toEqual(["except", "name"]);
    stream().events.received("position", position);
    expect(heard().at(-1)).toEqual({ type: "welcome", name: "Kim", members: [], ...position, ...me });
  });

  it("says so when it can't go on from where it was", () => {
    const { line, stream, heard } = listening();
    line.send(back);
    stream().events.received("position", { offset: 9, epoch: EPOCH });
    stream().events.received("lost", { offset: 9, epoch: EPOCH, oldest: 5 });
    expect(heard()).toMatchObject([
      "by sse",
      { type: "welcome", offset: 9, recovered: false },
      { type: "lost", offset: 9, epoch: EPOCH },
    ]);
  });

  it("ends with what the server says, or without", () => {
    const told = listening();
    told.line.send(back);
    told.stream().events.received("error", { code: "too_slow", message: "no" });
    told.stream().events.closed();
    expect(told.ends).toEqual([{ code: "too_slow", final: false }]);
    const broken = listening();
    broken.line.send(back);
    broken.stream().events.received("position", position);
    broken.stream().events.closed();
    expect(broken.ends).toEqual([null]);
  });

  it("asks why when the stream was never there, and for how long somebody is banned", () => {
    const refused = listening();
    refused.line.send(back);
    refused.stream().events.closed();
    expect(refused.next().query).toEqual({ limit: 1, name: "Kim", except: "public" });
    refused.answer(403, { code: "name_reserved", message: "no" });
    expect(refused.ends).toEqual([{ code: "name_reserved", final: true }]);
    const banned = listening();
    banned.line.send(back);
    banned.stream().events.received("position", position);
    banned.stream().events.received("error", { code: "banned", message: "no" });
    banned.answer(403, { code: "banned", message: "no", retry_after_ms: 5000, reason: "rude" });
    expect(banned.ends).toEqual([{ code: "banned", final: true, retryAfterMs: 5000, reason: "rude" }]);
    const broken = listening();
    broken.line.send(back);
    broken.stream().events.closed();
    broken.answer(200, page(3));
    expect(broken.ends, "it's open again by now").toEqual([null]);
  });

  it("hears changes of messages, which say what they are", () => {
    const { line, stream, heard } = listening();
    line.send(back);
    stream().events.received("position", position);
    const entry = { offset: 4, author: "Lee", client_id: "x", at: 1, target: 2 };
    stream().events.received("message", { ...entry, kind: "edit", text: "b" });
    stream().events.received("message", { ...entry, kind: "vanish" });
    stream().events.received("read", { name: "Lee", offset: 3 });
    expect(heard().slice(2)).toEqual([
      { type: "edit", ...entry, kind: "edit", text: "b" },
      null,
      { type: "read", name: "Lee", offset: 3 },
    ]);
  });

  it("lets go of everything when it's closed", () => {
    const { line, stream, clock } = listening();
    line.send(back);
    line.close();
    expect(stream().open).toBe(false);
    expect(clock.pendingTimers).toBe(0);

    const early = listening();
    early.line.send({ type: "join", name: "Kim" });
    early.line.close();
    early.answer(201, me);
    expect(() => early.stream()).toThrow("no stream");
  });
});
