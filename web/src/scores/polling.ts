import { Backoff } from "../net/backoff";
import type { Cancel, Clock } from "../net/clock";
import type { Answer, Ask } from "./answers";
import type { Feed, FeedPlace } from "./feed";
import { readSnapshot } from "./protocol";

/** Seconds between two questions if the server doesn't say. */
const POLL_AFTER_S = 5;

/** A tenth of the pause is left to chance, so that pages which were opened together don't ask together for ever. */
const SPREAD = 0.1;

/** How a match is asked for. */
export interface Manner {
  /** Seconds that a question may wait for news; 0 asks for an answer at once. */
  wait: number;
  /** Seconds between two questions at least; the server may ask for more. */
  interval: number;
}

/** Asks again and again, saying what it has, so that no news costs no body. */
export class Polling implements Feed {
  readonly #backoff: Backoff;
  readonly #url: string;
  #etag: string | null = null;
  #cancel: Cancel = () => {};
  #request: AbortController | null = null;

  constructor(
    private readonly place: FeedPlace,
    private readonly manner: Manner,
    private readonly ask: Ask,
    private readonly clock: Clock,
    private readonly random: () => number,
  ) {
    this.#backoff = new Backoff(random);
    this.#url = `${place.back}/api/scores/${encodeURIComponent(place.match)}`;
  }

  start(): void {
    void this.#poll();
  }

  stop(): void {
    this.#cancel();
    this.#request?.abort();
    this.#request = null;
  }

  async #poll(): Promise<void> {
    const request = new AbortController();
    this.#request = request;
    // The first question has nothing to wait for: it wants to know how things are.
    const waits = this.manner.wait > 0 && this.#etag !== null;
    const { events } = this.place;
    events.requested();
    if (waits) events.held(true);
    let answer: Answer | null = null;
    try {
      answer = await this.ask(waits ? `${this.#url}?wait=${this.manner.wait}s` : this.#url, {
        headers: this.#etag === null ? {} : { "If-None-Match": this.#etag },
        signal: request.signal,
      });
    } catch {
      // No answer; below it's counted as a failure unless nobody wants one any more.
    }
    if (this.#request !== request) return;
    if (waits) events.held(false);
    const pause = answer === null ? null : this.#take(answer);
    if (pause === null) {
      events.failed(answer?.status === 404 ? "gone" : "unreachable");
      this.#after(Math.max(this.#backoff.next(), (answer?.retryAfter ?? 0) * 1000));
    } else {
      this.#backoff.reset();
      const seconds = this.manner.wait > 0 ? pause : Math.max(pause, this.manner.interval);
      this.#after(seconds * 1000 * (1 + SPREAD * this.random()));
    }
  }

  /** Takes an answer and returns the seconds until the next question; `null` if it's none. */
  #take(answer: Answer): number | null {
    const { relay, events } = this.place;
    events.received(answer.bytes);
    if (answer.status === 200) {
      const snapshot = readSnapshot(answer.body);
      if (snapshot === null) return null;
      this.#etag = answer.etag;
      events.changed(relay.take(snapshot).length, answer.age);
    } else if (answer.status !== 304) return null;
    events.confirmed();
    return answer.pollAfter ?? (this.manner.wait > 0 ? 0 : POLL_AFTER_S);
  }

  #after(milliseconds: number): void {
    this.#cancel = this.clock.after(milliseconds, () => void this.#poll());
  }
}
