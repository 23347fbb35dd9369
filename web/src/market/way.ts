import type { Connect } from "../net/socket";
import type { ConnectSocketIo } from "../net/socketio";
import { type MarketCommand, type MarketEvent, readEvent } from "./protocol";

/** One connection to the market. */
export interface Line {
  send(command: MarketCommand): void;
  close(): void;
}

/** What a line reports. `closed` comes at most once, also when it never opened. */
export interface LineEvents {
  opened(): void;
  /** `null` is an event that isn't one, or that this page is too old to know: a sign of life all the same. */
  received(event: MarketEvent | null): void;
  closed(): void;
}

/** A way to the market: opens a line to it. */
export type Way = (events: LineEvents) => Line;

/** A WebSocket of its own at the back's origin, such as `ws://127.0.0.1:3000`. */
export function webSocketWay(back: string, connect: Connect): Way {
  return (events) => {
    const socket = connect(`${back}/market`, {
      opened: () => events.opened(),
      received: (text) => events.received(readEvent(parse(text))),
      closed: () => events.closed(),
    });
    return { send: (command) => socket.send(JSON.stringify(command)), close: () => socket.close() };
  };
}

/** The same words over Socket.IO: an event named after its `type`, with the rest as its argument. */
export function socketIoWay(connect: ConnectSocketIo): Way {
  return (events) => {
    const connection = connect({
      opened: () => events.opened(),
      received: (type, data) => events.received(readEvent({ ...(data as object | undefined), type })),
      carriedBy: () => {},
      closed: () => events.closed(),
    });
    return {
      send: ({ type, ...data }) => connection.emit(type, data),
      close: () => connection.close(),
    };
  };
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}
