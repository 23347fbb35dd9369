import { type Identity, isCount, isIdentity, isRecord } from "./protocol";
import { checkName, checkRoom } from "./rules";
import type { Pending } from "./timeline";

/** The part of the Web Storage API in use. Any call may throw: storage can be full or forbidden. */
export type Storage = Pick<globalThis.Storage, "getItem" | "setItem" | "removeItem">;

/** The browser's storage; where it is forbidden, one that forgets everything when the page goes. */
export function openStorage(open: () => Storage): Storage {
  try {
    return open();
  } catch {
    const values = new Map<string, string>();
    return {
      getItem: (key) => values.get(key) ?? null,
      setItem: (key, value) => void values.set(key, value),
      removeItem: (key) => void values.delete(key),
    };
  }
}

/**
 * What one tab remembers: who it was, and of one room what it hasn't sent. In session storage, which survives a
 * reload and belongs to the tab alone, so that two tabs never send each other's messages.
 */
export class RoomMemory {
  readonly #key: (what: string) => string;

  constructor(
    private readonly storage: Storage,
    room: string,
  ) {
    this.#key = (what) => `madang.${what}.${room}`;
  }

  /** The secret by which the server knows this tab again, in whichever room, and its public id. */
  get identity(): Identity | null {
    const value = parse(read(this.storage, IDENTITY));
    return isRecord(value) && isIdentity(value) ? { session: value.session, sender: value.sender } : null;
  }

  saveIdentity({ session, sender }: Identity): void {
    write(this.storage, IDENTITY, JSON.stringify({ session, sender }));
  }

  get pending(): Pending[] {
    const value = parse(read(this.storage, this.#key("outbox")));
    return Array.isArray(value) ? value.filter(isPending) : [];
  }

  savePending(pending: readonly Pending[]): void {
    write(this.storage, this.#key("outbox"), pending.length === 0 ? null : JSON.stringify(pending));
  }

  /** The name this tab has in the room; it outlives a change of name in another tab. */
  get name(): string | null {
    const checked = checkName(read(this.storage, this.#key("name")) ?? "");
    return checked.ok ? checked.value : null;
  }

  saveName(name: string): void {
    write(this.storage, this.#key("name"), name);
  }

  /** What stands in the composer. */
  get draft(): string {
    return read(this.storage, this.#key("draft")) ?? "";
  }

  saveDraft(draft: string): void {
    write(this.storage, this.#key("draft"), draft === "" ? null : draft);
  }

  /** Forgets who it was and what it had to send. For a copy of a tab: those belong to the original. */
  disown(): void {
    for (const key of [IDENTITY, this.#key("outbox"), this.#key("draft")]) write(this.storage, key, null);
  }
}

/** Of the tab and not of a room: who it is, and so what it has read, is asked for all rooms at once. */
const IDENTITY = "madang.identity";

/** What all tabs of a browser share. */
export class BrowserMemory {
  /** Rooms kept in the list; enough to find one again, few enough to read. */
  static readonly MAX_ROOMS = 12;

  constructor(
    private readonly storage: Storage,
    private readonly randomId: (chars: number) => string,
  ) {}

  /** The name for rooms where a tab has none yet. */
  get name(): string | null {
    const checked = checkName(read(this.storage, "madang.name") ?? "");
    return checked.ok ? checked.value : null;
  }

  saveName(name: string): void {
    write(this.storage, "madang.name", name);
  }

  /** The account that was signed in last, which may be over; null where nobody is known to be. The proof itself is a cookie that no page can read. */
  get account(): string | null {
    const checked = checkName(read(this.storage, "madang.account") ?? "");
    return checked.ok ? checked.value : null;
  }

  saveAccount(name: string | null): void {
    write(this.storage, "madang.account", name);
  }

  /** Starts each client message id, so that own messages are recognised in the history. Not a secret. */
  get authorId(): string {
    const known = read(this.storage, "madang.author");
    if (known !== null && /^[A-Za-z0-9]{12}$/.test(known)) return known;
    const fresh = this.randomId(12);
    write(this.storage, "madang.author", fresh);
    return fresh;
  }

  /** Rooms visited, the last first. */
  get rooms(): string[] {
    const value = parse(read(this.storage, "madang.rooms"));
    if (!Array.isArray(value)) return [];
    return value.filter((room) => typeof room === "string" && checkRoom(room).ok).slice(0, BrowserMemory.MAX_ROOMS);
  }

  visit(room: string): void {
    this.#saveRooms([room, ...this.rooms.filter((other) => other !== room)]);
  }

  forgetRoom(room: string): void {
    this.#saveRooms(this.rooms.filter((other) => other !== room));
  }

  #saveRooms(rooms: readonly string[]): void {
    write(this.storage, "madang.rooms", JSON.stringify(rooms.slice(0, BrowserMemory.MAX_ROOMS)));
  }
}

/** Letters and digits from a strong source. */
export function randomId(chars: number): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  let id = "";
  while (id.length < chars) {
    for (const byte of crypto.getRandomValues(new Uint8Array(chars))) {
      // Bytes beyond a multiple of 62 would favour the first letters.
      if (byte < 248 && id.length < chars) id += alphabet[byte % 62];
    }
  }
  return id;
}

function read(storage: Storage, key: string): string | null {
  try {
    return storage.getItem(key);
  } catch {
    return null;
  }
}

/** Remembers as well as it can: without storage the page works, it only forgets on reload. */
function write(storage: Storage, key: string, value: string | null): void {
  try {
    if (value === null) storage.removeItem(key);
    else storage.setItem(key, value);
  } catch {
    return;
  }
}

function parse(text: string | null): unknown {
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

function isPending(value: unknown): value is Pending {
  if (typeof value !== "object" || value === null) return false;
  const { key, clientId, text, at, state, attempts } = value as Record<string, unknown>;
  return (
    typeof clientId === "string" &&
    key === `c:${clientId}` &&
    typeof text === "string" &&
    typeof at === "number" &&
    typeof attempts === "number" &&
    (state === "queued" || state === "sending" || state === "failed") &&
    isChange((value as { change?: unknown }).change)
  );
}

function isChange(change: unknown): boolean {
  if (change === undefined) return true;
  return isRecord(change) && isCount(change.target) && ["edit", "delete", "reaction"].includes(String(change.kind));
}
