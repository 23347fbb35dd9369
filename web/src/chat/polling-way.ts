import type { Attention } from "../net/attention";
import type { Cancel, Clock } from "../net/clock";
import type { AskHttp } from "../net/http";
import { Desk, type Page } from "./desk";
import { type ClientMessage, HISTORY_MAX, isPosition, isRecord, type Position, saidAs } from "./protocol";
import type { LineEvents, Way } from "./way";

/** How answers are come by: asked for every few seconds, or each waited for. */
export type PollingKind = "polling" | "long-polling";

/** How long the server is asked to hold an answer back, in milliseconds: less than what proxies let a request wait. */
export const WAIT_MS = 25_000;
/** Time between two requests when the server doesn't say, in milliseconds. */
export const POLL_MS = 5000;
/** The shortest time between two requests that bring nothing, in milliseconds: no server can make a page ask without pause. */
export const LEAST_MS = 500;

/** To a room by asking, again and again, for what follows. */
export function pollingWay(kind: PollingKind, room: string, http: AskHttp, clock: Clock, attention: Attention): Way {
  return (events) => {
    const poll = new Poll(kind, new Desk(room, http, events), events, clock, attention);
    return { send: (message) => poll.send(message), close: () => poll.close() };
  };
}

class Poll {
  #place: Position = { offset: 0, epoch: "" };
  #sender = "";
  #name = "";
  #etag: string | null = null;
  #pollMs: number | null = null;
  #waitMs = WAIT_MS;
  #next: Cancel;
  #unwatch: Cancel = () => {};

  constructor(
    private readonly kind: PollingKind,
    private readonly desk: Desk,
    private readonly events: LineEvents,
    private readonly clock: Clock,
    private readonly attention: Attention,
  ) {
    this.#next = clock.after(0, () => events.opened());
  }

  send(message: ClientMessage): void {
    if (message.type === "join") this.#join(message);
    else this.desk.send(message);
  }

  close(): void {
    this.#next();
    this.#unwatch();
    this.desk.close();
  }

  #join(join: ClientMessage & { type: "join" }): void {
    const { name, after, epoch } = join;
    this.desk.enter(join, (identity) => {
      this.#sender = identity.sender;
      this.#name = name;
      const welcome = (place: Position, recovered?: boolean) => {
        const { offset, epoch } = place;
        this.#place = { offset, epoch };
        this.events.carriedBy(this.kind);
        const answer = { type: "welcome" as const, name, members: [], offset, epoch, ...identity };
        this.events.received(recovered === undefined ? answer : { ...answer, recovered });
      };
      // When to ask again is said to those who don't wait for answers.
      const first = (ms: number | null) => this.#schedule(this.kind === "long-polling" ? 0 : ms);
      if (after === undefined || epoch === undefined) {
        // One message is enough to learn where the room is.
        return this.desk.page({ limit: 1 }, (page, body) => {
          if (page === null) return this.desk.fail(body);
          welcome(page);
          first(page.pollAfterMs);
        });
      }
      this.desk.page({ after, epoch, except: identity.sender, name, limit: HISTORY_MAX }, (page, body) => {
        if (page !== null) {
          welcome(page, true);
          return this.#took(page, first);
        }
        const place = lostPlace(body);
        if (place === null) return this.desk.fail(body);
        welcome(place, false);
        first(0);
      });
    });
  }

  #schedule(ms: number | null): void {
    if (this.desk.closed) return;
    // What waits for an answer doesn't wait for a question, too.
    const delay = this.kind === "long-polling" ? (ms ?? 0) : Math.max(ms ?? POLL_MS, LEAST_MS);
    this.#next();
    this.#next = this.clock.after(delay, () => this.#poll());
  }

  #poll(): void {
    if (this.kind === "polling" && this.attention.away) return this.#rest();
    const asked = this.clock.now();
    const long = this.kind === "long-polling";
    const query = {
      after: this.#place.offset,
      epoch: this.#place.epoch,
      except: this.#sender,
      name: this.#name,
      limit: HISTORY_MAX,
      ...(long ? { wait: `${this.#waitMs / 1000}s` } : {}),
    };
    const again = (ms: number | null) => this.#schedule(ms);
    const took = (page: Page | null, body: unknown) => {
      // An answer without news that was to be waited for, and came at once, would be asked for without end.
      const hasty = long && page?.messages.length === 0 && this.clock.now() - asked < LEAST_MS;
      if (page !== null) return this.#took(page, hasty ? () => this.#schedule(LEAST_MS) : again);
      if (isRecord(body) && body.code === "wait_invalid" && this.#waitMs > 1000) return this.#waitLess();
      const place = lostPlace(body);
      if (place === null) return this.desk.fail(body);
      this.#place = place;
      this.#etag = null;
      this.events.received({ type: "lost", ...place });
      this.#schedule(0);
    };
    this.desk.page(query, took, {
      patienceMs: Desk.PATIENCE_MS + (long ? WAIT_MS : 0),
      // A server may answer at once that nothing is newer than the tag, instead of waiting.
      ...(this.#etag === null || long ? {} : { etag: this.#etag }),
      same: () => {
        this.events.received(null);
        again(this.#pollMs);
      },
    });
  }

  #took(page: Page, again: (ms: number | null) => void): void {
    const { offset, epoch, messages, more, etag, pollAfterMs } = page;
    this.#place = { offset, epoch };
    // The tag is the room's, which may have more than this page: then nothing newer than the tag would not be nothing new.
    this.#etag = etag === `"${epoch}.${offset}"` ? etag : null;
    this.#pollMs = pollAfterMs;
    for (const entry of messages) this.events.received(saidAs(entry));
    this.events.received({ type: "position", offset, epoch });
    if (more) this.#poll();
    else again(pollAfterMs);
  }

  /** This server doesn't let requests wait as long. */
  #waitLess(): void {
    this.#waitMs = Math.ceil(this.#waitMs / 2000) * 1000;
    this.#schedule(0);
  }

  /** Nobody looks: ask again as soon as somebody does. */
  #rest(): void {
    if (this.desk.closed) return;
    this.events.resting(true);
    this.#unwatch();
    this.#unwatch = this.attention.onChange(() => {
      if (this.attention.away) return;
      this.#unwatch();
      this.events.resting(false);
      this.#poll();
    });
  }
}

/** Where the room is, if an answer says that the place asked for can't be continued. */
function lostPlace(body: unknown): Position | null {
  if (!isRecord(body) || body.code !== "position_lost" || !isPosition(body)) return null;
  return { offset: body.offset, epoch: body.epoch };
}
