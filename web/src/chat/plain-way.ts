import type { Connect } from "../net/socket";
import { CLOSE_ROOM_INVALID, parseServerMessage, roomUrl } from "./protocol";
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
      closed: (code) => events.closed(code === CLOSE_ROOM_INVALID ? { code: "room_invalid", final: true } : null),
    });
    return {
      send: (message) => socket.send(JSON.stringify(message)),
      close: () => socket.close(),
    };
  };
}
