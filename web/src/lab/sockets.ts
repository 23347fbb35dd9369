import type { Connect } from "../net/socket";
import type { ConnectSocketIo } from "../net/socketio";
import { fields, isMessage, isPosition, type Lane, type LaneEvents, type LaneSite, type Position, pause } from "./lane";
import { parse } from "./sse";

/** What a socket says, whichever protocol it has: an answer to a join, or an event. */
interface Conversation {
  /** The fields of a `join`. */
  join(): object;
  heard(name: unknown, body: unknown): void;
}

/** A connection that the room speaks on by itself. */
export function openWebSocket(site: LaneSite, connect: Connect, events: LaneEvents): Lane {
  return open(site, events, (talk, ended) => {
    const socket = connect(`${site.ws}/ws/${encodeURIComponent(site.room)}`, {
      opened: () => socket.send(JSON.stringify({ type: "join", ...talk.join() })),
      received(text) {
        const said = parse(text);
        talk.heard(fields(said).type, said);
      },
      closed: ended,
    });
    return () => socket.close();
  });
}

/** Socket.IO's official client: it begins with long-polling, and goes over to WebSocket when it can. */
export function openSocketIo(site: LaneSite, connect: ConnectSocketIo, events: LaneEvents): Lane {
  return open(site, events, (talk, ended) => {
    const socket = connect({
      opened: () =>
        socket.emit("join", { room: site.room, ...talk.join() }, (answer) => talk.heard(fields(answer).type, answer)),
      received: (name, data) => talk.heard(name, data),
      carriedBy: (carrier) => events.carriedBy?.(carrier),
      closed: ended,
    });
    return () => socket.close();
  });
}

/** Keeps a connection: whenever it ends, another one begins where it was. `begin` opens one and returns what closes it. */
function open(site: LaneSite, events: LaneEvents, begin: (talk: Conversation, ended: () => void) => () => void): Lane {
  let at: Position | null = null;
  let over = false;
  let close = () => {};
  let cancel = () => {};

  const talk: Conversation = {
    join: () => ({ name: "lab", ...(at === null ? {} : { after: at.offset, epoch: at.epoch }) }),
    heard(name, body) {
      if (over) return;
      if (name === "message" && isMessage(body)) {
        if (at !== null) at = { ...at, offset: body.offset };
        events.heard(body);
      } else if (name === "welcome" && isPosition(body)) {
        welcome(body);
      } else if (name === "error") {
        close();
        ended();
      }
    },
  };

  const welcome = (body: Position) => {
    // If it's recovered, what was missed follows by itself; else it never will.
    if (fields(body).recovered !== true) {
      at = { offset: body.offset, epoch: body.epoch };
      events.position(at);
    }
    events.state("live");
  };

  let attempt = 0;
  const ended = () => {
    if (over) return;
    attempt += 1;
    events.state("waiting");
    cancel();
    cancel = site.clock.after(pause(site.random), connect);
  };

  const connect = () => {
    const mine = attempt;
    close = begin(talk, () => {
      // An earlier connection may tell of its end late.
      if (mine === attempt) ended();
    });
  };

  events.state("connecting");
  connect();
  return {
    close() {
      over = true;
      cancel();
      close();
    },
  };
}
