import type { Connect } from "../net/socket";
import { CLOSE_BANNED, CLOSE_ROOM_INVALID, parseServerMessage, roomUrl } from "./protocol";
import type { Way } from "./way";

/** To a room over a WebSocket of its own. `back` is the origin of the back server, such as `ws://127.0.0.1:3000`. */
export function plainWay(back: string, room: string, connect: Connect): Way {
  const url = roomUrl(back, room);
  return (events) => {
    const socket = connect(url, {
      opened() {
        events.carriedBy("websocket");
        events.opened();
      },
      received: (text) => events.received(parseServerMessage(text)),
      closed(code) {
        const final = FINAL.get(code);
        events.closed(final === undefined ? null : { code: final, final: true });
      },
    });
    return {
      send: (message) => socket.send(JSON.stringify(message)),
      close: () => socket.close(),
    };
  };
}

/** Closes after which coming again would not help, with what they mean. */
const FINAL = new Map([
  [CLOSE_ROOM_INVALID, "room_invalid"],
  [CLOSE_BANNED, "banned"],
]);
