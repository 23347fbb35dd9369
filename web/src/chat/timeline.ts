import type { StoredMessage } from "./protocol";

/** A message the server has given its place. */
export interface Confirmed {
  /** Names the row on the page; stays the same when an own message turns from pending to confirmed. */
  key: string;
  offset: number;
  author: string;
  clientId: string;
  text: string;
  /** Milliseconds since the epoch, by the server's clock. */
  at: number;
}

/** An own message that the server has not acknowledged. */
export interface Pending {
  key: string;
  clientId: string;
  text: string;
  /** Milliseconds since the epoch, by this machine's clock. */
  at: number;
  /** `queued` waits for a connection, `sending` for the acknowledgement, `failed` for the person. */
  state: "queued" | "sending" | "failed";
  /** How often it was handed to a connection. After the first, only the server knows whether it is stored. */
  attempts: number;
  /** Why it failed: a code of the protocol, or `no_answer`. */
  reason?: string;
}

/**
 * The messages of one room as this page knows them: confirmed ones once each in the order of `offset`, whatever order
 * and however often they came, then the own pending ones in the order of sending.
 *
 * The confirmed ones from the first to `head` are known to be complete. What came beyond (`hasGap`) is shown, but
 * catching up starts at `head`.
 */
export class Timeline {
  #confirmed: Confirmed[] = [];
  #pending: Pending[] = [];
  /** Everything after `#floor` up to `#head` is loaded. `null` before the first page. */
  #floor: number | null = null;
  #head = 0;
  /** The server has told of messages up to here. */
  #told = 0;
  #moreBefore = false;
  #restarted = false;

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
    return this.opened && Math.max(this.told, this.#confirmed.at(-1)?.offset ?? 0) > this.#head;
  }

  /** The last offset that the server has told of. */
  get told(): number {
    return this.#told;
  }

  /** Whether the room's numbering has begun anew, and what this page knew before is no part of it. */
  get restarted(): boolean {
    return this.#restarted;
  }

  /** The server says that there are messages up to `offset`. */
  tell(offset: number): void {
    this.#told = Math.max(this.#told, offset);
  }

  /** The newest page, the first one loaded. `position` is the room's position in case the page is empty. */
  open(page: readonly StoredMessage[], position: number, more: boolean): Confirmed[] {
    const first = page[0];
    this.#floor = first === undefined ? position : first.offset - 1;
    this.#head = this.#floor;
    this.#moreBefore = more;
    this.#confirmed = this.#confirmed.filter((message) => message.offset > (this.#floor ?? 0));
    return this.extend(this.#floor, page);
  }

  /**
   * The answer to `history after`: `page` holds everything that there is from there to its last message, or to `end` if that
   * is further.
   */
  extend(after: number, page: readonly StoredMessage[], end = 0): Confirmed[] {
    const added = this.#insertAll(page);
    // The answer is complete even if the sequence has holes, so the head moves to its end.
    if (after <= this.#head) this.#head = Math.max(this.#head, page.at(-1)?.offset ?? 0, end);
    this.#advance();
    return added;
  }

  /** The answer to `history before`: an older page, right in front of the loaded ones. */
  prepend(before: number, page: readonly StoredMessage[], more: boolean): Confirmed[] {
    if (!this.opened || before < this.first) return [];
    this.#moreBefore = more;
    const first = page[0];
    if (first !== undefined) this.#floor = Math.min(this.#floor ?? 0, first.offset - 1);
    return this.#insertAll(page);
  }

  /** A message as it happens. */
  receive(message: StoredMessage): Confirmed[] {
    const added = this.#insertAll([message]);
    this.#advance();
    return added;
  }

  /** Adds an own message, not yet acknowledged. */
  add(clientId: string, text: string, at: number): Pending {
    const pending: Pending = { key: `c:${clientId}`, clientId, text, at, state: "queued", attempts: 0 };
    this.#pending.push(pending);
    return pending;
  }

  find(clientId: string): Pending | undefined {
    return this.#pending.find((pending) => pending.clientId === clientId);
  }

  /** The server has stored the own message `clientId` at `offset`. False if it wasn't pending. */
  confirm(clientId: string, offset: number, author: string, at: number): boolean {
    const pending = this.find(clientId);
    if (pending === undefined) return false;
    this.#insertAll([{ offset, author, client_id: clientId, text: pending.text, at }]);
    // Below the loaded part it isn't inserted: it will come with its page.
    this.remove(clientId);
    this.#advance();
    return true;
  }

  /** Takes a pending message off the list. */
  remove(clientId: string): void {
    this.#pending = this.#pending.filter((pending) => pending.clientId !== clientId);
  }

  /** Forgets the confirmed messages; the next page opens the timeline anew. */
  reset(): void {
    this.#confirmed = [];
    this.#floor = null;
    this.#head = 0;
    this.#told = 0;
    this.#moreBefore = false;
  }

  /** The same because the numbering has begun anew. */
  restart(): void {
    this.reset();
    this.#restarted = true;
  }

  /** Lets go of the oldest messages above `keep`; scrolling up loads them again. */
  trim(keep: number): void {
    if (!this.opened || this.#confirmed.length <= keep) return;
    this.#confirmed = this.#confirmed.slice(-keep);
    const first = this.#confirmed[0];
    if (first !== undefined) this.#floor = first.offset - 1;
    this.#head = Math.max(this.#head, this.#floor ?? 0);
    this.#moreBefore = true;
  }

  #insertAll(messages: readonly StoredMessage[]): Confirmed[] {
    const added: Confirmed[] = [];
    for (const message of messages) {
      const confirmed = this.#insert(message);
      if (confirmed !== null) added.push(confirmed);
    }
    return added;
  }

  #insert(message: StoredMessage): Confirmed | null {
    const own = this.find(message.client_id);
    if (own !== undefined) this.remove(own.clientId);
    const index = this.#indexOf(message.offset);
    if (this.#confirmed[index]?.offset === message.offset) return null;
    if (this.#floor !== null && message.offset <= this.#floor) return null;
    const { offset, author, client_id: clientId, text, at } = message;
    const confirmed: Confirmed = { key: own?.key ?? `s:${offset}`, offset, author, clientId, text, at };
    this.#confirmed.splice(index, 0, confirmed);
    return confirmed;
  }

  /** Moves the head over messages that follow it without a gap. */
  #advance(): void {
    if (!this.opened) return;
    let index = this.#indexOf(this.#head + 1);
    while (this.#confirmed[index]?.offset === this.#head + 1) {
      this.#head += 1;
      index += 1;
    }
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
