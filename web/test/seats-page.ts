import { readFileSync } from "node:fs";
import { join } from "node:path";
import { vi } from "vitest";
import { type Language, textsOf } from "../src/i18n/texts";
import { Booth, type BoothEvents } from "../src/seats/booth";
import { Hall } from "../src/seats/hall";
import { Mine } from "../src/seats/mine";
import type { Change, Snapshot } from "../src/seats/protocol";
import { Telling } from "../src/seats/telling";
import { part } from "../src/view/dom";
import { EventPage } from "../src/view/seats/event-page";
import { PageTitle } from "../src/view/seats/page-title";
import { asking, FakeBack, told } from "./seats-samples";
import { VirtualClock } from "./virtual-clock";

const template = readFileSync(join(import.meta.dirname, "../../server/templates/seats.html"), "utf8");

/** The template as the server would give it, less the values that no test looks at. */
export function loadSeats(): void {
  document.body.innerHTML = template.split("{% block body %}")[1]?.replace(/\{%.*?%\}/g, "") ?? "";
  // happy-dom lays nothing out.
  HTMLDialogElement.prototype.showModal ??= () => {};
}

/** The page of an event, with a server that answers when it's told to. */
export function open(snapshot: Snapshot, language: Language = "en") {
  const back = new FakeBack();
  const clock = new VirtualClock();
  const hall = new Hall();
  const mine = new Mine();
  const { time, commands } = asking(back, clock);
  const { event } = snapshot;
  const events: BoothEvents = { changed: () => page.paint(), told: (news) => page.speaker.tell(news) };
  const booth = new Booth({ event, hall, mine, commands, time, clock, sender: () => "me", events });
  const telling = new Telling(language, textsOf(language), hall);
  const look = vi.fn();
  const page: EventPage = new EventPage({ event, hall, mine, booth, time, telling, title: new PageTitle(), look });
  hall.take(snapshot);
  page.take();
  const changes = (...places: Change[]) => {
    const added = hall.add(told((hall.position?.offset ?? 0) + 1, ...places));
    if (typeof added === "string") throw new Error(added);
    page.paint(added);
    booth.changed(added);
  };
  return { back, clock, hall, mine, booth, page, changes, telling, time, look };
}

export const spot = (place: string) => part(document, `#map [data-place="${place}"]`) as unknown as SVGGElement;
export const press = (place: string) => spot(place).dispatchEvent(new MouseEvent("click", { bubbles: true }));
