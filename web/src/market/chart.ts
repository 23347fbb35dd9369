import { Backoff } from "../net/backoff";
import type { Cancel, Clock } from "../net/clock";
import { Bars } from "./bars";
import type { Desk } from "./desk";
import type { BarPage, Interval, MarketCommand, MarketEvent, Position, Quote } from "./protocol";

/** What a chart is of. */
export interface Subject {
  symbol: string;
  interval: Interval;
}

/** A subject with what is known of it. */
export interface Shown extends Subject {
  scale: number;
  bars: Bars;
}

/** `loading`: what it's of now isn't here yet. `unknown`: there is no such symbol. */
export type ChartState = "loading" | "shown" | "unreachable" | "unknown";

export interface ChartEvents {
  /** Its state or its bars have changed: paint again. */
  changed(): void;
  say(command: MarketCommand): void;
}

/** Pause after an older page that didn't come, in milliseconds: whoever scrolls asks for it all the time. */
export const OLDER_PAUSE_MS = 1000;

/**
 * One chart: the newest bars in one answer, then the changes from its position on. Where a change may be missing it takes the newest bars
 * again; what is shown stays until they're here.
 */
export class Chart {
  #subject: Subject | null = null;
  #shown: Shown | null = null;
  #state: ChartState = "loading";
  #position: Position | null = null;
  /** Whether commands can be said. */
  #open = false;
  /** Whether changes follow the position without a hole. */
  #follows = false;
  #cancelPage: Cancel = () => {};
  #cancelOlder: Cancel | null = null;
  readonly #backoff: Backoff;

  constructor(
    private readonly desk: Desk,
    private readonly clock: Clock,
    random: () => number,
    private readonly events: ChartEvents,
  ) {
    this.#backoff = new Backoff(random);
  }

  get subject(): Subject | null {
    return this.#subject;
  }

  get shown(): Shown | null {
    return this.#shown;
  }

  get state(): ChartState {
    return this.#state;
  }

  /** Whether it's as the market is, by all that is known. */
  get follows(): boolean {
    return this.#follows;
  }

  show(subject: Subject): void {
    this.#subject = subject;
    this.#backoff.reset();
    this.#state = "loading";
    this.#load();
    this.events.changed();
  }

  /** Asks for the page before the oldest bar, unless it's on its way. */
  older(): void {
    const shown = this.#shown;
    const first = shown?.bars.list[0];
    if (shown === null || first === undefined || !shown.bars.more || this.#cancelOlder !== null) return;
    if (!isSame(shown, this.#subject)) return;
    this.#cancelOlder = this.desk.bars(shown, first.at, (page) => {
      this.#cancelOlder = null;
      // One that was kept may be of a time when prices had other digits.
      if (page === null || page === "unknown" || page.scale !== shown.scale) {
        this.#cancelOlder = this.clock.after(OLDER_PAUSE_MS, () => {
          this.#cancelOlder = null;
        });
        return;
      }
      shown.bars.prepend(page);
      this.events.changed();
    });
  }

  /** Commands can be said from now on; the back knows nothing of this chart. */
  opened(): void {
    this.#open = true;
    this.#join();
  }

  /** No changes will come any more. */
  closed(): void {
    this.#open = false;
    this.#follows = false;
  }

  received(event: MarketEvent): void {
    switch (event.type) {
      case "charting":
        if (!isSame(event, this.#subject) || this.#position === null) return;
        this.#follows = event.recovered;
        if (!event.recovered) this.#again();
        return;
      case "bar":
        if (this.#follows && isSame(event, this.#subject)) this.#change(event);
        return;
      case "quote":
        this.#traded(event.quote);
        return;
      case "skipped":
        if (this.#follows) this.#again();
        return;
      case "error":
        if (this.#position !== null && !this.#follows) this.#again();
        return;
      default:
        return;
    }
  }

  stop(): void {
    this.closed();
    this.#cancelPage();
    this.#stopOlder();
  }

  /** A symbol that had gone is listed again. */
  #traded({ symbol, halted }: Quote): void {
    if (this.#state === "unknown" && symbol === this.#subject?.symbol && !halted) this.#again();
  }

  #change({ offset, bar }: Extract<MarketEvent, { type: "bar" }>): void {
    if (this.#position === null || this.#shown === null || offset <= this.#position.offset) return;
    if (offset !== this.#position.offset + 1) {
      this.#again();
      return;
    }
    this.#backoff.reset();
    this.#position = { ...this.#position, offset };
    this.#shown.bars.change(bar);
    this.events.changed();
  }

  #load(): void {
    const subject = this.#subject;
    if (subject === null) return;
    this.#cancelPage();
    // It might no longer join what is shown then.
    this.#stopOlder();
    this.#position = null;
    this.#follows = false;
    this.#cancelPage = this.desk.bars(subject, null, (page) => {
      if (page === "unknown") {
        this.#state = "unknown";
        this.#shown = null;
      } else if (page?.position) this.#take(subject, page);
      else {
        this.#state = this.#state === "shown" ? "shown" : "unreachable";
        // Under the name of the new one it would be read as its own.
        if (this.#shown !== null && !isSame(this.#shown, subject)) this.#shown = null;
        this.#again();
      }
      this.events.changed();
    });
  }

  #take(subject: Subject, page: BarPage): void {
    const known = isSame(subject, this.#shown) && this.#shown.scale === page.scale;
    this.#shown = known ? this.#shown : { ...subject, scale: page.scale, bars: new Bars() };
    this.#shown?.bars.take(page);
    this.#state = "shown";
    this.#position = page.position;
    this.#join();
  }

  /** The newest bars again, but not at once: whatever was wrong might still be. */
  #again(): void {
    this.#follows = false;
    this.#position = null;
    this.#cancelPage();
    this.#cancelPage = this.clock.after(this.#backoff.next(), () => this.#load());
  }

  #join(): void {
    this.#follows = false;
    if (this.#open && this.#subject !== null && this.#position !== null) {
      this.events.say({ type: "chart", ...this.#subject, ...this.#position });
    }
  }

  #stopOlder(): void {
    this.#cancelOlder?.();
    this.#cancelOlder = null;
  }
}

function isSame(one: { symbol: string; interval: string }, other: Subject | null): other is Subject {
  return one.symbol === other?.symbol && one.interval === other.interval;
}
