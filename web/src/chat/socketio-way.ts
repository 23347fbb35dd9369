import type { ConnectSocketIo } from "../net/socketio";
import { readServerMessage, readTyped } from "./protocol";
import type { Way } from "./way";

/**
 * To a room over Socket.IO. A message is an event named after its `type`, with the rest as its argument; `join` also says which
 * room, since the address doesn't. Answers come as acknowledgements, each a whole message.
 */
export function socketIoWay(room: string, connect: ConnectSocketIo): Way {
  return (events) => {
    const connection = connect({
      opened: () => events.opened(),
      received: (event, data) => events.received(readTyped(event, data)),
      carriedBy: (name) => events.carriedBy(name === "polling" ? "polling" : "websocket"),
      closed: () => events.closed(null),
    });
    return {
      send({ type, ...data }) {
        if (type === "join") connection.emit(type, { room, ...data }, answered);
        // Nobody waits for an answer to what is said several times a second.
        else if (type === "typing") connection.emit(type, data);
        else connection.emit(type, data, answered);
      },
      close: () => connection.close(),
    };

    function answered(answer: unknown): void {
      events.received(readServerMessage(answer));
    }
  };
}
