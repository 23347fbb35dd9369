import { type Choice, roomHref, TRANSPORTS, tellsOfPeople, VIAS } from "../chat/choice";
import type { Carrier } from "../chat/way";
import { fill, type Texts } from "../i18n/texts";
import { byId, part, setText } from "./dom";

/** The links between the ways to one room, the present one marked, and what carries the messages. */
export class WaySwitch {
  readonly #carrier = byId("carrier", "p");

  constructor(
    room: string,
    choice: Choice,
    private readonly texts: Texts,
  ) {
    for (const via of VIAS) {
      link(byId("via", "ul"), via, roomHref(room, { ...choice, via }), via === choice.via);
    }
    byId("people-section", "section").hidden = !tellsOfPeople(choice.via);
    byId("people-count", "p").hidden = !tellsOfPeople(choice.via);
    byId("way-alone", "p").hidden = tellsOfPeople(choice.via);
    const transports = byId("transports", "ul");
    transports.hidden = choice.via !== "socketio";
    for (const transport of TRANSPORTS) {
      link(transports, transport, roomHref(room, { via: "socketio", transport }), transport === choice.transport);
    }
  }

  /** `null` while there is no connection. */
  show(carrier: Carrier | null): void {
    if (carrier === null) delete document.body.dataset.carrier;
    else document.body.dataset.carrier = carrier;
    const { carried_by, carried_by_nothing } = this.texts.way;
    setText(
      this.#carrier,
      carrier === null ? carried_by_nothing : fill(carried_by, { carrier: this.texts.way[WORDS[carrier]] }),
    );
  }
}

const WORDS = { websocket: "websocket", sse: "sse", "long-polling": "long_polling", polling: "polling" } as const;

function link(list: HTMLElement, what: string, href: string, current: boolean): void {
  const anchor = part(list, `[data-way="${what}"]`);
  anchor.setAttribute("href", href);
  if (current) anchor.setAttribute("aria-current", "true");
}
