import type { ConnectionState } from "./connection-state";
import { Inquiry } from "./inquiry";
import { Link } from "./link";
import { Outbox } from "./outbox";
import { Presence } from "./presence";
import {
  type ClientMessage,
  type Entry,
  entryOf,
  type Identity,
  isChange,
  type Position,
  type ServerMessage,
  type Standing,
  type Welcome,
} from "./protocol";
import { Reading } from "./reading";
import { checkText, type TextProblem } from "./rules";
import type { ChatSettings } from "./settings";
import { type Confirmed, type PendingChange, requeued, Timeline } from "./timeline";
import { TypingHeartbeat } from "./typing";
import { type Carrier, type End, endOf } from "./way";

export type SendProblem = TextProblem | "too_many_unsent" | "muted" | "banned";

/**
 * One room, over as many connections as it takes. Every message handed to `send` reaches the room once: it is kept
 * until the server acknowledges it, and sent again with the same id after a reconnect. What others said meanwhile is
 * told by the server from where the list is complete, or asked for.
 */
export class ChatClient {
  /** Missed messages beyond which the newest page is shown first and the rest is loaded by scrolling up. */
  static readonly FAR_BEHIND = 1000;

  readonly timeline: Timeline;
  readonly reading: Reading;
  readonly presence: Presence;

  #state: ConnectionState = { kind: "stopped" };
  #name: string;
  #wantedName: string;
  #identity: Identity | null;
  #standing: Standing | null = null;
  /** The newest message seen so far; what comes above it is news. 0 before the first page. */
  #seenNewest = 0;

  #skipped = false;

  readonly #link: Link;
  readonly #inquiry: Inquiry;
  readonly #outbox: Outbox;
  readonly #heartbeat: TypingHeartbeat;

  constructor(private readonly settings: ChatSettings) {
    const { clock, memory, events } = settings;
    this.#name = settings.name;
    this.#wantedName = settings.name;
    this.#identity = memory.identity;
    this.timeline = new Timeline(requeued(memory.pending));
    this.#outbox = new Outbox(
      this.timeline,
      clock,
      settings.auditor,
      (message) => this.#transmit(message),
      () => this.#flush(),
      (_, code) => events.undone(code),
    );
    this.#inquiry = new Inquiry(this.timeline, clock, (question) => {
      this.#transmit(question);
      this.#link.watch();
    });
    this.#link = new Link(settings.way, clock, settings.random, {
      opened: () => this.#join(),
      received: (message) => message !== null && this.#handle(message),
      carried: () => events.changed(),
      closed: (end) => (end?.final ? this.#refuse(end) : this.#dropped(end)),
      again: () => this.#open(),
      due: () => this.#state.kind !== "live" || this.#inquiry.waiting || this.#outbox.waiting,
      quiet: () => this.#inquiry.probe(),
      dead: () => this.#dropped(),
    });
    this.#heartbeat = new TypingHeartbeat(clock, (active) => {
      if (this.#state.kind === "live") this.#transmit({ type: "typing", active });
    });
    this.presence = new Presence(clock, () => events.changed());
    const tell = (offset: number) => this.#transmit({ type: "read", offset });
    this.reading = new Reading(clock, tell, () => events.changed());
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** The name others see, or will once the change is through. */
  get name(): string {
    return this.#wantedName;
  }

  /** The account that speaks, if one does, and what this person may do here; null where the server doesn't say. */
  get standing(): Standing | null {
    return this.#standing;
  }

  /** Who this is to the server, once it has said so. */
  get identity(): Identity | null {
    return this.#identity;
  }

  /** Which numbering the list is of; null before the first welcome. */
  get epoch(): string | null {
    return this.#inquiry.epoch;
  }

  /** Whether an older page has been asked for and isn't here yet. */
  get loadingOlder(): boolean {
    return this.#inquiry.older;
  }

  /** What stands in the way of what is to be said, though there is a connection. */
  get obstacles(): Pick<Outbox, "hold" | "silenced" | "readOnly"> {
    return this.#outbox;
  }

  /** Whether the server has left out messages that aren't here yet. */
  get skipped(): boolean {
    return this.#skipped;
  }

  /** What carries the messages; null while there is no connection. */
  get carrier(): Carrier | null {
    return this.#link.carrier;
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
    else if (this.#state.kind === "live") this.#inquiry.probe();
  }

  /** Puts `text` on the list, perhaps as an answer to the message at `replyTo`, and sends it as soon as possible. Returns what is wrong with it, or null. */
  send(text: string, replyTo?: number): SendProblem | null {
    const checked = checkText(text);
    if (!checked.ok) return checked.problem;
    return this.#say(checked.value, replyTo === undefined ? {} : { replyTo });
  }

  /** Gives the message at `target` another text. The same as `send`. */
  edit(target: number, text: string): SendProblem | null {
    const checked = checkText(text);
    if (!checked.ok) return checked.problem;
    return this.#say(checked.value, { change: { kind: "edit", target } });
  }

  delete(target: number): SendProblem | null {
    return this.#say("", { change: { kind: "delete", target } });
  }

  react(target: number, emoji: string, on: boolean): SendProblem | null {
    return this.#say("", { change: { kind: "reaction", target, emoji, on } });
  }

  #say(text: string, more: { replyTo?: number; change?: PendingChange }): SendProblem | null {
    if (this.timeline.pending.length >= Outbox.MAX_PENDING) return "too_many_unsent";
    if (this.#outbox.silenced !== null) return "muted";
    if (this.#state.kind === "refused" && this.#state.code === "banned") return "banned";
    const of = this.#inquiry.epoch;
    const epoch = Object.keys(more).length > 0 && of !== null ? { epoch: of } : {};
    this.timeline.add(this.settings.newClientId(), text, this.settings.clock.now(), { ...more, ...epoch });
    if (more.change === undefined) this.#heartbeat.stopped();
    this.#pendingChanged();
    this.#flush();
    return null;
  }

  /** Sends a failed message again, with its id. */
  retry(clientId: string): void {
    if (!this.#outbox.retry(clientId)) return;
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
    if (this.#state.kind !== "live" || this.#inquiry.older || !this.timeline.moreBefore) return;
    this.#inquiry.whatPrecedes();
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
    if (!this.#outbox.unsettled) this.#name = this.#wantedName;
    this.#become({ kind: "connecting" });
    this.#link.open();
  }

  #join(): void {
    this.#transmit({ type: "join", name: this.#name, ...this.#identity, ...this.#inquiry.place });
  }

  /** Without a way back but by the person; a ban may be over by itself. */
  #refuse({ code, retryAfterMs, reason }: Omit<End, "final">): void {
    const until = retryAfterMs === undefined ? null : this.settings.clock.now() + retryAfterMs;
    const told = { ...(until === null ? {} : { until }), ...(reason === undefined ? {} : { reason }) };
    this.#letGo();
    if (retryAfterMs !== undefined) this.#link.comeBackAfter(retryAfterMs);
    this.#become({ kind: "refused", code, ...told });
  }

  /** The connection is lost or no longer trusted: try again after a while. */
  #dropped(end: Omit<End, "final"> | null = null): void {
    this.#letGo();
    // A session that this server doesn't take is of no more use: the next join gets another.
    if (end?.code === "session_invalid" || end?.code === "sender_invalid") this.#identity = null;
    const delay = this.#link.comeBack(end?.retryAfterMs ?? 0);
    const waiting = { kind: "waiting" as const, retryAt: this.settings.clock.now() + delay };
    this.#become(end === null ? waiting : { ...waiting, code: end.code });
  }

  /** Ends the present line and everything that belongs to it. */
  #letGo(): void {
    this.#link.letGo();
    this.#inquiry.lineLost();
    this.#skipped = false;
    this.#outbox.lineLost();
    this.reading.lineLost();
    this.settings.auditor.ended();
    this.#heartbeat.forget();
    this.presence.lineLost();
  }

  #become(state: ConnectionState): void {
    this.#state = state;
    this.settings.events.changed();
  }

  #transmit(message: ClientMessage): void {
    this.#link.send(message);
  }

  // --- what the server says -------------------------------------------------------------------------------------

  #handle(message: ServerMessage): void {
    switch (message.type) {
      case "welcome":
        return this.#welcomed(message);
      case "history":
        return this.#paged(message);
      case "message":
      case "edit":
      case "delete":
      case "reaction":
        return this.#happened(entryOf(message));
      case "ack":
        return this.#acknowledged(message);
      case "typing":
        if (message.name !== this.#name) this.presence.types(message.name, message.active);
        return;
      case "joined":
        return this.presence.joined(message.name);
      case "left":
        return this.presence.left(message.name);
      case "read":
        if (message.name === this.#name) return this.reading.learn(message.offset);
        return this.reading.heard(message);
      case "moderated":
        return this.#moderated(message);
      case "position":
        return this.#reached(message);
      case "lost":
        this.settings.auditor.started(message);
        return this.#continue(message);
      case "skipped":
        this.settings.auditor.skipped(message.count);
        this.#skipped = true;
        this.#become({ kind: "catching-up" });
        return this.#inquiry.whatFollows();
      case "error":
        return this.#failed(message);
    }
  }

  #happened(entry: Entry): void {
    if (!isChange(entry)) this.presence.types(entry.author, false);
    this.settings.auditor.said(entry);
    this.#merged(this.timeline.receive(entry));
  }

  #moderated({ action, name, until }: ServerMessage & { type: "moderated" }): void {
    const silenced = action === "mute" ? (until ?? Number.POSITIVE_INFINITY) : null;
    if (name === this.#name && /^(un)?mute$/.test(action)) this.#outbox.silence(silenced);
    // What the server said at the beginning holds no more; the account knows.
    if (action === "role" && name === this.#standing?.account) this.#standing = null;
    this.settings.events.moderated(action, name ?? "");
    this.settings.events.changed();
  }

  #welcomed(welcome: Welcome): void {
    const { session, sender } = welcome;
    this.#identity = { session, sender };
    this.settings.memory.saveIdentity(this.#identity);
    if (this.#wantedName === this.#name) this.#wantedName = welcome.name;
    this.#name = welcome.name;
    this.presence.welcomed(welcome.members);
    if (typeof welcome.role === "string") this.#standing = { account: welcome.account ?? null, role: welcome.role };
    this.settings.events.named(welcome.name);
    const readers = welcome.readers?.filter(({ name }) => name !== this.#name);
    if (typeof welcome.read === "number") this.reading.learn(welcome.read, readers);
    const { after, epoch } = this.#inquiry.place;
    const recovered = welcome.recovered === true && after !== undefined && epoch === welcome.epoch;
    // What was missed comes as if it were happening now.
    this.settings.auditor.started(recovered ? { offset: after, epoch } : welcome);
    if (!recovered) return this.#continue(welcome);
    this.timeline.tell(welcome.offset);
    this.#caughtUp();
    this.#inquiry.watchGap(this.#state.kind === "live");
  }

  /** What comes follows `position`; what is between there and the head has to be asked for, if it's of one numbering. */
  #continue(position: Position): void {
    const missed = position.offset - this.timeline.head;
    // A room that runs behind what is shown is another one, whatever its epoch says.
    const changed = this.#inquiry.epoch !== null && (this.#inquiry.epoch !== position.epoch || missed < 0);
    if (changed) this.#restart();
    else if (missed > ChatClient.FAR_BEHIND) this.timeline.reset();
    this.#inquiry.epoch = position.epoch;
    this.timeline.dropForeign(position.epoch);
    this.timeline.tell(position.offset);
    this.#become({ kind: "catching-up" });
    this.#inquiry.whatFollows();
  }

  /** Nothing of the list is part of the room's present numbering. */
  #restart(): void {
    this.timeline.restart();
    this.reading.restart();
    this.#seenNewest = 0;
    this.#inquiry.epoch = null;
  }

  #reached({ offset, epoch }: Position): void {
    if (epoch !== this.#inquiry.epoch) return;
    this.settings.auditor.reached(offset);
    this.timeline.tell(offset);
    this.#inquiry.watchGap(this.#state.kind === "live");
  }

  #paged(page: ServerMessage & { type: "history" }): void {
    this.#inquiry.answered();
    if (page.epoch !== this.#inquiry.epoch) {
      this.#renumbered(page.epoch);
      if (typeof page.before === "number" || typeof page.after === "number") return this.#inquiry.whatFollows();
    }
    this.settings.auditor.paged(page.messages);
    if (typeof page.before === "number") {
      this.#inquiry.precedes();
      this.timeline.prepend(page.before, page.messages, page.more);
      this.settings.memory.savePending(this.timeline.pending);
      return this.settings.events.changed();
    }
    if (typeof page.after !== "number") {
      this.#merged(this.timeline.open(page.messages, this.timeline.told, page.more));
    } else {
      const before = this.timeline.head;
      this.#merged(this.timeline.extend(page.after, page.messages, page.more ? 0 : this.#inquiry.upTo));
      // An answer that says "more" without moving on would be asked for again for ever.
      if (page.more && this.timeline.head > before) return this.#inquiry.whatFollows();
    }
    if (this.#state.kind === "catching-up") this.#caughtUp();
    else this.#flush();
  }

  /** An answer is in another numbering: the room has begun anew without a word, and its stream with it. */
  #renumbered(epoch: string): void {
    this.settings.auditor.ended();
    this.#restart();
    this.#inquiry.epoch = epoch;
    this.timeline.dropForeign(epoch);
    this.#become({ kind: "catching-up" });
  }

  #caughtUp(): void {
    this.#skipped = false;
    this.#become({ kind: "live" });
    this.#link.settled();
    this.#flush();
  }

  #acknowledged(ack: ServerMessage & { type: "ack" }): void {
    if (ack.epoch !== this.#inquiry.epoch) {
      this.#renumbered(ack.epoch);
      this.#inquiry.whatFollows();
    }
    const { client_id: clientId, offset, at, mentions } = ack;
    if (ack.unchanged === true) {
      if (this.timeline.find(clientId) === undefined) return;
      this.#outbox.changedNothing(clientId);
    } else {
      this.#outbox.acknowledged(clientId, offset);
      if (!this.timeline.confirm(clientId, offset, this.#name, at, mentions ?? [])) return;
    }
    this.#merged([]);
    this.#flush();
  }

  #failed(error: ServerMessage & { type: "error" }): void {
    const { code, client_id: clientId } = error;
    if (typeof clientId === "string" && code !== "banned") {
      this.#outbox.failed(error);
      this.#pendingChanged();
      return this.#flush();
    }
    switch (code) {
      case "name_invalid":
      case "name_too_long":
      case "room_invalid":
      case "name_reserved":
        if (this.#state.kind === "connecting") this.#refuse({ code });
        return;
      case "banned":
        return this.#refuse(endOf(error));
      // Who comes again is a guest, or whoever has signed in since: the answer to the next join says who may use the name.
      case "signed_out":
      case "session_invalid":
        return this.#dropped({ code });
      case "position_lost":
        return this.#positionLost();
      case "rate_limited":
      case "store_unavailable":
        if (this.#state.kind !== "connecting" && !this.#inquiry.waiting) return;
        return this.#dropped(endOf(error));
    }
  }

  /** The history doesn't go back to the head, or is another one: the newest page tells which. */
  #positionLost(): void {
    if (!this.#inquiry.waiting) return;
    this.#inquiry.answered();
    this.timeline.reset();
    this.#become({ kind: "catching-up" });
    this.#inquiry.whatFollows();
  }

  /** The list has taken in messages: save what is left to send, watch for gaps, tell of news. */
  #merged(added: readonly Confirmed[]): void {
    this.#outbox.recognised();
    this.#pendingChanged();
    this.#inquiry.watchGap(this.#state.kind === "live");
    const firstPage = this.#seenNewest === 0;
    const news = added.filter((message) => message.offset > this.#seenNewest);
    this.#seenNewest = Math.max(this.#seenNewest, ...added.map((message) => message.offset));
    if (news.length > 0 && !(firstPage && this.#state.kind === "catching-up")) this.settings.events.arrived(news);
  }

  // --- own messages ---------------------------------------------------------------------------------------------

  /**
   * Hands every queued message to the connection, in order. While a change of name waits, only those that were
   * tried before: the server knows a message by author and id, so one that may already be stored under the present
   * name has to be settled under it, or it would be stored twice. With nothing of that kind left, the name changes.
   */
  #flush(): void {
    if (this.#state.kind !== "live" || this.#outbox.hold !== null) return;
    const renaming = this.#wantedName !== this.#name;
    if (renaming && !this.#outbox.unsettled) return this.#open();
    this.#outbox.flush(renaming);
    this.reading.flush();
    this.#pendingChanged();
    this.#link.watch();
  }

  #pendingChanged(): void {
    this.settings.memory.savePending(this.timeline.pending);
    this.settings.events.changed();
  }
}
