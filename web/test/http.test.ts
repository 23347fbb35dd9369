// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from "vitest";
import { pageAttention } from "../src/net/attention";
import { connectEventSource } from "../src/net/event-stream";
import { type Answer, type Ask, addressOf, httpTo } from "../src/net/http";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe("a request", () => {
  const asking = (ask: Partial<Ask>) => {
    const answers: (Answer | null)[] = [];
    const whole: Ask = { method: "GET", path: "/api", patienceMs: 1000, ...ask };
    const cancel = httpTo("http://back/")(whole, (answer) => answers.push(answer));
    return { answers, cancel };
  };
  const stub = (answer: () => Promise<Response>) => {
    const fetch = vi.fn((_url: string, _init: RequestInit) => answer());
    vi.stubGlobal("fetch", fetch);
    return fetch;
  };

  it("has the values that are said, as they may stand in an address", () => {
    const query = { after: 3, epoch: undefined, name: "김 & 이" };
    expect(addressOf("http://back/", { path: "/a", query })).toBe("http://back/a?after=3&name=%EA%B9%80+%26+%EC%9D%B4");
    expect(addressOf("http://back", { path: "/a" })).toBe("http://back/a");
  });

  it("carries JSON both ways, and the tag", async () => {
    const fetch = stub(async () => new Response('{"a":1}', { status: 201, headers: { ETag: '"t"' } }));
    const { answers } = asking({ method: "POST", body: { text: "안녕" }, etag: '"s"', keepalive: true });
    await vi.waitFor(() => expect(answers).toEqual([{ status: 201, body: { a: 1 }, etag: '"t"' }]));
    const [url, init] = fetch.mock.calls[0] ?? [];
    expect(url).toBe("http://back/api");
    expect(init).toMatchObject({
      method: "POST",
      body: '{"text":"안녕"}',
      headers: { "Content-Type": "application/json", "If-None-Match": '"s"' },
      cache: "no-store",
      credentials: "omit",
      keepalive: true,
    });
  });

  it("is answered without a body where there is none, or another", async () => {
    for (const body of ["", "<html>"]) {
      stub(async () => new Response(body, { status: 502 }));
      const { answers } = asking({});
      await vi.waitFor(() => expect(answers).toEqual([{ status: 502, body: null, etag: null }]));
    }
  });

  it("has no answer when the network has none, or not in time", async () => {
    stub(() => Promise.reject(new TypeError("no network")));
    const { answers } = asking({});
    await vi.waitFor(() => expect(answers).toEqual([null]));

    vi.useFakeTimers();
    const fetch = stub(() => new Promise(() => {}));
    fetch.mockImplementation(
      (_url, init) =>
        new Promise((_, reject) => init.signal?.addEventListener("abort", () => reject(new Error("aborted")))),
    );
    const late = asking({ patienceMs: 500 });
    await vi.advanceTimersByTimeAsync(499);
    expect(late.answers).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(late.answers).toEqual([null]);
  });

  it("is never answered once it's cancelled", async () => {
    let abort: AbortSignal | null | undefined;
    const fetch = stub(async () => new Response("{}"));
    fetch.mockImplementation(async (_url, init) => {
      abort = init.signal;
      return new Response("{}");
    });
    const { answers, cancel } = asking({});
    cancel();
    await new Promise((resolve) => setTimeout(resolve));
    expect([answers, abort?.aborted]).toEqual([[], true]);
  });
});

describe("a browser's event stream", () => {
  class FakeSource extends EventTarget {
    static last: FakeSource;
    readonly close = vi.fn();
    constructor(readonly url: string) {
      super();
      FakeSource.last = this;
    }
  }

  it("says the events of the names that were asked for, and ends with the first break", () => {
    vi.stubGlobal("EventSource", FakeSource);
    const said: unknown[] = [];
    const stream = connectEventSource("http://back/events", ["message", "error"], {
      received: (event, data) => said.push([event, data]),
      closed: () => said.push("closed"),
    });
    const source = FakeSource.last;
    expect(source.url).toBe("http://back/events");
    source.dispatchEvent(new MessageEvent("message", { data: '{"a":1}' }));
    source.dispatchEvent(new MessageEvent("message", { data: "{" }));
    source.dispatchEvent(new MessageEvent("other", { data: "{}" }));
    source.dispatchEvent(new MessageEvent("error", { data: '{"code":"stopping"}' }));
    expect(source.close).not.toHaveBeenCalled();
    source.dispatchEvent(new Event("error"));
    expect(said).toEqual([["message", { a: 1 }], ["message", null], ["error", { code: "stopping" }], "closed"]);
    expect(source.close, "it would come back by itself").toHaveBeenCalledOnce();
    stream.close();
    expect(source.close).toHaveBeenCalledTimes(2);
  });
});

it("attention is whether the page can be seen", () => {
  const run = vi.fn();
  const cancel = pageAttention.onChange(run);
  expect(pageAttention.away).toBe(document.hidden);
  document.dispatchEvent(new Event("visibilitychange"));
  cancel();
  document.dispatchEvent(new Event("visibilitychange"));
  expect(run).toHaveBeenCalledOnce();
});
