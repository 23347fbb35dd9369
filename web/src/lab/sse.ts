import { isMessage, isPosition, type Lane, type LaneEvents, type LaneSite, type Position, pause } from "./lane";

/** A stream of Server-Sent Events, which comes back by itself, but for when it says that it has ended. */
export interface EventStream {
  close(): void;
}

export interface StreamEvents {
  opened(): void;
  received(name: string, data: string): void;
  /** It broke. `over`: it won't come back by itself. */
  failed(over: boolean): void;
}

export type OpenStream = (url: string, names: readonly string[], events: StreamEvents) => EventStream;

/** The events that the room's stream has for a lane. */
const NAMES = ["position", "message", "lost"] as const;

/** One answer that never ends. The browser itself comes back, and says where it was. */
export function openSse(site: LaneSite, open: OpenStream, events: LaneEvents): Lane {
  let stream: EventStream | null = null;
  let at: Position | null = null;
  let cancel = () => {};
  let closed = false;

  const connect = () => {
    const query = at === null ? "" : `?after=${at.offset}&epoch=${at.epoch}`;
    stream = open(`${site.http}/api/rooms/${encodeURIComponent(site.room)}/events${query}`, NAMES, {
      opened: () => {
        if (!closed) events.state("live");
      },
      received: (name, data) => {
        if (!closed) take(name, data);
      },
      failed: (over) => {
        if (closed) return;
        events.state("waiting");
        if (!over) return;
        stream?.close();
        cancel = site.clock.after(pause(site.random), connect);
      },
    });
  };

  const take = (name: string, data: string) => {
    const said = parse(data);
    if (name === "message" && isMessage(said)) {
      if (at !== null) at = { ...at, offset: said.offset };
      events.heard(said);
    } else if (isPosition(said)) {
      at = { offset: said.offset, epoch: said.epoch };
      events.position(at);
    }
  };

  events.state("connecting");
  connect();
  return {
    close() {
      closed = true;
      cancel();
      stream?.close();
    },
  };
}

export function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
