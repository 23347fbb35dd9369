import { fill, type Language, type Texts } from "../i18n/texts";
import { FEEDS, type FeedName } from "../scores/feed";
import type { Reading } from "../scores/meter";
import { byId, part, setText } from "./dom";

/** The choice of transport and what it costs. */
export class FeedSwitch {
  readonly #form = byId("feed", "form");
  readonly #interval = byId("interval", "select");

  constructor(
    private readonly language: Language,
    private readonly texts: Texts,
    chosen: (feed: FeedName, interval: number) => void,
  ) {
    this.#form.addEventListener("submit", (event) => event.preventDefault());
    this.#form.addEventListener("change", () => {
      this.#about();
      chosen(this.name, this.interval);
    });
  }

  get name(): FeedName {
    const chosen = new FormData(this.#form).get("feed");
    return FEEDS.find((name) => name === chosen) ?? "polling";
  }

  get interval(): number {
    return Number(this.#interval.value);
  }

  choose(name: FeedName): void {
    const input = this.#form.querySelector<HTMLInputElement>(`[name=feed][value="${name}"]`);
    if (input !== null) input.checked = true;
    this.#about();
  }

  show(reading: Reading): void {
    const { feed } = this.texts;
    const seconds = (ms: number | null) =>
      ms === null ? feed.none : fill(feed.seconds, { count: this.#number(ms / 1000, 1) });
    this.#put("requests", this.#number(reading.requests, 0));
    this.#put("bytes", this.#bytes(reading.bytes));
    this.#put("delay", seconds(reading.delay));
    this.#put("mean", seconds(reading.meanDelay));
    const age = reading.age;
    this.#put("age", age === 0 ? feed.at_once : age === null ? feed.none : fill(feed.ago, { time: seconds(age) }));
    if (age === null) delete document.body.dataset.age;
    else document.body.dataset.age = String(Math.round(age));
  }

  #about(): void {
    const about = { polling: "polling_about", "long-polling": "long_polling_about" } as const;
    const key =
      this.name === "events" ? "events_about" : this.name === "websocket" ? "websocket_about" : about[this.name];
    setText(byId("feed-about", "p"), this.texts.feed[key]);
    byId("interval-row", "p").hidden = this.name !== "polling";
  }

  #put(what: string, text: string): void {
    setText(part(document, `[data-reading="${what}"]`), text);
  }

  #bytes(bytes: number): string {
    return bytes < 1000 ? `${bytes} B` : `${this.#number(bytes / 1000, 1)} kB`;
  }

  #number(value: number, digits: number): string {
    const { format } = new Intl.NumberFormat(this.language, {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
    return format(value);
  }
}
