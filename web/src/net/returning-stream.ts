import type { OpenStream } from "../lab/sse";

/** The browser's own client for Server-Sent Events, which comes back by itself. */
export const openEventStream: OpenStream = (url, names, events) => {
  const source = new EventSource(url);
  source.addEventListener("open", () => events.opened());
  source.addEventListener("error", () => events.failed(source.readyState === EventSource.CLOSED));
  for (const name of names) {
    source.addEventListener(name, (event: MessageEvent<string>) => events.received(name, event.data));
  }
  return { close: () => source.close() };
};
