import type { Cancel } from "../net/clock";
import type { Answer, Ask, AskHttp } from "../net/http";
import {
  type ClientMessage,
  type Command,
  type Entry,
  type Fields,
  type Identity,
  isCount,
  isEntryList,
  isIdentity,
  isPosition,
  isRecord,
  isString,
  type Position,
  readTyped,
} from "./protocol";
import type { End, LineEvents } from "./way";

/** A part of the history, as an answer has it. */
export interface Page extends Position {
  messages: Entry[];
  more: boolean;
  /** When to ask again, in milliseconds; null if it didn't say. */
  pollAfterMs: number | null;
  etag: string | null;
}

/**
 * Where commands are handed in on a way without a socket: each is a request, and the answer is reported as the message that a socket
 * would bring. Whatever no message of the protocol can say ends the line, with the reason if one was given.
 */
export class Desk {
  /** How long an answer may take, in milliseconds. The client that waits for it gives up then, too. */
  static readonly PATIENCE_MS = 10_000;

  readonly #open = new Set<Cancel>();
  #name = "";
  #session = "";
  /** What was said, in its order: one has to be answered before the next goes. */
  #queue: Command[] = [];
  #sending = false;
  #closed = false;

  constructor(
    readonly room: string,
    private readonly http: AskHttp,
    private readonly events: LineEvents,
  ) {}

  /** Whether nothing is asked for any more. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Where the room's history is, and messages are sent to. */
  get path(): string {
    return `/api/rooms/${encodeURIComponent(this.room)}/messages`;
  }

  /** Takes the name and the session of a `join`, or asks for a session. */
  enter({ name, session, sender }: ClientMessage & { type: "join" }, entered: (identity: Identity) => void): void {
    this.#name = name;
    const known = (identity: Identity) => {
      this.#session = identity.session;
      entered(identity);
    };
    if (session !== undefined && sender !== undefined) return known({ session, sender });
    this.ask({ method: "POST", path: "/api/sessions", body: {} }, ({ status, body }) => {
      if (status < 300 && isRecord(body) && isIdentity(body)) known({ session: body.session, sender: body.sender });
      else this.fail(body);
    });
  }

  /** Takes whatever a line takes, but for the `join`. Who types isn't told this way. */
  send(message: ClientMessage): void {
    if (message.type === "history") return this.#history(message);
    if (message.type === "read") return this.#read(message.offset);
    if (!("client_id" in message)) return;
    this.#queue.push(message);
    this.#sendNext();
  }

  /** Whether that is stored shows when somebody comes back; nobody waits for it. */
  #read(offset: number): void {
    const body = { offset, name: this.#name, session: this.#session };
    this.ask({ method: "PUT", path: `/api/rooms/${encodeURIComponent(this.room)}/read`, body }, () => {});
  }

  #history({ type, after, before, epoch, limit }: ClientMessage & { type: "history" }): void {
    this.page({ after, before, epoch, limit }, (page, body) => {
      if (page !== null) {
        const { messages, epoch, more } = page;
        const asked = { ...(after === undefined ? {} : { after }), ...(before === undefined ? {} : { before }) };
        return this.events.received({ type, messages, epoch, more, ...asked });
      }
      const error = readTyped("error", body);
      if (error === null) this.fail(body);
      else this.events.received(error);
    });
  }

  /** Asks for a part of the history. What isn't one is null, with the body it came with; nothing newer is "same". */
  page(
    query: NonNullable<Ask["query"]>,
    answered: (page: Page | null, body: unknown) => void,
    more: { etag?: string; patienceMs?: number; same?: () => void } = {},
  ): void {
    const { same, ...rest } = more;
    this.ask({ method: "GET", path: this.path, query, ...rest }, ({ status, body, etag }) => {
      if (status === 304 && same !== undefined) return same();
      answered(status === 200 ? readPage(body, etag) : null, body);
    });
  }

  ask(ask: Omit<Ask, "patienceMs"> & { patienceMs?: number }, answered: (answer: Answer) => void): void {
    if (this.#closed) return;
    const cancel = this.http({ patienceMs: Desk.PATIENCE_MS, ...ask }, (answer) => {
      this.#open.delete(cancel);
      if (answer === null) this.end(null);
      else answered(answer);
    });
    this.#open.add(cancel);
  }

  /** Ends the line for what an answer says. */
  fail(body: unknown): void {
    if (!isRecord(body) || typeof body.code !== "string") return this.end(null);
    const { code, retry_after_ms: ms, reason } = body;
    const told = { ...(isCount(ms) ? { retryAfterMs: ms } : {}), ...(isString(reason) ? { reason } : {}) };
    this.end({ code, final: FINAL.has(code), ...told });
  }

  end(end: End | null): void {
    if (this.#closed) return;
    this.close();
    this.events.closed(end);
  }

  /** Lets go of every request. */
  close(): void {
    this.#closed = true;
    for (const cancel of this.#open) cancel();
    this.#open.clear();
    this.#queue = [];
  }

  #sendNext(): void {
    const [message] = this.#queue;
    if (message === undefined || this.#sending) return;
    this.#sending = true;
    const { client_id } = message;
    const { method, path, ...said } = requestOf(message);
    const body = { client_id, ...said, name: this.#name, session: this.#session };
    this.ask({ method, path: `${this.path}${path}`, body }, ({ status, body }) => {
      this.#sending = false;
      this.#queue.shift();
      const answer = isRecord(body) ? { ...body, client_id } : {};
      const read = status < 300 ? readTyped("ack", answer) : readTyped("error", answer);
      if (read === null) return this.fail(body);
      this.events.received(read);
      this.#sendNext();
    });
  }
}

/** Codes that no coming again would change. */
const FINAL = new Set(["room_invalid", "banned", "name_reserved"]);

/** Where a command goes, and what goes with it. */
function requestOf(command: Command): { method: Ask["method"]; path: string; text?: string; reply_to?: number } {
  switch (command.type) {
    case "edit":
      return { method: "PATCH", path: `/${command.target}`, text: command.text };
    case "delete":
      return { method: "DELETE", path: `/${command.target}` };
    case "react": {
      const path = `/${command.target}/reactions/${encodeURIComponent(command.emoji)}`;
      return { method: command.on ? "PUT" : "DELETE", path };
    }
    case "send": {
      const { text, reply_to } = command;
      return { method: "POST", path: "", text, ...(reply_to === undefined ? {} : { reply_to }) };
    }
  }
}

function readPage(body: unknown, etag: string | null): Page | null {
  if (!isRecord(body) || !isPosition(body) || !isEntryList(body.messages)) return null;
  const { messages, offset, epoch, more, poll_after } = body as Fields & Position & { messages: Entry[] };
  const pollAfterMs = typeof poll_after === "number" && poll_after >= 0 ? poll_after * 1000 : null;
  return { messages, offset, epoch, more: more === true, pollAfterMs, etag };
}
