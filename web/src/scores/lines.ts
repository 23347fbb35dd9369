import type { Connect } from "../net/socket";
import { byteLength } from "./answers";
import { isRecord, parse, readMessage, roomOf } from "./protocol";
import type { LineEvents, OpenLine } from "./push";

/** The part of the browser's `EventSource` in use. */
export interface Events {
  addEventListener(name: string, listener: (event: Event) => void): void;
  close(): void;
}

/** Name under which pages look on: a room says once that it's there, however many there are. */
const VIEWER = "viewer";

/** Server-sent events. The browser would come back by itself, but so does the feed, for all kinds alike. */
export function eventLine(back: string, match: string, open: (url: string) => Events): OpenLine {
  return ({ offset, epoch }, events) => {
    const query = new URLSearchParams({ after: String(offset), epoch });
    const source = open(`${back}/api/rooms/${encodeURIComponent(roomOf(match))}/events?${query}`);
    source.addEventListener("open", () => events.opened());
    source.addEventListener("message", (event) => {
      const data = textOf(event);
      events.received(byteLength(data));
      take(parse(data), events);
    });
    source.addEventListener("lost", () => events.lost());
    source.addEventListener("error", () => {
      source.close();
      events.ended();
    });
    return source;
  };
}

/** The chat's WebSocket, which every room has. */
export function socketLine(back: string, match: string, connect: Connect): OpenLine {
  return ({ offset, epoch }, events) => {
    const socket = connect(`${back}/ws/${encodeURIComponent(roomOf(match))}`, {
      opened: () => socket.send(JSON.stringify({ type: "join", name: VIEWER, after: offset, epoch })),
      received(text) {
        events.received(byteLength(text));
        const event = parse(text);
        if (isRecord(event)) hear(event);
      },
      closed: () => events.ended(),
    });
    const hear = (event: Record<string, unknown>) => {
      if (event.type === "message") take(event, events);
      else if (event.type === "welcome" && event.recovered === false) events.lost();
      else if (event.type === "welcome") events.opened();
      else if (event.type === "error") {
        socket.close();
        events.ended();
      }
    };
    return socket;
  };
}

/** What can't be read counts as lost: a snapshot has it. */
function take(value: unknown, events: LineEvents): void {
  const message = readMessage(value);
  if (message === null) events.lost();
  else events.message(message);
}

function textOf(event: Event): string {
  return "data" in event && typeof event.data === "string" ? event.data : "";
}
