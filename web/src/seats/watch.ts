import type { Identity, ServerMessage } from "../chat/protocol";
import { HISTORY_MAX } from "../chat/protocol";
import type { End, Line, Way } from "../chat/way";
import { Backoff } from "../net/backoff";
import type { Cancel, Clock } from "../net/clock";
import type { AskHttp } from "../net/http";
import type { Hall, Told } from "./hall";
import { type Change, readSnapshot } from "./protocol";
import type { ServerTime } from "./server-time";

/** `gone`: there is no such event. */
export type WatchState = "connecting" | "live" | "waiting" | "gone" | "stopped";

export interface WatchEvents {
  /** These places differ from before. `whole`: what doesn't change by itself, such as the seats there are, may differ too. */
  changed(changes: readonly Change[], whole: boolean): void;
  became(state: WatchState): void;
}

export interface WatchSettings {
  event: string;
  /** To the event's room. */
  way: Way;
  http: AskHttp;
  /** Under which the page is in the room. */
  name: string;
  hall: Hall;
  time: ServerTime;
  clock: Clock;
  /** A number in [0, 1), for jitter. */
  random: () => number;
  events: WatchEvents;
}

/**
 * Keeps a hall as it is: a snapshot, then every change behind its position through the event's room. After a break it goes on from where
 * it was, if the room can; where something might be missing it takes a snapshot again.
 */
export class Watch {
  /** Time for a line to open and the server to answer, in milliseconds. */
  static readonly REPLY_MS = 10_000;
  /** Silence after which a quiet line is probed, in milliseconds: a dead one reports nothing itself. */
  static readonly PROBE_MS = 30_000;

  #state: WatchState = "stopped";
  #line: Line | null = null;
  #identity: Identity | null = null;
  /** The day of a snapshot, where an event has many. */
  #date: string | null = null;
  /** What has come since a snapshot was asked for: it may be behind it. */
  #since: Told[] | null = null;
  #ask: Cancel = nothing;
  #retry: Cancel = nothing;
  #watchdog: Cancel = nothing;
  #resting = false;
  /** Tells events of the present line from those of lines let go. */
  #generation = 0;
  readonly #backoff: Backoff;

  constructor(private readonly settings: WatchSettings) {
    this.#backoff = new Backoff(settings.random);
  }

  get state(): WatchState {
    return this.#state;
  }

  start(): void {
    this.#letGo();
    this.#become("connecting");
    if (this.settings.hall.position === null) this.#takeSnapshot();
    else this.#open();
  }

  stop(): void {
    this.#letGo();
    this.#become("stopped");
  }

  /** Something suggests that the network is back, or that the line died unnoticed: find out now. */
  wake(): void {
    if (this.#state === "waiting") this.start();
    else if (this.#state === "live") this.#probe();
  }

  /** Takes a snapshot of another day. */
  look(date: string): void {
    if (date === this.#date) return;
    this.#date = date;
    if (this.#line !== null && this.#state === "live") this.#takeSnapshot();
    else if (this.#state !== "stopped" && this.#state !== "gone") {
      this.#letGo();
      this.#takeSnapshot();
    }
  }

  #takeSnapshot(): void {
    const { event, http, clock, hall, time, events } = this.settings;
    const asked = clock.now();
    this.#ask();
    this.#since = [];
    const path = `/api/seats/events/${encodeURIComponent(event)}`;
    const query = { date: this.#date ?? undefined };
    this.#ask = http({ method: "GET", path, query, patienceMs: Watch.REPLY_MS }, (answer) => {
      this.#ask = nothing;
      if (answer?.status === 404) return this.#refused();
      const snapshot = answer?.status === 200 ? readSnapshot(answer.body) : null;
      if (snapshot === null) return this.#dropped(retryAfter(answer?.body));
      time.learn(asked, snapshot.now);
      const since = this.#since ?? [];
      this.#since = null;
      events.changed(hall.take(snapshot), true);
      if (this.#line === null) return this.#open();
      for (const told of since) this.#told(told);
      if (this.#since === null) this.#caughtUp();
    });
  }

  #open(): void {
    const generation = this.#generation;
    const current = (run: () => void) => {
      if (generation === this.#generation) run();
    };
    this.#watch(true);
    this.#line = this.settings.way({
      opened: () => current(() => this.#join()),
      received: (message) => current(() => this.#received(message)),
      carriedBy: () => {},
      resting: (resting) =>
        current(() => {
          this.#resting = resting;
          this.#watch(false);
        }),
      closed: (end) => current(() => this.#closed(end)),
    });
  }

  #join(): void {
    const { hall, name } = this.settings;
    const { offset, epoch } = hall.position ?? { offset: 0, epoch: "" };
    this.#line?.send({ type: "join", name, ...this.#identity, after: offset, epoch });
  }

  #received(message: ServerMessage | null): void {
    this.#watch(this.#state !== "live");
    switch (message?.type) {
      case "welcome":
        this.#identity = { session: message.session, sender: message.sender };
        if (message.recovered === true) this.#caughtUp();
        else this.#takeSnapshot();
        return;
      case "message":
        return this.#told(message);
      case "history":
        if (message.epoch !== this.settings.hall.position?.epoch) return this.#takeSnapshot();
        // Nobody changes anything in these rooms, so nothing is without a text.
        for (const entry of message.messages) this.#told({ text: "", ...entry });
        if (message.more) this.#probe();
        return;
      case "position":
        return this.#reached(message);
      case "lost":
      case "skipped":
        return this.#takeSnapshot();
      case "error":
        return this.#failed(message);
    }
  }

  #told(told: Told): void {
    this.#since?.push(told);
    const { hall, events } = this.settings;
    const added = hall.add(told);
    if (added === "known") return;
    if (added !== "lost") events.changed(added, false);
    else if (this.#since === null) this.#takeSnapshot();
  }

  /** All up to there has been said; if it isn't here, it was lost. */
  #reached({ offset, epoch }: { offset: number; epoch: string }): void {
    const known = this.settings.hall.position;
    const missing = known === null || known.epoch !== epoch || known.offset < offset;
    if (missing && this.#since === null) this.#takeSnapshot();
  }

  #failed({ code, retry_after_ms: ms }: ServerMessage & { type: "error" }): void {
    if (code === "room_invalid") return this.#refused();
    if (code === "session_invalid") this.#identity = null;
    if (code === "position_lost") return this.#takeSnapshot();
    this.#dropped(ms ?? 0);
  }

  #closed(end: End | null): void {
    if (end?.code === "session_invalid") this.#identity = null;
    if (end?.final) this.#refused();
    else this.#dropped(end?.retryAfterMs ?? 0);
  }

  #caughtUp(): void {
    this.#backoff.reset();
    this.#become("live");
    this.#watch(false);
  }

  #refused(): void {
    this.#letGo();
    this.#become("gone");
  }

  /** Comes back after a while, on top of what the server asks for: others were asked for the same. */
  #dropped(ms: number): void {
    this.#letGo();
    this.#retry = this.settings.clock.after(ms + this.#backoff.next(), () => this.start());
    this.#become("waiting");
  }

  #letGo(): void {
    this.#generation += 1;
    for (const cancel of [this.#ask, this.#retry, this.#watchdog]) cancel();
    this.#line?.close();
    this.#line = null;
    this.#since = null;
    this.#resting = false;
  }

  /** Waits for the next sign of life: shortly when an answer is due, for long when the room is merely quiet. */
  #watch(due: boolean): void {
    this.#watchdog();
    if (this.#resting && !due) return;
    this.#watchdog = due
      ? this.settings.clock.after(Watch.REPLY_MS, () => this.#dropped(0))
      : this.settings.clock.after(Watch.PROBE_MS, () => this.#probe());
  }

  /** Asks for what follows: proves the line, and finds what might have been missed. */
  #probe(): void {
    const position = this.settings.hall.position;
    if (position === null) return;
    this.#line?.send({ type: "history", after: position.offset, epoch: position.epoch, limit: HISTORY_MAX });
    this.#watch(true);
  }

  #become(state: WatchState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.settings.events.became(state);
  }
}

function retryAfter(body: unknown): number {
  const ms = (body as { retry_after_ms?: unknown } | null | undefined)?.retry_after_ms;
  return typeof ms === "number" ? ms : 0;
}

function nothing(): void {}
