import { readChoice, VIAS, type Via } from "./chat/choice";
import { openStorage, randomId } from "./chat/storage";
import { systemClock } from "./net/clock";
import { httpTo } from "./net/http";
import { enableLanguageSwitch, readPage } from "./page";
import { Booth } from "./seats/booth";
import { Commands } from "./seats/commands";
import { Hall } from "./seats/hall";
import { Mine } from "./seats/mine";
import { Person } from "./seats/person";
import { type Change, type Listed, readList, roomOf } from "./seats/protocol";
import { ServerTime } from "./seats/server-time";
import { Telling } from "./seats/telling";
import { Watch, type WatchState } from "./seats/watch";
import { byId, part, setText } from "./view/dom";
import { showBookings, showElsewhere } from "./view/seats/bookings";
import { showEvents } from "./view/seats/event-list";
import { EventPage } from "./view/seats/event-page";
import { PageTitle } from "./view/seats/page-title";
import { TurnBar } from "./view/seats/turn-bar";
import { wayTo } from "./ways";

/** How often the countdown is painted, in milliseconds: often enough that no second is skipped. */
const TICK_MS = 250;
/** How often the list of events is asked for while it's looked at, in milliseconds. */
const LIST_MS = 5000;
/** How long an answer may take, in milliseconds. */
const PATIENCE_MS = 10_000;

const { language, texts, backWs, backHttp } = readPage(document.body);
const query = new URLSearchParams(location.search);
const choice = readChoice(query);
const event = query.get("event") ?? "";
const http = httpTo(backHttp);
const time = new ServerTime(systemClock);
const hall = new Hall();
const mine = new Mine();
const telling = new Telling(language, texts, hall);
const person = new Person(
  openStorage(() => localStorage),
  http,
);
const newKey = () => randomId(22);
const commands = new Commands({ http, person, time, clock: systemClock, newKey, random: Math.random });
const booth = new Booth({
  event,
  hall,
  mine,
  commands,
  time,
  clock: systemClock,
  sender: () => person.known?.sender ?? null,
  events: { changed: paint, told: (news) => page?.speaker.tell(news) },
});
const watch = new Watch({
  event,
  way: wayTo(roomOf(event), choice, { backWs, backHttp }),
  http,
  name: `${texts.chat.guest}-${1000 + Math.floor(Math.random() * 9000)}`,
  hall,
  time,
  clock: systemClock,
  random: Math.random,
  events: { changed, became },
});
const look = (day: string) => watch.look(day);
const title = new PageTitle();
const page = event === "" ? null : new EventPage({ event, hall, mine, booth, time, telling, title, look });
const turn = new TurnBar({ event, telling, time, booth, title, deeds: page?.deeds ?? null, href });
let events: readonly Listed[] = [];
let bookings = "";
let shown = "";
/** Whether the events are listed: there is none of this page, or not the one that its address names. */
let listing = false;
/** Whether the connection was lost since it was last there. */
let lost = false;

enableLanguageSwitch();
if (page === null) void listEvents();
else watchEvent();
void booth.refresh();
setInterval(tick, TICK_MS);

/** Another moment is over. */
function tick(): void {
  const over = booth.tick();
  if (over.length > 0) page?.paint(over);
  page?.tick();
  turn.show(mine.holds);
}

function paint(): void {
  page?.paint();
  turn.show(mine.holds);
  // Written anew only if it says something else: somebody may be reading it.
  const now = JSON.stringify([mine.holds, events.map(({ event }) => event)]);
  if (now !== bookings) {
    const others = mine.holds.filter((hold) => hold.event !== event);
    showBookings(mine.holds, events, telling);
    showElsewhere(others, events, telling, href);
  }
  bookings = now;
}

/** The event isn't as it was. */
function changed(changes: readonly Change[], whole: boolean): void {
  document.body.dataset.offset = String(hall.position?.offset ?? "");
  if (whole) page?.take();
  else page?.paint(changes);
  booth.changed(changes);
}

function became(state: WatchState): void {
  show(state);
  if (state === "gone") {
    for (const id of ["all-events", "event-section", "ways-nav"]) part(document, `#${id}`).hidden = true;
    if (!listing) void listEvents();
  }
  if (state !== "live") return;
  booth.reached();
  // What was missed may have been one's own.
  void booth.refresh();
}

function watchEvent(): void {
  byId("all-events", "a").href = href("");
  byId("all-events", "a").hidden = false;
  byId("ways-nav", "nav").hidden = false;
  for (const via of VIAS) {
    const link = part(byId("ways", "ul"), `[data-way="${via}"]`);
    link.setAttribute("href", href(event, via));
    if (via === choice.via) link.setAttribute("aria-current", "true");
  }
  const wake = () => {
    watch.wake();
    void booth.refresh();
  };
  addEventListener("online", wake);
  addEventListener("pageshow", (shown) => shown.persisted && wake());
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) wake();
  });
  watch.start();
  // For the names of other events that one has booked.
  void askEvents();
}

async function listEvents(): Promise<void> {
  listing = true;
  byId("events-section", "section").hidden = false;
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) void askEvents();
  });
  setInterval(() => {
    if (!document.hidden) void askEvents();
  }, LIST_MS);
  await askEvents();
}

async function askEvents(): Promise<void> {
  const ask = { method: "GET", path: "/api/seats/events", patienceMs: PATIENCE_MS } as const;
  const answer = await new Promise<Parameters<Parameters<typeof http>[1]>[0]>((resolve) => http(ask, resolve));
  const listed = readList(answer?.body);
  if (listed !== null) events = listed;
  if (page === null) show(listed === null ? "waiting" : "live");
  if (listing) {
    const unchanged = listed !== null && JSON.stringify(listed) === shown;
    if (!unchanged) showEvents(listed, telling, href);
    shown = JSON.stringify(listed);
  }
  paint();
}

function show(state: WatchState): void {
  if (state === "waiting") lost = true;
  else if (state !== "connecting") lost = false;
  // Each further attempt is no news, and would be heard again and again.
  const told = lost ? "waiting" : state;
  byId("watch-state", "p").dataset.state = told === "gone" ? "refused" : told;
  setText(byId("watch-state-text", "span"), texts.seats[`state_${told}`]);
}

/** The address of an event's page, by the same way to its room; without an event, that of the list. */
function href(event: string, via: Via = choice.via): string {
  const query = new URLSearchParams({ ...(event === "" ? {} : { event }), ...(via === "websocket" ? {} : { via }) });
  return query.size === 0 ? "/seats" : `/seats?${query}`;
}
