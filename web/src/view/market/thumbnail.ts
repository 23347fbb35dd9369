import { Market } from "../../market/client";
import { Desk } from "../../market/desk";
import { animationFrame, type NextFrame, Painter } from "../../market/painter";
import { changeOf, formatPrice, formatShare } from "../../market/price";
import type { Listing } from "../../market/protocol";
import { SPARK_INTERVAL, Spark } from "../../market/spark";
import { type Way, webSocketWay } from "../../market/way";
import { type Attention, pageAttention } from "../../net/attention";
import { type Clock, systemClock } from "../../net/clock";
import { type AskHttp, httpTo } from "../../net/http";
import { type Connect, connectWebSocket } from "../../net/socket";
import type { Page } from "../../page";
import { make, setText } from "../dom";
import { wayOf } from "./head";

const WIDTH = 160;
const HEIGHT = 44;
/** Room around the line, half its width and a little more. */
const ROOM = 2;
/** Pause before a server that didn't answer is asked for its symbols again, in milliseconds. */
const AGAIN_MS = 5000;

/** What a thumbnail has to do with the world, which tests replace. */
export interface ThumbnailSite {
  way: Way;
  ask: AskHttp;
  clock: Clock;
  frame: NextFrame;
  attention: Attention;
}

/** Puts the first symbol's last minutes into `place`, live while somebody looks. The place stays empty as long as there is no market. */
export function openThumbnail(place: HTMLElement, page: Page, site: ThumbnailSite = browserSite(page)): void {
  const { way, ask, clock, frame, attention } = site;
  const desk = new Desk(ask);
  const spark = new Spark();
  const picture = new Thumbnail(place);
  let listing: Listing | null = null;
  const painter = new Painter(frame, paint);
  const market = new Market({ way, desk, clock, random: Math.random, changed: () => painter.ask() });

  first(desk, clock, attention, (found) => {
    listing = found;
    market.watch.set([found.symbol]);
    desk.bars({ symbol: found.symbol, interval: SPARK_INTERVAL }, null, (page) => {
      if (page !== null && page !== "unknown") spark.take(page);
      painter.ask();
    });
    const look = () => (attention.away ? market.pause() : market.resume());
    attention.onChange(look);
    addEventListener("pagehide", () => market.pause());
    look();
  });

  function paint(): void {
    if (listing === null) return;
    for (const quote of market.watch.drain()) spark.quote(quote);
    const quote = market.watch.quote(listing.symbol);
    if (quote === null) return;
    const { symbol } = listing;
    const change = changeOf(quote);
    const words = [symbol, formatPrice(quote.price, quote.scale), formatShare(change.share)];
    picture.show(spark.line(WIDTH, HEIGHT, ROOM), words, wayOf(change.by));
  }
}

/** The world as this browser has it. */
export function browserSite({ backWs, backHttp }: Page, connect: Connect = connectWebSocket): ThumbnailSite {
  return {
    way: webSocketWay(backWs, connect),
    ask: httpTo(backHttp),
    clock: systemClock,
    frame: animationFrame,
    attention: pageAttention,
  };
}

/** A line and three words. */
class Thumbnail {
  readonly #line = document.createElementNS("http://www.w3.org/2000/svg", "polyline");
  readonly #svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  readonly #words = ["symbol", "price", "change"].map((what) => make("span", `thumbnail-${what}`));

  constructor(private readonly place: HTMLElement) {
    this.#svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    this.#svg.setAttribute("preserveAspectRatio", "none");
    this.#line.setAttribute("vector-effect", "non-scaling-stroke");
    this.#svg.append(this.#line);
  }

  show(points: string, words: readonly string[], way: string): void {
    if (this.place.childElementCount === 0) this.place.append(...this.#words, this.#svg);
    this.#line.setAttribute("points", points);
    this.place.dataset.way = way;
    for (const [at, word] of this.#words.entries()) setText(word, words[at] ?? "");
  }
}

/** The first symbol there is, as soon as there is one. Nobody asks while nobody looks. */
function first(desk: Desk, clock: Clock, attention: Attention, found: (listing: Listing) => void): void {
  const again = () => {
    clock.after(AGAIN_MS, () => (attention.away ? again() : first(desk, clock, attention, found)));
  };
  desk.listings("", 1, (listings) => {
    const listing = listings?.[0];
    if (listing !== undefined) found(listing);
    else again();
  });
}
