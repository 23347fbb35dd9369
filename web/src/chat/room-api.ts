import { type Ask, type AskHttp, inquire } from "../net/http";
import { type Entry, type Fields, isCount, isEntryList, isRecord, isString, type StoredMessage } from "./protocol";

/** A part of a room's history that is asked for by itself, whatever way the room is followed. */
export interface Part {
  messages: Entry[];
  epoch: string;
  /** Whether there are older ones, and newer ones. */
  more: boolean;
  moreAfter: boolean;
}

/** How much of a room somebody hasn't read. */
export interface Unread {
  room: string;
  read: number;
  unread: number;
  mentions: number;
}

export interface Found {
  messages: StoredMessage[];
  more: boolean;
}

/** What was asked for, or the code of why not. */
export type Result<T> = { ok: true; value: T } | { ok: false; code: string; retryAfterMs?: number };

/** What can be asked of a room at any time, each by a request of its own. */
export class RoomApi {
  /** How long an answer may take, in milliseconds. */
  static readonly PATIENCE_MS = 10_000;

  readonly #path: string;

  constructor(
    room: string,
    private readonly http: AskHttp,
    private readonly session: () => string | undefined,
  ) {
    this.#path = `/api/rooms/${encodeURIComponent(room)}`;
  }

  /** The messages around one. */
  around(offset: number, limit: number): Promise<Result<Part>> {
    return this.#part({ around: offset, limit });
  }

  before(offset: number, limit: number): Promise<Result<Part>> {
    return this.#part({ before: offset, limit });
  }

  after(offset: number, epoch: string, limit: number): Promise<Result<Part>> {
    return this.#part({ after: offset, epoch, limit });
  }

  /** Messages with all the words in them, the newest first; those before `before`, if that's given. */
  search(words: string, before: number | undefined, limit: number): Promise<Result<Found>> {
    const ask = { method: "GET" as const, path: `${this.#path}/search`, query: { q: words, before, limit } };
    return this.ask(ask, (body) => {
      if (!isEntryList(body.messages)) return null;
      return { messages: body.messages as StoredMessage[], more: body.more === true };
    });
  }

  report(offset: number, reason: string): Promise<Result<true>> {
    return this.post("reports", { offset, reason });
  }

  /** Hands something in below the room's address. */
  post(what: string, body: object): Promise<Result<true>> {
    const session = this.session();
    const said = session === undefined ? body : { ...body, session };
    return this.ask({ method: "POST", path: `${this.#path}/${what}`, body: said }, () => true);
  }

  /** Sets what is below the room's address. */
  put(what: string, body: object): Promise<Result<true>> {
    return this.ask({ method: "PUT", path: `${this.#path}/${what}`, body }, () => true);
  }

  get<T>(what: string, read: (body: Fields) => T | null): Promise<Result<T>> {
    return this.ask({ method: "GET", path: `${this.#path}/${what}` }, read);
  }

  /** How much of each room this person hasn't read. */
  unread(rooms: readonly string[], name: string): Promise<Result<Unread[]>> {
    const session = this.session();
    const ask = { method: "GET" as const, path: "/api/unread", query: { rooms: rooms.join(","), name } };
    return this.ask({ ...ask, ...(session === undefined ? {} : { bearer: session }) }, (body) =>
      Array.isArray(body.rooms) && body.rooms.every(isUnread) ? body.rooms : null,
    );
  }

  async ask<T>(ask: Omit<Ask, "patienceMs">, read: (body: Fields) => T | null): Promise<Result<T>> {
    return resultOf(await inquire(this.http, { ...ask, patienceMs: RoomApi.PATIENCE_MS }), read);
  }

  #part(query: NonNullable<Ask["query"]>): Promise<Result<Part>> {
    return this.ask({ method: "GET", path: `${this.#path}/messages`, query }, (body) => {
      const { messages, epoch, more, more_after } = body;
      if (!isEntryList(messages) || !isString(epoch)) return null;
      // Of what follows, `more` says whether there is further to read.
      const onward = query.after !== undefined;
      return { messages, epoch, more: more === true, moreAfter: onward ? more === true : more_after === true };
    });
  }
}

/** What an answer brings, as `read` understands it, or its problem. */
export function resultOf<T>(
  answer: { status: number; body: unknown } | null,
  read: (body: Fields) => T | null,
): Result<T> {
  if (answer === null) return { ok: false, code: "no_answer" };
  const body = isRecord(answer.body) ? answer.body : {};
  if (answer.status < 300) {
    const value = read(body);
    if (value !== null) return { ok: true, value };
  }
  const code = isString(body.code) ? body.code : "other";
  return { ok: false, code, ...(isCount(body.retry_after_ms) ? { retryAfterMs: body.retry_after_ms } : {}) };
}

function isUnread(value: unknown): value is Unread {
  return (
    isRecord(value) && isString(value.room) && isCount(value.read) && isCount(value.unread) && isCount(value.mentions)
  );
}
