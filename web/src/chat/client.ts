import { Backoff } from "../net/backoff";
import type { Cancel, Clock } from "../net/clock";
import { type ClientMessage, HISTORY_MAX, type ServerMessage } from "./protocol";
import { checkText, type TextProblem } from "./rules";
import { type Confirmed, type Pending, Timeline } from "./timeline";
import { TypingHeartbeat, TypingRoster } from "./typing";
import type { Carrier, Line, Way } from "./way";

/** What the connection really is at the moment. */
export type ConnectionState =
  /** A line is being opened, or has been and the room hasn't answered yet. */
  | { kind: "connecting" }
  /** In the room; what was missed meanwhile is still arriving. */
  | { kind: "catching-up" }
  /** In the room with nothing missing. */
  | { kind: "live" }
  /** Not connected; the next attempt is at `retryAt` (milliseconds since the epoch). */
  | { kind: "waiting"; retryAt: number }
  /** The server will not have this room or name; only a change of it helps. */
  | { kind: "refused"; code: string }
  /** Not started, or stopped. */
  | { kind: "stopped" };

/** What a tab must remember to come back as itself. */
export interface TabMemory {
  session: string | null;
  saveSession(session: string): void;
  pending: readonly Pending[];
  savePending(pending: readonly Pending[]): void;
}

export interface ChatEvents {
  /** The connection's state, the list, who is here or who types has changed: paint again. */
  changed(): void;
  /** New messages, in order; not those of an older page, and not those on the list since the page was opened. */
  arrived(messages: readonly Confirmed[]): void;
}

export interface ChatSettings {
  /** The way to the room. */
  way: Way;
  /** A checked name. */
  name: string;
  /** A new client message id, unique among all tabs and browsers. */
  newClientId: () => string;
  /** A number in [0, 1), for jitter. */
  random: () => number;
  clock: Clock;
  memory: TabMemory;
  events: ChatEvents;
}

export type SendProblem = TextProblem | "too_many_unsent";

/**
 * One room, over as many connections as it takes. Every message handed to `send` reaches the room once: it is kept
 * until the server acknowledges it, sent again with the same id after a reconnect and only after catching up, so
 * that one which did arrive is recognised in the history.
 */
export class ChatClient {
  /** Time for a connection to open and the room to answer, and for an answer to anything asked, in milliseconds. */
  static readonly REPLY_MS = 10_000;
  /** Silence after which a quiet connection is probed: a dead one (sleep, lost network) reports nothing itself. */
  static readonly PROBE_MS = 30_000;
  /** How long a connection must last before the next drop counts as the first again. */
  static readonly STABLE_MS = 5000;
  /** Messages of the first page, and of each page while scrolling up. */
  static readonly PAGE = 50;
  /** Missed messages beyond which the newest page is shown first and the rest is loaded by scrolling up. */
  static readonly FAR_BEHIND = 1000;
  /** Unsent messages kept; they live in the tab's storage, which browsers limit to about 5 MB. */
  static readonly MAX_PENDING = 100;
  /** Transmissions of one message before it is left to the person: it may be what ends the connection. */
  static readonly MAX_ATTEMPTS = 10;
  /** Transmissions of one message after which it is sent alone. */
  static readonly SUSPECT_AFTER = 3;
  /** How long a gap in the sequence may last before the missing part is asked for, in milliseconds. */
  static readonly GAP_MS = 1000;
  /** Pause before a send is repeated that the server could not store, in milliseconds. */
  static readonly STORE_RETRY_MS = 2000;

  readonly timeline: Timeline;

  #state: ConnectionState = { kind: "stopped" };
  #members: string[] = [];
  #name: string;
  #wantedName: string;
  #session: string | null;
  #lastSeq = 0;
  /** The newest message seen so far; what comes above it is news. 0 before the first page. */
  #seenNewest = 0;

  #line: Line | null = null;
  #carrier: Carrier | null = null;
  /** Tells events of the present line from those of lines let go. */
  #generation = 0;
  #askedHistory = 0;
  #askedOlder = false;
  readonly #inFlight = new Set<string>();
  /** Whether what is in flight is a single message under suspicion. */
  #suspectInFlight = false;

  #retry: Cancel = nothing;
  #watchdog: Cancel = nothing;
  #stable: Cancel = nothing;
  #gap: Cancel = nothing;
  #storeRetry: Cancel = nothing;

  readonly #backoff: Backoff;
  readonly #heartbeat: TypingHeartbeat;
  readonly #typing: TypingRoster;

  constructor(private readonly settings: ChatSettings) {
    const { clock, memory, events } = settings;
    this.#name = settings.name;
    this.#wantedName = settings.name;
    this.#session = memory.session;
    this.timeline = new Timeline(memory.pending.map(requeued));
    this.#backoff = new Backoff(settings.random);
    this.#heartbeat = new TypingHeartbeat(clock, (active) => {
      if (this.#state.kind === "live") this.#transmit({ type: "typing", active });
    });
    this.#typing = new TypingRoster(clock, () => events.changed());
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** The name others see, or will once the change is through. */
  get name(): string {
    return this.#wantedName;
  }

  /** Names of who is here, the own one included; as of the last moment of being connected. */
  get members(): readonly string[] {
    return this.#members;
  }

  /** Names of others who type. */
  get typing(): readonly string[] {
    return this.#typing.names;
  }

  /** Whether an older page has been asked for and isn't here yet. */
  get loadingOlder(): boolean {
    return this.#askedOlder;
  }

  /** What carries the messages; null while there is no connection. */
  get carrier(): Carrier | null {
    return this.#carrier;
  }

  start(): void {
    if (this.#state.kind === "stopped" || this.#state.kind === "refused") this.#open();
  }

  stop(): void {
    this.#letGo();
    this.#become({ kind: "stopped" });
  }

  /** Something suggests that the network is back, or that the connection died unnoticed: find out now. */
  wake(): void {
    if (this.#state.kind === "waiting") this.#open();
    else if (this.#state.kind === "live") this.#probe();
  }

  /** Puts `text` on the list and sends it as soon as possible. Returns what is wrong with it, or null. */
  send(text: string): SendProblem | null {
    const checked = checkText(text);
    if (!checked.ok) return checked.problem;
    if (this.timeline.pending.length >= ChatClient.MAX_PENDING) return "too_many_unsent";
    this.timeline.add(this.settings.newClientId(), checked.value, this.settings.clock.now());
    this.#heartbeat.stopped();
    this.#pendingChanged();
    this.#flush();
    return null;
  }

  /** Sends a failed message again, with its id. */
  retry(clientId: string): void {
    const pending = this.timeline.find(clientId);
    if (pending?.state !== "failed") return;
    pending.state = "queued";
    pending.attempts = 0;
    delete pending.reason;
    this.#pendingChanged();
    this.#flush();
  }

  /** Takes a failed message off the list. */
  discard(clientId: string): void {
    if (this.timeline.find(clientId)?.state !== "failed") return;
    this.timeline.remove(clientId);
    this.#pendingChanged();
  }

  /** Asks for the page above the oldest loaded message, if there is one and it wasn't asked for already. */
  loadOlder(): void {
    if (this.#state.kind !== "live" || this.#askedOlder || !this.timeline.moreBefore) return;
    this.#askedOlder = true;
    this.#ask({ type: "history", before: this.timeline.first, limit: ChatClient.PAGE });
  }

  /** Takes another name: a new join, since a connection joins once. `name` is a checked name. */
  rename(name: string): void {
    this.#wantedName = name;
    this.settings.events.changed();
    if (this.#state.kind === "refused") this.#open();
    else this.#flush();
  }

  /** The draft has changed; `empty` when nothing is left of it or the field was left. */
  typed(empty: boolean): void {
    if (empty) this.#heartbeat.stopped();
    else if (this.#state.kind === "live") this.#heartbeat.typed();
  }

  // --- the connection -------------------------------------------------------------------------------------------

  #open(): void {
    this.#letGo();
    if (!this.#mustKeepName()) this.#name = this.#wantedName;
    this.#become({ kind: "connecting" });
    const generation = this.#generation;
    const current = (run: () => void) => {
      if (generation === this.#generation) run();
    };
    this.#watch();
    this.#line = this.settings.way({
      opened: () => current(() => this.#join()),
      received: (message) => current(() => this.#received(message)),
      carriedBy: (carrier) => current(() => this.#carriedBy(carrier)),
      closed: (refused) => current(() => (refused === null ? this.#dropped() : this.#refuse(refused))),
    });
  }

  #join(): void {
    const join: ClientMessage = { type: "join", name: this.#name };
    this.#transmit(this.#session === null ? join : { ...join, session: this.#session });
  }

  #carriedBy(carrier: Carrier): void {
    this.#carrier = carrier;
    this.settings.events.changed();
  }

  #refuse(code: string): void {
    this.#letGo();
    this.#become({ kind: "refused", code });
  }

  /** The connection is lost or no longer trusted: try again after a while. */
  #dropped(): void {
    this.#letGo();
    const delay = this.#backoff.next();
    this.#retry = this.settings.clock.after(delay, () => this.#open());
    this.#become({ kind: "waiting", retryAt: this.settings.clock.now() + delay });
  }

  /** Ends the present line and everything that belongs to it. */
  #letGo(): void {
    this.#generation += 1;
    for (const cancel of [this.#retry, this.#watchdog, this.#stable, this.#gap, this.#storeRetry]) cancel();
    this.#gap = nothing;
    this.#storeRetry = nothing;
    this.#line?.close();
    this.#line = null;
    this.#carrier = null;
    this.#askedHistory = 0;
    this.#askedOlder = false;
    this.#inFlight.clear();
    this.#suspectInFlight = false;
    this.#heartbeat.forget();
    this.#typing.clear();
    for (const pending of this.timeline.pending) if (pending.state === "sending") pending.state = "queued";
  }

  #become(state: ConnectionState): void {
    this.#state = state;
    this.settings.events.changed();
  }

  /** Waits for the next sign of life: shortly when an answer is due, for long when the room is merely quiet. */
  #watch(): void {
    this.#watchdog();
    const due = this.#state.kind !== "live" || this.#askedHistory > 0 || this.#inFlight.size > 0;
    this.#watchdog = due
      ? this.settings.clock.after(ChatClient.REPLY_MS, () => this.#dropped())
      : this.settings.clock.after(ChatClient.PROBE_MS, () => this.#probe());
  }

  /** Asks for what follows the head: proves the connection, and finds what might have been missed. */
  #probe(): void {
    if (this.#askedHistory === 0) this.#ask({ type: "history", after: this.timeline.head, limit: HISTORY_MAX });
  }

  #ask(history: ClientMessage & { type: "history" }): void {
    this.#askedHistory += 1;
    this.#transmit(history);
    this.#watch();
  }

  #transmit(message: ClientMessage): void {
    this.#line?.send(message);
  }

  // --- what the server says -------------------------------------------------------------------------------------

  #received(message: ServerMessage | null): void {
    if (message !== null) this.#handle(message);
    if (this.#line !== null) this.#watch();
  }

  #handle(message: ServerMessage): void {
    switch (message.type) {
      case "welcome":
        return this.#welcomed(message);
      case "history":
        return this.#paged(message);
      case "message":
        this.#typing.stopped(message.author);
        return this.#merged(this.timeline.receive(message));
      case "ack":
        return this.#acknowledged(message);
      case "typing":
        if (message.name === this.#name) return;
        return message.active ? this.#typing.started(message.name) : this.#typing.stopped(message.name);
      case "joined":
        this.#members = [...this.#members.filter((name) => name !== message.name), message.name];
        return this.settings.events.changed();
      case "left":
        this.#typing.stopped(message.name);
        this.#members = this.#members.filter((name) => name !== message.name);
        return this.settings.events.changed();
      case "error":
        return this.#failed(message);
    }
  }

  #welcomed(welcome: ServerMessage & { type: "welcome" }): void {
    this.#session = welcome.session;
    this.settings.memory.saveSession(welcome.session);
    if (this.#wantedName === this.#name) this.#wantedName = welcome.name;
    this.#name = welcome.name;
    this.#members = [...new Set(welcome.members)];
    this.#lastSeq = welcome.last_seq;
    // Also when the sequence runs behind what is shown: the server lost its store, the old messages are gone.
    const missed = welcome.last_seq - this.timeline.head;
    if (missed > ChatClient.FAR_BEHIND || missed < 0) this.timeline.reset();
    if (missed < 0) this.#seenNewest = 0;
    this.#become({ kind: "catching-up" });
    if (this.timeline.opened) this.#ask({ type: "history", after: this.timeline.head, limit: HISTORY_MAX });
    else this.#ask({ type: "history", limit: ChatClient.PAGE });
  }

  #paged(page: ServerMessage & { type: "history" }): void {
    this.#askedHistory = Math.max(0, this.#askedHistory - 1);
    if (typeof page.before === "number") {
      this.#askedOlder = false;
      this.timeline.prepend(page.before, page.messages, page.more);
      this.settings.memory.savePending(this.timeline.pending);
      return this.settings.events.changed();
    }
    if (typeof page.after !== "number") {
      this.#merged(this.timeline.open(page.messages, this.#lastSeq, page.more));
    } else {
      const before = this.timeline.head;
      this.#merged(this.timeline.extend(page.after, page.messages));
      // An answer that says "more" without moving on would be asked for again for ever.
      if (page.more && this.timeline.head > before) {
        return this.#ask({ type: "history", after: this.timeline.head, limit: HISTORY_MAX });
      }
    }
    if (this.#state.kind === "catching-up") this.#caughtUp();
    else this.#flush();
  }

  #caughtUp(): void {
    this.#become({ kind: "live" });
    this.#stable = this.settings.clock.after(ChatClient.STABLE_MS, () => this.#backoff.reset());
    this.#flush();
  }

  #acknowledged(ack: ServerMessage & { type: "ack" }): void {
    this.#inFlight.delete(ack.client_id);
    if (!this.timeline.confirm(ack.client_id, ack.seq, this.#name, ack.at)) return;
    this.#merged([]);
    this.#flush();
  }

  #failed(error: ServerMessage & { type: "error" }): void {
    if (error.client_id === undefined || error.client_id === null) {
      if (error.code === "name_invalid" || error.code === "name_too_long" || error.code === "room_invalid") {
        if (this.#state.kind === "connecting") this.#refuse(error.code);
      } else if (error.code === "store_unavailable" && this.#askedHistory > 0) {
        this.#dropped();
      }
      return;
    }
    const pending = this.timeline.find(error.client_id);
    if (pending === undefined) return;
    this.#inFlight.delete(pending.clientId);
    if (error.code === "store_unavailable" && pending.attempts < ChatClient.MAX_ATTEMPTS) {
      pending.state = "queued";
      this.#storeRetry();
      this.#storeRetry = this.settings.clock.after(ChatClient.STORE_RETRY_MS, () => {
        this.#storeRetry = nothing;
        this.#flush();
      });
    } else {
      pending.state = "failed";
      pending.reason = error.code;
    }
    this.#pendingChanged();
    this.#flush();
  }

  /** The list has taken in messages: save what is left to send, watch for gaps, tell of news. */
  #merged(added: readonly Confirmed[]): void {
    for (const id of this.#inFlight) if (this.timeline.find(id) === undefined) this.#inFlight.delete(id);
    this.#pendingChanged();
    this.#closeGap();
    const firstPage = this.#seenNewest === 0;
    const news = added.filter((message) => message.seq > this.#seenNewest);
    this.#seenNewest = Math.max(this.#seenNewest, ...added.map((message) => message.seq));
    if (news.length > 0 && !(firstPage && this.#state.kind === "catching-up")) this.settings.events.arrived(news);
  }

  #closeGap(): void {
    if (!this.timeline.hasGap) {
      this.#gap();
      this.#gap = nothing;
    } else if (this.#gap === nothing && this.#state.kind === "live") {
      this.#gap = this.settings.clock.after(ChatClient.GAP_MS, () => {
        this.#gap = nothing;
        this.#probe();
      });
    }
  }

  // --- own messages ---------------------------------------------------------------------------------------------

  /**
   * Hands every queued message to the connection, in order. While a change of name waits, only those that were
   * tried before: the server knows a message by author and id, so one that may already be stored under the present
   * name has to be settled under it, or it would be stored twice. With nothing of that kind left, the name changes.
   */
  #flush(): void {
    if (this.#state.kind !== "live" || this.#storeRetry !== nothing) return;
    if (this.#inFlight.size === 0) this.#suspectInFlight = false;
    const renaming = this.#wantedName !== this.#name;
    if (renaming && !this.#mustKeepName()) return this.#open();
    for (const pending of this.timeline.pending) {
      const tried = pending.attempts > 0;
      if (pending.state === "queued" && (tried || !renaming) && !this.#transmitPending(pending)) break;
    }
    this.#pendingChanged();
    this.#watch();
  }

  /**
   * False when nothing more may be sent for now: a message that went unanswered several times goes alone, so that
   * only it can be to blame if it ends the connection.
   */
  #transmitPending(pending: Pending): boolean {
    if (pending.attempts >= ChatClient.MAX_ATTEMPTS) {
      pending.state = "failed";
      pending.reason = "no_answer";
      return true;
    }
    const suspect = pending.attempts >= ChatClient.SUSPECT_AFTER;
    if (this.#suspectInFlight || (suspect && this.#inFlight.size > 0)) return false;
    pending.attempts += 1;
    pending.state = "sending";
    this.#inFlight.add(pending.clientId);
    this.#transmit({ type: "send", client_id: pending.clientId, text: pending.text });
    this.#suspectInFlight = suspect;
    return !suspect;
  }

  #pendingChanged(): void {
    this.settings.memory.savePending(this.timeline.pending);
    this.settings.events.changed();
  }

  /** Whether a message may be stored already under the present name without this page knowing. */
  #mustKeepName(): boolean {
    return this.timeline.pending.some((pending) => pending.attempts > 0 && pending.state !== "failed");
  }
}

function requeued(pending: Pending): Pending {
  return pending.state === "sending" ? { ...pending, state: "queued" } : pending;
}

function nothing(): void {}
