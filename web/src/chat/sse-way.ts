import type { Clock } from "../net/clock";
import type { ConnectStream, EventStream } from "../net/event-stream";
import { type AskHttp, addressOf } from "../net/http";
import { Desk } from "./desk";
import { type ClientMessage, type Identity, type Position, readTyped, type ServerMessage } from "./protocol";
import type { Way } from "./way";

/** What the stream says; its `error` comes before the server ends it. */
const EVENTS = ["position", "message", "read", "moderated", "lost", "skipped", "error"];

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
        else desk.send(message);
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
      stream = connect(addressOf(back, { path, query: { after, epoch, except: identity.sender, name } }), EVENTS, {
        received(event, data) {
          const message = readTyped(event, data);
          if (message?.type === "error") return ended(message);
          if (!welcomed && (message?.type === "position" || message?.type === "lost")) {
            const { offset, epoch } = message;
            return welcome({ offset, epoch });
          }
          events.received(message);
        },
        // A stream that was never there was refused, for a reason that the browser keeps to itself.
        closed: () => (welcomed ? desk.end(null) : askWhy()),
      });

      function ended(error: ServerMessage & { type: "error" }): void {
        // For how long somebody is banned isn't said on a stream.
        if (error.code === "banned" && error.retry_after_ms === undefined) askWhy();
        else desk.fail(error);
      }

      function askWhy(): void {
        desk.page({ limit: 1, name, except: identity.sender }, (page, body) => {
          if (page === null) desk.fail(body);
          else desk.end(null);
        });
      }
    }
  };
}
