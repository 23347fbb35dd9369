import { fields, type LaneEvents, type LaneState, type Message } from "./lane";
import { Latencies, type Percentiles, percentiles } from "./latencies";
import { Sequence } from "./sequence";
import { parse } from "./sse";

/** What a lane of this page has heard so far. */
export interface Reading {
  state: LaneState;
  carrier: string | null;
  /** Offset of the newest event that was heard, or where the lane began. */
  newest: number | null;
  events: number;
  late: number;
  missed: number;
  duplicates: number;
  outOfOrder: number;
  /** Questions that were answered without news. */
  noNews: number;
  latency: Percentiles | null;
}

/** What is late, in milliseconds: longer than people take for "at once". The server's load tool says the same. */
export const LATE_MS = 1000;

/** Measures one lane: its reports in, numbers out. */
export class Meter implements LaneEvents {
  #state: LaneState = "stopped";
  #carrier: string | null = null;
  #events = 0;
  #late = 0;
  #missed = 0;
  #duplicates = 0;
  #outOfOrder = 0;
  #noNews = 0;
  /** Delays since the last step. */
  #fresh: number[] = [];
  readonly #sequence = new Sequence();
  readonly #latencies = new Latencies();

  /** `serverNow` gives the server's time in milliseconds, or `null` before it is known. */
  constructor(private readonly serverNow: () => number | null) {}

  state(state: LaneState): void {
    this.#state = state;
  }

  carriedBy(carrier: string): void {
    this.#carrier = carrier;
  }

  position({ offset }: { offset: number }): void {
    this.#missed += this.#sequence.begin(offset);
  }

  noNews(): void {
    this.#noNews += 1;
  }

  heard(message: Message): void {
    const heard = this.#sequence.hear(message.offset);
    if (heard.kind === "duplicate") {
      this.#duplicates += 1;
      return;
    }
    if (heard.kind === "out-of-order") {
      this.#outOfOrder += 1;
      this.#missed = Math.max(0, this.#missed - 1);
    } else this.#missed += heard.missing;
    this.#events += 1;
    this.#time(message.text);
  }

  read(): Reading {
    return {
      state: this.#state,
      carrier: this.#carrier,
      newest: this.#sequence.newest,
      events: this.#events,
      late: this.#late,
      missed: this.#missed,
      duplicates: this.#duplicates,
      outOfOrder: this.#outOfOrder,
      noNews: this.#noNews,
      latency: this.#latencies.percentiles(),
    };
  }

  /** 95 % of the events since the last step took at most so many milliseconds; `null` if there were none. */
  step(): number | null {
    const fresh = percentiles(this.#fresh);
    this.#fresh = [];
    return fresh?.p95 ?? null;
  }

  #time(text: string): void {
    const { sent_us: sent } = fields(parse(text));
    const now = this.serverNow();
    if (typeof sent !== "number" || now === null) return;
    // The clocks may be apart by half a round trip.
    const took = Math.max(0, now - sent / 1000);
    this.#latencies.add(took);
    this.#fresh.push(took);
    if (took > LATE_MS) this.#late += 1;
  }
}
