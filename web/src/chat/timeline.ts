import { Changes, type Said } from "./changes";
import { type Change, type Entry, isChange, type StoredMessage } from "./protocol";

/** A message the server has given its place, as it is by now. */
export interface Confirmed extends Said {
  /** Names the row on the page; stays the same when an own message turns from pending to confirmed. */
  key: string;
  offset: number;
  author: string;
  clientId: string;
  /** Milliseconds since the epoch, by the server's clock. */
  at: number;
  /** The offset of the message that it answers. */
  replyTo?: number;
}

/** An own message, or an own change of one, that the server has not acknowledged. */
export interface Pending {
  key: string;
  clientId: string;
  /** Of the message, or what an edit makes of one. */
  text: string;
  /** The offset of the message that it answers. */
  replyTo?: number;
  /** What it changes, if it is no message itself. */
  change?: PendingChange;
  /** Of which numbering the offsets in it are. */
  epoch?: string;
  /** Milliseconds since the epoch, by this machine's clock. */
  at: number;
  /** `queued` waits for a connection, `sending` for the acknowledgement, `failed` for the person. */
  state: "queued" | "sending" | "failed";
  /** How often it was handed to a connection. After the first, only the server knows whether it is stored. */
  attempts: number;
  /** Why it failed: a code of the protocol, or `no_answer`. */
  reason?: string;
}

export type PendingChange = { target: number } & (
  | { kind: "edit" }
  | { kind: "delete" }
  | { kind: "reaction"; emoji: string; on: boolean }
);

/**
 * The messages of one room as this page knows them: confirmed ones once each in the order of `offset`, whatever order
 * and however often they came, then the own pending ones in the order of sending. Changes of messages have offsets too.
 *
 * The confirmed ones from the first to `head` are known to be complete. What came beyond (`hasGap`) is shown, but
 * catching up starts at `head`.
 */
export class Timeline {
  #confirmed: Confirmed[] = [];
  /** The confirmed ones as they came, by offset. */
  readonly #stored = new Map<number, StoredMessage>();
  readonly #changes = new Changes();
  #pending: Pending[] = [];
  /** Everything after `#floor` up to `#head` is loaded. `null` before the first page. */
  #floor: number | null = null;
  #head = 0;
  /** The server has told of messages up to here. */
  #told = 0;
  #moreBefore = false;
  #restarted = false;
  /** Whether anything confirmed has ever been on the list. */
  #begun = false;
  /** Another part of the same history, of which messages change too. */
  elsewhere: Timeline | null = null;

  constructor(pending: readonly Pending[] = []) {
    this.#pending = [...pending];
  }

  get confirmed(): readonly Confirmed[] {
    return this.#confirmed;
  }

  get pending(): readonly Pending[] {
    return this.#pending;
  }

  /** Whether a first page has been loaded. */
  get opened(): boolean {
    return this.#floor !== null;
  }

  /** The last message up to which nothing is missing. */
  get head(): number {
    return this.#head;
  }

  /** The oldest loaded message's `offset`, for `history before`. */
  get first(): number {
    return (this.#floor ?? 0) + 1;
  }

  /** Whether the server has messages older than the loaded ones. */
  get moreBefore(): boolean {
    return this.#moreBefore;
  }

  /** Whether there are messages after the head that aren't here, or don't follow it. */
  get hasGap(): boolean {
    return this.opened && Math.max(this.told, this.last) > this.#head;
  }

  /** The last entry that is here, whatever is missing before it. */
  get last(): number {
    return Math.max(this.#confirmed.at(-1)?.offset ?? 0, this.#changes.last);
  }

  /** The message at `offset`, if it is here. */
  at(offset: number): Confirmed | undefined {
    const found = this.#confirmed[this.#indexOf(offset)];
    return found?.offset === offset ? found : undefined;
  }

  /** Whether something is known to be at `offset`. */
  has(offset: number): boolean {
    return this.#stored.has(offset) || this.#changes.has(offset);
  }

  /** The last offset that the server has told of. */
  get told(): number {
    return this.#told;
  }

  /** Whether the room's numbering has begun anew, and what this page knew before is no part of it. */
  get restarted(): boolean {
    return this.#restarted;
  }

  /** Whether something between two offsets isn't here. */
  misses(from: number, to: number): boolean {
    for (let offset = from + 1; offset < to; offset += 1) if (!this.has(offset)) return true;
    return false;
  }

  /** The server says that there are messages up to `offset`. */
  tell(offset: number): void {
    this.#told = Math.max(this.#told, offset);
  }

  /** The newest page, the first one loaded. `position` is the room's position in case the page is empty. */
  open(page: readonly Entry[], position: number, more: boolean): Confirmed[] {
    const first = page[0];
    this.#floor = first === undefined ? position : first.offset - 1;
    this.#head = this.#floor;
    this.#moreBefore = more;
    this.#keep(this.#confirmed.filter((message) => message.offset > (this.#floor ?? 0)));
    return this.extend(this.#floor, page);
  }

  /**
   * The answer to `history after`: `page` holds everything that there is from there to its last message, or to `end` if that
   * is further.
   */
  extend(after: number, page: readonly Entry[], end = 0): Confirmed[] {
    const added = this.#insertAll(page);
    // The answer is complete even if the sequence has holes, so the head moves to its end.
    if (after <= this.#head) this.#head = Math.max(this.#head, page.at(-1)?.offset ?? 0, end);
    this.#advance();
    return added;
  }

  /** The answer to `history before`: an older page, right in front of the loaded ones. */
  prepend(before: number, page: readonly Entry[], more: boolean): Confirmed[] {
    if (!this.opened || before < this.first) return [];
    this.#moreBefore = more;
    const first = page[0];
    if (first !== undefined) this.#floor = Math.min(this.#floor ?? 0, first.offset - 1);
    return this.#insertAll(page);
  }

  /** Another part of the same history, which ends where this one begins or further on, becomes its beginning. */
  takeBefore(part: Timeline): void {
    const before = this.first;
    const entries: Entry[] = [...part.#stored.values(), ...part.#changes.all].filter(({ offset }) => offset < before);
    entries.sort((a, b) => a.offset - b.offset);
    this.prepend(before, entries, part.moreBefore);
  }

  /** A message or a change as it happens. */
  receive(entry: Entry): Confirmed[] {
    const added = this.#insertAll([entry]);
    this.#advance();
    return added;
  }

  /** A change of what may be here, though its own place isn't part of it. */
  apply(change: Change): void {
    if (this.#changes.add(change)) this.#renew(change.target);
    this.elsewhere?.apply(change);
  }

  /** Adds an own message, or an own change of one, not yet acknowledged. */
  add(clientId: string, text: string, at: number, more: Pick<Pending, "replyTo" | "change" | "epoch"> = {}): Pending {
    const pending: Pending = { key: `c:${clientId}`, clientId, text, at, state: "queued", attempts: 0, ...more };
    this.#pending.push(pending);
    return pending;
  }

  find(clientId: string): Pending | undefined {
    return this.#pending.find((pending) => pending.clientId === clientId);
  }

  /** The server has stored the own message or change `clientId` at `offset`. False if it wasn't pending. */
  confirm(clientId: string, offset: number, author: string, at: number, mentions: readonly string[] = []): boolean {
    const pending = this.find(clientId);
    if (pending === undefined) return false;
    this.#insertAll([entryOf(pending, { offset, author, client_id: clientId, at, mentions: [...mentions] })]);
    // Below the loaded part it isn't inserted: it will come with its page.
    this.remove(clientId);
    this.#advance();
    return true;
  }

  /** What is pending and means messages of another numbering: changes go, answers become plain messages. */
  dropForeign(epoch: string): void {
    const foreign = (pending: Pending) => pending.epoch !== undefined && pending.epoch !== epoch;
    this.#pending = this.#pending.filter((pending) => !(pending.change !== undefined && foreign(pending)));
    for (const pending of this.#pending) if (foreign(pending)) delete pending.replyTo;
  }

  /** Takes a pending message off the list. */
  remove(clientId: string): void {
    this.#pending = this.#pending.filter((pending) => pending.clientId !== clientId);
  }

  /** Forgets the confirmed messages; the next page opens the timeline anew. */
  reset(): void {
    this.#keep([]);
    this.#changes.clear();
    this.#floor = null;
    this.#head = 0;
    this.#told = 0;
    this.#moreBefore = false;
  }

  /** The same because the numbering has begun anew. Where nothing was before, there is nothing to miss. */
  restart(): void {
    this.reset();
    this.#restarted ||= this.#begun;
  }

  /** Lets go of the oldest messages above `keep`; scrolling up loads them again. */
  trim(keep: number): void {
    if (!this.opened || this.#confirmed.length <= keep) return;
    this.#keep(this.#confirmed.slice(-keep));
    const first = this.#confirmed[0];
    if (first !== undefined) this.#floor = first.offset - 1;
    this.#changes.forget(this.#floor ?? 0);
    this.#head = Math.max(this.#head, this.#floor ?? 0);
    this.#moreBefore = true;
  }

  #insertAll(entries: readonly Entry[]): Confirmed[] {
    const added: Confirmed[] = [];
    for (const entry of entries) {
      const confirmed = isChange(entry) ? this.#change(entry) : this.#insert(entry);
      if (confirmed !== null) added.push(confirmed);
    }
    return added;
  }

  #change(change: Change): null {
    if (this.find(change.client_id) !== undefined) this.remove(change.client_id);
    if (this.#floor === null || change.offset > this.#floor) this.apply(change);
    else this.elsewhere?.apply(change);
    return null;
  }

  #insert(message: StoredMessage): Confirmed | null {
    const own = this.find(message.client_id);
    if (own !== undefined) this.remove(own.clientId);
    const index = this.#indexOf(message.offset);
    if (this.#confirmed[index]?.offset === message.offset) return null;
    if (this.#floor !== null && message.offset <= this.#floor) return null;
    const { offset, author, client_id: clientId, at, reply_to } = message;
    const place = { key: own?.key ?? `s:${offset}`, offset, author, clientId, at };
    const confirmed: Confirmed = { ...place, ...this.#changes.applied(message) };
    if (typeof reply_to === "number") confirmed.replyTo = reply_to;
    this.#confirmed.splice(index, 0, confirmed);
    this.#stored.set(offset, message);
    this.#begun = true;
    return confirmed;
  }

  /** Lays the changes over the message at `offset` again, if it is here. */
  #renew(offset: number): void {
    const stored = this.#stored.get(offset);
    const index = this.#indexOf(offset);
    const known = this.#confirmed[index];
    if (stored === undefined || known === undefined) return;
    this.#confirmed[index] = { ...known, ...this.#changes.applied(stored) };
  }

  #keep(confirmed: Confirmed[]): void {
    this.#confirmed = confirmed;
    const first = confirmed[0]?.offset ?? Number.POSITIVE_INFINITY;
    for (const offset of this.#stored.keys()) if (offset < first) this.#stored.delete(offset);
  }

  /** Moves the head over messages that follow it without a gap. */
  #advance(): void {
    if (!this.opened) return;
    while (this.has(this.#head + 1)) this.#head += 1;
  }

  /** Where `offset` is, or would be. New messages belong at the end, so that end is tried first. */
  #indexOf(offset: number): number {
    const last = this.#confirmed.at(-1);
    if (last === undefined || last.offset < offset) return this.#confirmed.length;
    let low = 0;
    let high = this.#confirmed.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#confirmed[middle]?.offset ?? 0) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** What the server has made of something pending. */
function entryOf({ text, replyTo, change }: Pending, { mentions, ...stored }: Omit<StoredMessage, "text">): Entry {
  const said = { text, mentions: mentions ?? [] };
  if (change === undefined) return { ...stored, kind: "message", ...said, reply_to: replyTo ?? null };
  if (change.kind === "edit") return { ...stored, ...change, ...said };
  return { ...stored, ...change };
}

/** As it is after a reload: what was on its way has to go again. */
export function requeued(pending: readonly Pending[]): Pending[] {
  return pending.map((one) => (one.state === "sending" ? { ...one, state: "queued" } : one));
}
