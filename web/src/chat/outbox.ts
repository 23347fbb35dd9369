import { type Cancel, type Clock, LONGEST_TIMER_MS } from "../net/clock";
import type { Auditor } from "./auditor";
import type { Command, ServerMessage } from "./protocol";
import type { Pending, Timeline } from "./timeline";

/** Why nothing goes out for now, though there is a connection. */
export interface Hold {
  code: string;
  /** When it goes on, milliseconds since the epoch. */
  until: number;
}

/** Reasons that pass by themselves: what they hold up goes out then. */
const PASSING = new Set(["rate_limited", "slow_mode"]);

/**
 * Own messages, and own changes of messages, on their way: each is handed to the connection in its turn, and again with the same id over the next one,
 * until the server has acknowledged or refused it.
 */
export class Outbox {
  /** Unsent messages kept; they live in the tab's storage, which browsers limit to about 5 MB. */
  static readonly MAX_PENDING = 100;
  /** Transmissions of one message before it is left to the person: it may be what ends the connection. */
  static readonly MAX_ATTEMPTS = 10;
  /** Transmissions of one message after which it is sent alone. */
  static readonly SUSPECT_AFTER = 3;
  /** Pause before a send is repeated that the server could not store, in milliseconds. */
  static readonly STORE_RETRY_MS = 2000;

  readonly #inFlight = new Set<string>();
  /** Whether what is in flight is a single message under suspicion. */
  #suspectInFlight = false;
  #hold: Hold | null = null;
  #goOn: Cancel = () => {};
  #readOnly = false;
  #silenced: Hold | null = null;
  #endSilence: Cancel = () => {};

  /** `goesOn` is called when a hold is over; `undone` when the server won't have a change, which is as if it never was. */
  constructor(
    private readonly timeline: Timeline,
    private readonly clock: Clock,
    private readonly auditor: Auditor,
    private readonly transmit: (message: Command) => void,
    private readonly goesOn: () => void,
    private readonly undone: (change: Pending, code: string) => void,
  ) {
    for (const { clientId, attempts, state } of timeline.pending) {
      if (attempts > 0) auditor.sent(clientId);
      if (state === "failed") auditor.abandoned(clientId);
    }
  }

  /** Whether an acknowledgement is due. */
  get waiting(): boolean {
    return this.#inFlight.size > 0;
  }

  get hold(): Hold | null {
    return this.#hold;
  }

  /** Why this person can't say anything here, and until when; null if they can. */
  get silenced(): Hold | null {
    return this.#silenced;
  }

  /** Somebody has taken the word from this person, or given it back. `until` may be without end. */
  silence(until: number | null): void {
    this.#endSilence();
    this.#endSilence = () => {};
    this.#silenced = until === null ? null : { code: "muted", until };
    const left = until === null ? 0 : until - this.clock.now();
    if (left <= 0 || left > LONGEST_TIMER_MS) return;
    this.#endSilence = this.clock.after(left, () => {
      this.#silenced = null;
      this.goesOn();
    });
  }

  /** Whether the server has said that nothing can be said in this room. */
  get readOnly(): boolean {
    return this.#readOnly;
  }

  /** Whether a message may be stored already without this page knowing. */
  get unsettled(): boolean {
    return this.timeline.pending.some((pending) => pending.attempts > 0 && pending.state !== "failed");
  }

  /** Hands over what is queued, in order; with `triedOnly` no message that the server can't know yet. */
  flush(triedOnly: boolean): void {
    if (this.#hold !== null) return;
    if (!this.waiting) this.#suspectInFlight = false;
    for (const pending of this.timeline.pending) {
      const wanted = pending.attempts > 0 || !triedOnly;
      if (pending.state === "queued" && wanted && !this.#handOver(pending)) break;
    }
  }

  /** Sends a failed message again, with its id. False if it hasn't failed. */
  retry(clientId: string): boolean {
    const pending = this.timeline.find(clientId);
    if (pending?.state !== "failed") return false;
    pending.state = "queued";
    pending.attempts = 0;
    delete pending.reason;
    return true;
  }

  /** The server has stored it. */
  acknowledged(clientId: string, offset: number): void {
    this.#inFlight.delete(clientId);
    this.auditor.settled(clientId, offset);
  }

  /** The message that it would change is like that already: it has no place in the history, and is done. */
  changedNothing(clientId: string): void {
    this.#inFlight.delete(clientId);
    this.timeline.remove(clientId);
    this.auditor.refused(clientId);
  }

  /** The list has recognised messages: those are no longer waited for. */
  recognised(): void {
    for (const id of this.#inFlight) if (this.timeline.find(id) === undefined) this.#inFlight.delete(id);
  }

  /** The server didn't take a message. */
  failed({ client_id: clientId = "", code, retry_after_ms: ms }: ServerMessage & { type: "error" }): void {
    const pending = this.timeline.find(clientId);
    if (pending === undefined) return;
    this.#inFlight.delete(clientId);
    if (PASSING.has(code)) {
      // It wasn't even tried.
      pending.attempts = Math.max(0, pending.attempts - 1);
      pending.state = "queued";
      this.#holdOn(code, ms ?? Outbox.STORE_RETRY_MS);
    } else if (code === "store_unavailable" && pending.attempts < Outbox.MAX_ATTEMPTS) {
      pending.state = "queued";
      this.#holdOn(code, Math.max(ms ?? 0, Outbox.STORE_RETRY_MS));
    } else {
      this.#learn(code, ms);
      this.#fail(pending, code);
    }
    if (pending.attempts === 0 || (pending.state === "failed" && code !== "store_unavailable")) {
      this.auditor.refused(clientId);
    }
  }

  /** A refusal that will be the same for whatever is said next. */
  #learn(code: string, ms: number | undefined): void {
    if (code === "room_read_only") this.#readOnly = true;
    if (code === "muted") this.silence(ms === undefined ? Number.POSITIVE_INFINITY : this.clock.now() + ms);
  }

  /** The connection is gone, and with it what was on its way. */
  lineLost(): void {
    this.#goOn();
    this.#hold = null;
    this.#inFlight.clear();
    this.#suspectInFlight = false;
    for (const pending of this.timeline.pending) if (pending.state === "sending") pending.state = "queued";
  }

  /**
   * False when nothing more may be sent for now: a message that went unanswered several times goes alone, so that
   * only it can be to blame if it ends the connection.
   */
  #handOver(pending: Pending): boolean {
    if (pending.attempts >= Outbox.MAX_ATTEMPTS) {
      this.#fail(pending, "no_answer");
      return true;
    }
    const suspect = pending.attempts >= Outbox.SUSPECT_AFTER;
    if (this.#suspectInFlight || (suspect && this.waiting)) return false;
    pending.attempts += 1;
    pending.state = "sending";
    this.#inFlight.add(pending.clientId);
    this.auditor.sent(pending.clientId);
    this.transmit(commandOf(pending));
    this.#suspectInFlight = suspect;
    return !suspect;
  }

  #fail(pending: Pending, reason: string): void {
    pending.state = "failed";
    pending.reason = reason;
    this.auditor.abandoned(pending.clientId);
    if (pending.change === undefined) return;
    // Nobody would know a failed change by looking at it: the message is shown as it is.
    this.timeline.remove(pending.clientId);
    this.undone(pending, reason);
  }

  #holdOn(code: string, ms: number): void {
    const until = this.clock.now() + ms;
    if (this.#hold !== null && this.#hold.until >= until) return;
    this.#goOn();
    this.#hold = { code, until };
    this.#goOn = this.clock.after(ms, () => {
      this.#hold = null;
      this.goesOn();
    });
  }
}

function commandOf({ clientId: client_id, text, replyTo, change }: Pending): Command {
  if (change === undefined) {
    return { type: "send", client_id, text, ...(replyTo === undefined ? {} : { reply_to: replyTo }) };
  }
  const { target } = change;
  switch (change.kind) {
    case "edit":
      return { type: "edit", client_id, target, text };
    case "delete":
      return { type: "delete", client_id, target };
    case "reaction":
      return { type: "react", client_id, target, emoji: change.emoji, on: change.on };
  }
}
