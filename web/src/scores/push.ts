import { Backoff } from "../net/backoff";
import type { Cancel, Clock } from "../net/clock";
import type { Ask } from "./answers";
import type { Feed, FeedPlace } from "./feed";
import { type RoomMessage, readSnapshot } from "./protocol";

/** A connection that brings what comes after a position, and to be let go. */
export interface Line {
  close(): void;
}

/** What a connection reports. `ended` comes at most once. */
export interface LineEvents {
  opened(): void;
  message(message: RoomMessage): void;
  received(bytes: number): void;
  /** What came before can't be continued. */
  lost(): void;
  ended(): void;
}

export type OpenLine = (position: { offset: number; epoch: string }, events: LineEvents) => Line;

/**
 * A snapshot, then every play behind its position by a connection that stays open. Where something might be missing, it begins again
 * with a snapshot.
 */
export class Push implements Feed {
  readonly #backoff: Backoff;
  #cancel: Cancel = () => {};
  #line: Line | null = null;
  /** Which attempt is under way: what an earlier one reports is of no interest. */
  #attempt = 0;

  constructor(
    private readonly place: FeedPlace,
    private readonly open: OpenLine,
    private readonly ask: Ask,
    private readonly clock: Clock,
    random: () => number,
  ) {
    this.#backoff = new Backoff(random);
  }

  start(): void {
    void this.#begin();
  }

  stop(): void {
    this.#attempt += 1;
    this.#cancel();
    this.#line?.close();
    this.#line = null;
  }

  async #begin(): Promise<void> {
    this.stop();
    const attempt = this.#attempt;
    const { back, match, relay, events } = this.place;
    events.requested();
    const asked = this.ask(`${back}/api/scores/${encodeURIComponent(match)}`, {});
    const answer = await asked.catch(() => null);
    if (attempt !== this.#attempt) return;
    events.received(answer?.bytes ?? 0);
    const snapshot = answer?.status === 200 ? readSnapshot(answer.body) : null;
    if (snapshot === null) {
      events.failed(answer?.status === 404 ? "gone" : "unreachable");
      this.#again(answer?.retryAfter ?? 0);
      return;
    }
    events.changed(relay.take(snapshot).length, answer?.age ?? null);
    events.confirmed();
    events.requested();
    this.#line = this.open(snapshot, this.#lineEvents(attempt));
  }

  #lineEvents(attempt: number): LineEvents {
    const { relay, events } = this.place;
    const ifCurrent = (run: () => void) => {
      if (attempt === this.#attempt) run();
    };
    const again = (failed: boolean) => {
      events.held(false);
      if (failed) events.failed("unreachable");
      this.#again(0);
    };
    return {
      opened: () =>
        ifCurrent(() => {
          this.#backoff.reset();
          events.held(true);
        }),
      message: (message) =>
        ifCurrent(() => {
          const added = relay.add(message);
          if (added === "lost") again(false);
          else if (added !== "known") {
            events.changed(1, null);
            events.confirmed();
          }
        }),
      received: (bytes) => ifCurrent(() => events.received(bytes)),
      lost: () => ifCurrent(() => again(false)),
      ended: () => ifCurrent(() => again(true)),
    };
  }

  #again(seconds: number): void {
    this.stop();
    this.#cancel = this.clock.after(Math.max(this.#backoff.next(), seconds * 1000), () => void this.#begin());
  }
}
