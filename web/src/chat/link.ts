import { Backoff } from "../net/backoff";
import { type Cancel, type Clock, LONGEST_TIMER_MS } from "../net/clock";
import type { ClientMessage, ServerMessage } from "./protocol";
import type { Carrier, End, Line, Way } from "./way";

export interface LinkEvents {
  opened(): void;
  received(message: ServerMessage | null): void;
  /** Something else carries the messages, or nothing does. */
  carried(): void;
  closed(end: End | null): void;
  /** It's time to open a line again. */
  again(): void;
  /** Whether the server owes an answer. */
  due(): boolean;
  /** Nothing has come for so long that the line must be asked whether it lives. */
  quiet(): void;
  /** The answer that was due hasn't come. */
  dead(): void;
}

/** One line to the room at a time: whether it lives, and when the next one is due once it's gone. */
export class Link {
  /** Time for a connection to open and the room to answer, and for an answer to anything asked, in milliseconds. */
  static readonly REPLY_MS = 10_000;
  /** Silence after which a quiet connection is probed: a dead one (sleep, lost network) reports nothing itself. */
  static readonly PROBE_MS = 30_000;
  /** How long a connection must last before the next drop counts as the first again. */
  static readonly STABLE_MS = 5000;

  #line: Line | null = null;
  #carrier: Carrier | null = null;
  /** Tells events of the present line from those of lines let go. */
  #generation = 0;
  #resting = false;
  #retry: Cancel = nothing;
  #watchdog: Cancel = nothing;
  #stable: Cancel = nothing;
  readonly #backoff: Backoff;

  constructor(
    private readonly way: Way,
    private readonly clock: Clock,
    random: () => number,
    private readonly events: LinkEvents,
  ) {
    this.#backoff = new Backoff(random);
  }

  /** What carries the messages; null while there is no line. */
  get carrier(): Carrier | null {
    return this.#carrier;
  }

  open(): void {
    const { events } = this;
    const generation = this.#generation;
    const current = (run: () => void) => {
      if (generation === this.#generation) run();
    };
    this.watch();
    this.#line = this.way({
      opened: () => current(() => events.opened()),
      received: (message) => current(() => this.#received(message)),
      carriedBy: (carrier) => current(() => this.#carriedBy(carrier)),
      resting: (resting) => current(() => this.#rests(resting)),
      closed: (end) => current(() => events.closed(end)),
    });
  }

  send(message: ClientMessage): void {
    this.#line?.send(message);
  }

  /** Ends the present line and everything that belongs to it. */
  letGo(): void {
    this.#generation += 1;
    for (const cancel of [this.#retry, this.#watchdog, this.#stable]) cancel();
    this.#line?.close();
    this.#line = null;
    this.#carrier = null;
    this.#resting = false;
  }

  /** Comes back after what the server asks for, and some more: others were asked for the same. Returns the delay in milliseconds. */
  comeBack(ms: number): number {
    const delay = ms + this.#backoff.next();
    this.comeBackAfter(delay);
    return delay;
  }

  /** Comes back when somebody may again. If that is long, it's asked in between. */
  comeBackAfter(ms: number): void {
    this.#retry = this.clock.after(Math.min(ms, LONGEST_TIMER_MS), () => this.events.again());
  }

  /** The room has answered: if it stays so for a while, the next drop is the first again. */
  settled(): void {
    this.#stable();
    this.#stable = this.clock.after(Link.STABLE_MS, () => this.#backoff.reset());
  }

  /** Waits for the next sign of life: shortly when an answer is due, for long when the room is merely quiet. */
  watch(): void {
    const { clock, events } = this;
    this.#watchdog();
    const due = events.due();
    if (this.#resting && !due) return;
    this.#watchdog = due
      ? clock.after(Link.REPLY_MS, () => events.dead())
      : clock.after(Link.PROBE_MS, () => events.quiet());
  }

  #received(message: ServerMessage | null): void {
    this.events.received(message);
    if (this.#line !== null) this.watch();
  }

  #carriedBy(carrier: Carrier): void {
    this.#carrier = carrier;
    this.events.carried();
  }

  #rests(resting: boolean): void {
    this.#resting = resting;
    this.watch();
  }
}

function nothing(): void {}
