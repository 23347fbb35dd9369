import { Backoff } from "../net/backoff";
import type { Cancel, Clock } from "../net/clock";
import { Chart } from "./chart";
import type { Desk } from "./desk";
import type { MarketCommand, MarketEvent } from "./protocol";
import { Watch } from "./watch";
import type { Line, Way } from "./way";

/** `paused`: nobody looks. `waiting`: the connection is lost, and the next attempt comes by itself. */
export type MarketState = "connecting" | "live" | "waiting" | "paused";

export interface MarketSettings {
  way: Way;
  desk: Desk;
  clock: Clock;
  /** A number in [0, 1), for jitter. */
  random: () => number;
  /** The state, a quote or the chart has changed: paint again. */
  changed: () => void;
}

/** After so long a silence the back is asked for a sign of life, in milliseconds: a connection can be gone without a word. */
export const SILENCE_MS = 15_000;
/** Pause before a list that was refused is told again, in milliseconds: the back may be too busy, or wait for its database. */
export const REFUSED_MS = 2000;
/** How long a connection, or a sign of life, is waited for, in milliseconds. */
export const PATIENCE_MS = 10_000;

/**
 * A page's connection to the market: one line for its quotes and its chart, which comes back by itself, and rests while nobody looks. To
 * begin with somebody has to look.
 */
export class Market {
  readonly watch: Watch;
  readonly chart: Chart;
  readonly #backoff: Backoff;
  #state: MarketState = "paused";
  #line: Line | null = null;
  #open = false;
  #cancel: Cancel = () => {};
  #cancelRetell: Cancel = () => {};
  /** Which line is in use: what an earlier one reports is of no interest. */
  #attempt = 0;

  constructor(private readonly settings: MarketSettings) {
    const { desk, clock, random, changed } = settings;
    const say = (command: MarketCommand) => this.#line?.send(command);
    this.watch = new Watch(say, changed);
    this.chart = new Chart(desk, clock, random, { changed, say });
    this.#backoff = new Backoff(random);
  }

  get state(): MarketState {
    return this.#state;
  }

  /** Somebody looks: a line that rests says how things are, in one answer; otherwise there will be one. */
  resume(): void {
    if (this.#state !== "paused") return;
    if (!this.#open) {
      this.#connect();
      return;
    }
    this.#line?.send({ type: "resume" });
    this.chart.opened();
    this.#hear();
    this.#show("live");
  }

  /** Nobody looks: nothing comes, and a lost connection isn't missed. */
  pause(): void {
    if (this.#state === "paused") return;
    this.#cancel();
    if (this.#open) this.#line?.send({ type: "pause" });
    else this.#drop();
    this.chart.closed();
    this.#show("paused");
  }

  /** Doesn't wait any longer for the next attempt. */
  tryNow(): void {
    if (this.#state === "waiting") this.#connect();
  }

  stop(): void {
    this.#cancel();
    this.#drop();
    this.chart.stop();
    this.#show("paused");
  }

  #connect(): void {
    this.#cancel();
    this.#drop();
    this.#show("connecting");
    const attempt = this.#attempt;
    const ifCurrent = (run: () => void) => {
      if (attempt === this.#attempt) run();
    };
    this.#cancel = this.settings.clock.after(PATIENCE_MS, () => this.#lost());
    this.#line = this.settings.way({
      opened: () => ifCurrent(() => this.#opened()),
      received: (event) => ifCurrent(() => this.#received(event)),
      closed: () => ifCurrent(() => this.#lost()),
    });
  }

  #opened(): void {
    this.#open = true;
    this.watch.opened();
    this.chart.opened();
    this.#hear();
    this.#show("live");
  }

  #received(event: MarketEvent | null): void {
    if (this.#state === "live") this.#hear();
    if (event === null) return;
    // One that is refused has opened too, and must not come again at once.
    if (event.type !== "error") this.#backoff.reset();
    this.watch.received(event);
    this.chart.received(event);
    // A symbol that has gone will be as unknown the next time.
    if (event.type !== "error" || event.code === "symbol_unknown") return;
    this.#cancelRetell();
    this.#cancelRetell = this.settings.clock.after(REFUSED_MS, () => this.watch.retell());
  }

  /** Begins to wait for what comes next. */
  #hear(): void {
    const { clock } = this.settings;
    this.#cancel();
    this.#cancel = clock.after(SILENCE_MS, () => {
      this.#cancel = clock.after(PATIENCE_MS, () => this.#lost());
      // What changes nothing is answered too.
      this.#line?.send({ type: "watch", add: [], remove: [] });
    });
  }

  #lost(): void {
    this.#drop();
    this.#cancel();
    // It's missed once somebody looks.
    if (this.#state === "paused") return;
    this.#show("waiting");
    this.#cancel = this.settings.clock.after(this.#backoff.next(), () => this.#connect());
  }

  #drop(): void {
    this.#attempt += 1;
    this.#cancelRetell();
    this.#open = false;
    this.#line?.close();
    this.#line = null;
    this.watch.closed();
    this.chart.closed();
  }

  #show(state: MarketState): void {
    this.#state = state;
    this.settings.changed();
  }
}
