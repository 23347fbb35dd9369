import { openStorage } from "./chat/storage";
import { fill } from "./i18n/texts";
import { Book } from "./market/book";
import type { Shown } from "./market/chart";
import { hrefOf, isOfChoice, keepChoice, keepWatchlist, readChoice, readWatchlist } from "./market/choice";
import { Market } from "./market/client";
import { Comparison } from "./market/comparison";
import { Desk } from "./market/desk";
import { animationFrame, Painter } from "./market/painter";
import { formatPrice } from "./market/price";
import type { Bar, Listing } from "./market/protocol";
import { socketIoWay, type Way, webSocketWay } from "./market/way";
import { pageAttention } from "./net/attention";
import { systemClock } from "./net/clock";
import { httpTo } from "./net/http";
import { connectWebSocket } from "./net/socket";
import { loadSocketIo, socketIoConnector } from "./net/socketio";
import { enableLanguageSwitch, readPage } from "./page";
import { byId, part, setText } from "./view/dom";
import { handOn, onPress, setReady } from "./view/focus";
import { ChartView } from "./view/market/chart";
import { ChartHead } from "./view/market/head";
import { ChartKeys } from "./view/market/keys";
import { onLookChange } from "./view/market/look";
import { pictureOf, save } from "./view/market/picture";
import { Search } from "./view/market/search";
import { Toolbar, type Tools } from "./view/market/toolbar";
import { Watchlist } from "./view/market/watchlist";

/** Symbols on the list of somebody who hasn't chosen any. */
const FIRST_WATCHED = 12;
/** Pause before a server that doesn't answer is asked for its symbols again, in milliseconds. */
const AGAIN_MS = 2000;
/** Where a key means itself. */
const WRITTEN_IN = 'input:not([type="radio"], [type="checkbox"]), select';

const { language, texts, backWs, backHttp } = readPage(document.body);
const storage = openStorage(() => localStorage);
const place = byId("chart", "div");
const desk = new Desk(httpTo(backHttp));
const book = new Book(desk);
let choice = readChoice(location.search, storage);
/** What the address said may be wrong, and is said to be; what was remembered may have gone since, and isn't. */
let remembered = !new URLSearchParams(location.search).has("symbol");
/** Whether the connection was lost since the symbols were learned. */
let lost = false;
/** Whether it has been noted when the first bars were painted. */
let marked = false;
/** Whether the chart's symbol is one that isn't there. */
let missing = false;
/** Which listing was learned since its prices had other digits than before. */
let learned = "";
/** The bar that the legend is about; `null` for the newest. */
let pointed: Bar | null = null;

const painter = new Painter(animationFrame, paint);
const changed = () => painter.ask();
const market = new Market({ way: way(), desk, clock: systemClock, random: Math.random, changed });
const comparison = new Comparison(desk, systemClock, changed);
const view = new ChartView(place, language, texts, {
  older: () => market.chart.older(),
  pointed: (bar) => {
    pointed = bar;
    painter.ask();
  },
  atEnd: (atEnd) => {
    byId("latest", "button").hidden = atEnd;
  },
});
const head = new ChartHead(language, texts, () => star(choice.symbol ?? "", !isWatched(choice.symbol ?? "")));
const watchlist = new Watchlist(language, texts, book, { chosen: chart, removed: (symbol) => star(symbol, false) });
const toolbar = new Toolbar(use);
const search = new Search(language, texts, desk, systemClock, (listing) => {
  book.add([listing]);
  chart(listing.symbol);
  place.focus();
});
new ChartKeys(place, view, (bar) => {
  pointed = bar;
  paint();
  if (bar !== null) head.sayLegend();
});

enableLanguageSwitch();
toolbar.show(choice);
drawAsChosen();
if (choice.symbol !== null) show();
learn();
look();
pageAttention.onChange(look);
addEventListener("pagehide", () => market.pause());
addEventListener("pageshow", look);
addEventListener("online", () => market.tryNow());
onLookChange(() => view.relook());
onPress(byId("try-now", "button"), () => market.tryNow());
byId("latest", "button").addEventListener("click", () => view.toLatest());
byId("save", "button").addEventListener("click", savePicture);
addEventListener("storage", (event) => {
  if (isOfChoice(event)) watchElsewhere();
});
addEventListener("keydown", (event) => {
  if (event.key !== "/" || (event.target instanceof Element && event.target.matches(WRITTEN_IN))) return;
  event.preventDefault();
  search.focus();
});

function way(): Way {
  if (choice.via === "websocket") return webSocketWay(backWs, connectWebSocket);
  const load = loadSocketIo(`${backHttp}/socket.io/socket.io.min.js`);
  return socketIoWay(socketIoConnector(`${backHttp}/market`, "default", load));
}

function look(): void {
  if (pageAttention.away) market.pause();
  else market.resume();
}

function learn(): void {
  const wanted = [...(choice.watchlist ?? []), ...(choice.symbol === null ? [] : [choice.symbol])];
  book.learn(wanted, (first) => {
    const [one] = first ?? [];
    if (first === null || one === undefined) {
      if (first !== null) problem(texts.market.empty);
      learnLater();
      return;
    }
    const listed = (choice.watchlist ?? first.slice(0, FIRST_WATCHED).map(({ symbol }) => symbol)).filter(isListed);
    choice = { ...choice, watchlist: listed };
    if (choice.symbol === null || (remembered && !isListed(choice.symbol))) chart(one.symbol);
    else watch();
  });
}

/** Tries again, once somebody looks. */
function learnLater(): void {
  systemClock.after(AGAIN_MS, () => (pageAttention.away ? learnLater() : learn()));
}

function isListed(symbol: string): boolean {
  return book.get(symbol) !== null;
}

function isWatched(symbol: string): boolean {
  return choice.watchlist?.includes(symbol) === true;
}

/** Charts another symbol. */
function chart(symbol: string): void {
  remembered = false;
  choice = { ...choice, symbol };
  keep();
  show();
  watch();
}

function star(symbol: string, watched: boolean): void {
  // Another tab's deed may not have been told here yet.
  const others = (readWatchlist(storage) ?? choice.watchlist ?? []).filter((one) => one !== symbol);
  choice = { ...choice, watchlist: watched && symbol !== "" ? [...others, symbol] : others };
  keepWatchlist(choice.watchlist ?? [], storage);
  watch();
}

/** Another tab watches other symbols now, which this one may know nothing of yet. */
function watchElsewhere(): void {
  choice = { ...choice, watchlist: readWatchlist(storage) };
  learn();
}

function use({ interval, style, averages, log }: Omit<Tools, "compare">): void {
  const again = interval !== choice.interval;
  choice = { ...choice, interval, style, averages, log };
  keep();
  drawAsChosen();
  if (again) show();
  painter.ask();
}

function keep(): void {
  keepChoice(choice, storage);
  history.replaceState(null, "", hrefOf(location.href, choice));
}

function drawAsChosen(): void {
  view.style(choice.style);
  const { compare } = toolbar.read();
  view.averages(choice.averages && compare === null);
  byId("averages-rest", "span").hidden = !choice.averages || compare === null;
  comparison.show(compare === null ? null : { symbol: compare, interval: choice.interval });
  view.mode(compare !== null ? "share" : choice.log ? "log" : "linear");
}

function show(): void {
  const { symbol, interval } = choice;
  if (symbol === null) return;
  problem(null);
  market.chart.show({ symbol, interval });
}

/** Tells the connection and the list what is watched: the charted symbol too, for its price and its day. */
function watch(): void {
  const { symbol, watchlist: listed } = choice;
  const symbols = (listed ?? []).filter(isListed);
  watchlist.show(symbols, symbol);
  toolbar.others(symbols.filter((one) => one !== symbol));
  drawAsChosen();
  market.watch.set(symbol !== null && isListed(symbol) ? [symbol, ...symbols] : symbols);
  for (const one of symbols) {
    const quote = market.watch.quote(one);
    if (quote !== null) watchlist.quote(quote);
  }
  painter.ask();
}

function paint(): void {
  paintState();
  const compared = comparison.subject?.symbol;
  for (const quote of market.watch.drain()) {
    watchlist.quote(quote);
    const last = view.rows.at(-1);
    if (quote.symbol === compared && last !== undefined) comparison.quote(quote, last.at);
  }
  paintChart();
}

function paintState(): void {
  const { state } = market;
  const place = byId("market-state", "p");
  if (place.dataset.state !== state && state === "live") {
    comparison.refresh();
    // It may have come back with other symbols.
    if (lost) learn();
    lost = false;
  }
  if (state === "waiting") lost = true;
  // Each further attempt is no news: it would be heard again and again, and push the chart up and down.
  const told = lost && state === "connecting" ? "waiting" : state;
  place.dataset.state = told;
  setText(byId("market-state-text", "span"), texts.market[`state_${told}`]);
  const tryNow = byId("try-now", "button");
  setReady(tryNow, state === "waiting");
  if (!lost) handOn(tryNow, part(document, "h1"));
  tryNow.hidden = !lost;
}

function paintChart(): void {
  const { subject, shown, state, follows } = market.chart;
  if (subject === null) return;
  const listing = book.get(subject.symbol);
  head.subject(subject.symbol, listing);
  head.star(subject.symbol, isWatched(subject.symbol));
  document.body.dataset.chart = state;
  document.body.dataset.follows = String(follows);
  if (state === "unknown") problem(fill(texts.market.unknown, { symbol: subject.symbol }));
  else if (state === "unreachable") problem(texts.market.unreachable);
  else if (state === "shown") problem(null);
  const quote = market.watch.quote(subject.symbol);
  head.quote(state === "unknown" ? null : quote);
  if (state === "unknown" && !missing) search.focusIfFree();
  missing = state === "unknown";
  if (shown === null) return paintNothing(listing);
  learnAnew(shown, listing);
  view.zone(listing?.utcOffsetMinutes ?? 0);
  const changes = shown.bars.drain();
  view.paint(shown, changes);
  if (!marked) performance.mark("market-painted");
  marked = true;
  view.day(shown.symbol === subject.symbol && quote?.scale === shown.scale ? quote : null);
  if (comparison.drain() || changes.length > 0) paintComparison();
  paintLegend(shown.scale, listing);
}

/** There are no bars of what the chart is of now; those of what it was of before are not its own. */
function paintNothing(listing: Listing | null): void {
  if (view.rows.length === 0) return;
  view.clear();
  paintLegend(0, listing);
}

/** What is shown has other digits than were learned: it was listed anew. */
function learnAnew({ symbol, scale }: Shown, listing: Listing | null): void {
  const other = listing?.symbol === symbol && listing.scale !== scale;
  if (other && learned !== `${symbol} ${scale}`) {
    learned = `${symbol} ${scale}`;
    learn();
  }
}

function paintComparison(): void {
  const [first] = view.rows;
  if (first !== undefined) comparison.reach(first.at);
  view.compare(comparison.subject === null ? null : (at) => comparison.closeAt(at), comparison.subject?.symbol ?? "");
}

function paintLegend(scale: number, listing: Listing | null): void {
  const last = market.chart.shown?.bars.list.at(-1) ?? null;
  const known = pointed === null ? last : (market.chart.shown?.bars.at(pointed.at) ?? last);
  const when = known === null ? "" : timeText(known.at, listing?.utcOffsetMinutes ?? 0);
  const averages = choice.averages && comparison.subject === null ? view.averagesAt(known?.at ?? 0) : null;
  head.legend(known, scale, when, averages, known === null ? null : comparedText(known.at));
  const name = listing?.name[language] ?? choice.symbol ?? "";
  const interval = intervalText();
  place.setAttribute("aria-label", fill(texts.market.chart_of, { name, interval }));
  document.body.dataset.bars = String(market.chart.shown?.bars.list.length ?? 0);
}

/** The compared symbol and its price beside the bar at `at`. */
function comparedText(at: number): string | null {
  const { symbol } = comparison.subject ?? {};
  const close = comparison.closeAt(at);
  if (symbol === undefined) return null;
  return `${symbol} ${close === null ? "–" : formatPrice(close, comparison.scale)}`;
}

/** The exchange's clock, wherever the reader is. */
function timeText(at: number, offsetMinutes: number): string {
  const [day = "", time = ""] = new Date(at + offsetMinutes * 60_000).toISOString().split("T");
  if (choice.interval === "1D") return day;
  return `${day} ${time.slice(0, choice.interval.endsWith("s") ? 8 : 5)}`;
}

function intervalText(): string {
  const names = texts.market as Record<string, string>;
  return names[`interval_${choice.interval.toLowerCase()}`] ?? choice.interval;
}

function problem(text: string | null): void {
  const line = byId("chart-problem", "p");
  line.hidden = text === null;
  setText(line, text ?? "");
}

function savePicture(): void {
  const { symbol, interval } = choice;
  const title = `${symbol} · ${intervalText()} · ${byId("chart-price", "strong").textContent}`;
  save(pictureOf(view.chart.takeScreenshot(true, false), title, place), `madang-${symbol}-${interval}.png`);
}
