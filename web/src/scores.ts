import { systemClock } from "./net/clock";
import { connectWebSocket } from "./net/socket";
import { enableLanguageSwitch, readPage } from "./page";
import { ask } from "./scores/answers";
import { FEEDS, type Feed, type FeedName } from "./scores/feed";
import { eventLine, socketLine } from "./scores/lines";
import { Meter } from "./scores/meter";
import { Polling } from "./scores/polling";
import { type Listed, readList } from "./scores/protocol";
import { Push } from "./scores/push";
import { Relay } from "./scores/relay";
import { byId, part, setText } from "./view/dom";
import { FeedSwitch } from "./view/feed-switch";
import { showMatches } from "./view/matches";
import { Scoreboard } from "./view/scoreboard";
import { Ticker } from "./view/ticker";

/** The match that the program plays by itself. */
const YARD = "yard";
/** Seconds that a long-poll waits: less than proxies allow a silent answer. */
const WAIT_S = 25;
/** How often the figures are painted, in milliseconds: the age is one that grows. */
const PAINT_MS = 500;

const { language, texts, backWs, backHttp } = readPage(document.body);
const query = new URLSearchParams(location.search);
const match = query.get("match") || YARD;
const relay = new Relay();
const scoreboard = new Scoreboard(language, texts);
const ticker = new Ticker(language, texts);
const state = byId("feed-state", "p");
const feedSwitch = new FeedSwitch(language, texts, choose);
let meter = new Meter(systemClock);
let feed: Feed | null = null;
/** The matches there are, once the server has said. */
let matches: readonly Listed[] | null = null;

enableLanguageSwitch();
feedSwitch.choose(FEEDS.find((name) => name === query.get("via")) ?? "polling");
watchTransfers();
begin();
setInterval(() => {
  if (!document.hidden) feedSwitch.show(meter.read());
}, PAINT_MS);
// A page that isn't looked at asks for nothing; one that is looked at again begins with how things are.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) pause();
  else begin();
});
addEventListener("pagehide", pause);
void listMatches();

function choose(name: FeedName): void {
  const url = new URL(location.href);
  url.searchParams.set("via", name);
  history.replaceState(null, "", url);
  showMatches(matches ?? [], match, language, url.search);
  begin();
}

function begin(): void {
  feed?.stop();
  meter = new Meter(systemClock);
  feed = feedOf(feedSwitch.name, meter);
  show("connecting");
  feedSwitch.show(meter.read());
  feed.start();
}

function pause(): void {
  feed?.stop();
  feed = null;
  show("paused");
}

function feedOf(name: FeedName, meter: Meter): Feed {
  const events = {
    changed(plays: number, age: number | null) {
      meter.arrived(plays, relay.at, age);
      if (relay.board !== null) scoreboard.show(relay.board);
      ticker.show(relay.lines);
      document.body.dataset.offset = String(relay.offset);
    },
    confirmed() {
      meter.confirmed();
      show("live");
    },
    held(held: boolean) {
      meter.held(held);
      if (held) show("live");
    },
    requested: () => meter.requested(),
    received: (bytes: number) => meter.received(bytes),
    failed: (why: "unreachable" | "gone") => show(why),
  };
  const place = { back: backHttp, match, relay, events };
  switch (name) {
    case "polling":
    case "long-polling": {
      const manner = { wait: name === "polling" ? 0 : WAIT_S, interval: feedSwitch.interval };
      return new Polling(place, manner, ask, systemClock, Math.random);
    }
    case "events": {
      const line = eventLine(backHttp, match, (url) => new EventSource(url));
      return new Push(place, line, ask, systemClock, Math.random);
    }
    case "websocket": {
      const line = socketLine(backWs, match, connectWebSocket);
      return new Push(place, line, ask, systemClock, Math.random);
    }
  }
}

function show(what: "connecting" | "live" | "paused" | "unreachable" | "gone"): void {
  // There are no plays of a match that isn't there, but others to go to.
  part(document, ".ticker").hidden = what === "gone";
  if ((what === "live" || what === "gone") && matches === null) void listMatches();
  state.dataset.state = what;
  setText(byId("feed-state-text", "span"), texts.feed[`state_${what}`]);
}

/** Adds what the browser knows of each request: bytes with headers. It doesn't tell of sockets, nor of streams before they end. */
function watchTransfers(): void {
  if (!("PerformanceObserver" in globalThis)) return;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (entry instanceof PerformanceResourceTiming && entry.name.startsWith(`${backHttp}/api/`)) {
        meter.transferred(entry.transferSize);
      }
    }
  }).observe({ type: "resource" });
}

async function listMatches(): Promise<void> {
  const answer = await ask(`${backHttp}/api/scores`, {}).catch(() => null);
  matches = readList(answer?.body) ?? matches;
  showMatches(matches ?? [], match, language, location.search);
}
