/** A stream of Server-Sent Events, to be let go. */
export interface EventStream {
  close(): void;
}

/** What a stream reports. `closed` comes at most once, also when the stream never opened. */
export interface StreamEvents {
  /** An event whose data is JSON; null for data that isn't. */
  received(event: string, data: unknown): void;
  closed(): void;
}

/** Opens the stream at `url` and hears the events named `names`. */
export type ConnectStream = (url: string, names: readonly string[], events: StreamEvents) => EventStream;

/** Opens a browser's EventSource, which would come back by itself: the chat has its own way to do that, so the first error ends it. */
export const connectEventSource: ConnectStream = (url, names, events) => {
  const source = new EventSource(url, { withCredentials: true });
  const hear = (name: string) => (event: Event) => {
    // The server may say `error`, and the browser says so too, without data.
    if (event instanceof MessageEvent) events.received(name, parse(event.data));
  };
  for (const name of names) source.addEventListener(name, hear(name));
  source.addEventListener("error", (event) => {
    if (event instanceof MessageEvent) return;
    source.close();
    events.closed();
  });
  return { close: () => source.close() };
};

function parse(data: unknown): unknown {
  try {
    return JSON.parse(String(data));
  } catch {
    return null;
  }
}
