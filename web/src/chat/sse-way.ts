import type { Clock } from "../net/clock";
import type { ConnectStream, EventStream } from "../net/event-stream";
import { type AskHttp, addressOf } from "../net/http";
import { Desk } from "./desk";
import { type ClientMessage, type Identity, isRecord, type Position, readTyped } from "./protocol";
import type { Way } from "./way";

/** What the stream says; its `error` comes before the server ends it. */
const EVENTS = ["position", "message", "lost", "skipped", "error"];

/** To a room over Server-Sent Events; what is said goes as requests. `back` is the origin of the back server. */
export function sseWay(back: string, room: string, http: AskHttp, connect: ConnectStream, clock: Clock): Way {
  return (events) => {
    const desk = new Desk(room, http, events);
    const cancelOpening = clock.after(0, () => events.opened());
    let stream: EventStream | null = null;
    let over = false;
    return {
      send(message) {
        if (message.type === "join") desk.enter(message, (identity) => listen(message, identity));
        else if (message.type === "send") desk.send(message);
        else if (message.type === "history") desk.history(message);
        // Who types isn't told this way.
      },
      close,
    };

    function close(): void {
      over = true;
      cancelOpening();
      stream?.close();
      desk.close();
    }

    function listen({ name, after, epoch }: ClientMessage & { type: "join" }, identity: Identity): void {
      if (over) return;
      let welcomed = false;
      /** The stream begins: where it was asked to, or where it says. */
      const welcome = (place: Position) => {
        welcomed = true;
        events.carriedBy("sse");
        const answer = { type: "welcome" as const, name, members: [], ...place, ...identity };
        const recovered = place.offset === after && place.epoch === epoch;
        events.received(after === undefined ? answer : { ...answer, recovered });
      };
      const path = `/api/rooms/${encodeURIComponent(room)}/events`;
      stream = connect(addressOf(back, { path, query: { after, epoch, except: identity.sender } }), EVENTS, {
        received(event, data) {
          const message = readTyped(event, data);
          if (message?.type === "error") return desk.fail(isRecord(data) ? data : null);
          if (!welcomed && (message?.type === "position" || message?.type === "lost")) {
            const { offset, epoch } = message;
            return welcome({ offset, epoch });
          }
          events.received(message);
        },
        closed: () => desk.end(null),
      });
    }
  };
}
