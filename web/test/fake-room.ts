import type { Via } from "../src/chat/choice";
import { plainWay } from "../src/chat/plain-way";
import { pollingWay } from "../src/chat/polling-way";
import type { ClientMessage, ServerMessage, StoredMessage } from "../src/chat/protocol";
import { socketIoWay } from "../src/chat/socketio-way";
import { sseWay } from "../src/chat/sse-way";
import type { Way } from "../src/chat/way";
import type { Attention } from "../src/net/attention";
import type { ConnectStream } from "../src/net/event-stream";
import type { Answer, Ask, AskHttp } from "../src/net/http";
import type { Connect } from "../src/net/socket";
import type { ConnectSocketIo } from "../src/net/socketio";
import type { VirtualClock } from "./virtual-clock";

/**
 * One room of the server, by the protocol's rules, over connections of which every direction can be cut at any
 * message, whichever way they go. Everything crosses the wire through the clock, so a cut can fall between any two steps.
 */
export class FakeRoom {
  stored: StoredMessage[] = [];
  epoch = "0000000000000001";
  /** The oldest place from which what was missed can be told. */
  oldest = 0;
  /** When a poll should come again, in seconds. */
  pollAfter = 0.5;
  /** Whether the pages can be seen. */
  readonly attention = new FakeAttention();
  /** Every request, as it was asked. */
  readonly asked: Ask[] = [];
  /** Answers the next requests in the server's stead, unless null. */
  interfere: (ask: Ask) => { status: number; body: unknown } | null = () => null;
  /** Called for each message about to cross, in either direction; false cuts the connection instead. */
  carries: (direction: "up" | "down", message: ClientMessage | ServerMessage) => boolean = () => true;
  /** Whether connections open at all. */
  reachable = true;
  /** Whether it has a name that is none. */
  invalid = false;
  /** An error code to answer the next sends with. */
  refuseSends: string | null = null;
  retryAfterMs: number | null = null;
  /** Whether the server answers; a dead peer keeps the connection and says nothing. */
  mute = false;
  readonly received: ClientMessage[] = [];
  #links: Link[] = [];
  #sessions = 0;
  /** Which session said a message. */
  readonly #saidBy = new Map<StoredMessage, string | null>();
  #waiters = new Set<() => void>();
  #requests = new Set<() => void>();

  constructor(readonly clock: VirtualClock) {}

  /** Every way to the room, by its name. */
  readonly ways: Record<Via, Way> = {
    websocket: (events) => plainWay("ws://test", "lobby", this.#connect)(events),
    socketio: (events) => socketIoWay("lobby", this.#connectSocketIo)(events),
    sse: (events) => sseWay("http://test", "lobby", this.http, this.#connectStream, this.clock)(events),
    "long-polling": (events) => pollingWay("long-polling", "lobby", this.http, this.clock, this.attention)(events),
    polling: (events) => pollingWay("polling", "lobby", this.http, this.clock, this.attention)(events),
  };

  readonly #connect: Connect = (_url, events) => {
    const { opened, closed } = events;
    const deliver = (message: ServerMessage) => events.received(JSON.stringify(message));
    const link = this.#link({ deliver, opened, closed });
    return {
      send: (text) => this.#send(link, JSON.parse(text) as ClientMessage, deliver),
      close: () => this.#forget(link),
    };
  };

  readonly #connectSocketIo: ConnectSocketIo = (events) => {
    const { opened, closed } = events;
    const deliver = ({ type, ...data }: ServerMessage) => events.received(type, data);
    const link = this.#link({ deliver, opened, closed });
    return {
      emit: (type, data, answered) => {
        const message = JSON.parse(JSON.stringify({ ...data, type })) as ClientMessage;
        this.#send(link, message, answered ?? deliver);
      },
      close: () => this.#forget(link),
    };
  };

  readonly #connectStream: ConnectStream = (url, _names, events) => {
    const query = new URL(url).searchParams;
    const session = sessionOf(query.get("except"));
    const link = this.#link({
      deliver: ({ type, ...data }) => events.received(type, JSON.parse(JSON.stringify(data))),
      opened: () => {
        if (this.mute) return;
        link.name = "";
        link.session = session;
        const after = query.get("after");
        if (after === null) return this.#down(link, { type: "position", ...this.position });
        const lost = this.#isLost(Number(after), query.get("epoch"));
        const place = lost ? this.position : { offset: Number(after), epoch: this.epoch };
        this.#down(link, { type: lost ? "lost" : "position", ...place });
        for (const message of lost ? [] : this.#missed(place.offset, session)) {
          this.#down(link, { type: "message", ...message });
        }
      },
      closed: () => events.closed(),
    });
    return { close: () => this.#forget(link) };
  };

  /** Requests of the HTTP API, each of which can be cut on its way. */
  readonly http: AskHttp = (ask, answered) => {
    this.asked.push(ask);
    let over = false;
    const end = (answer: Answer | null) => {
      if (over) return;
      over = true;
      this.#requests.delete(cut);
      cancelPatience();
      answered(answer === null ? null : JSON.parse(JSON.stringify(answer)));
    };
    const cut = () => end(null);
    const cancelPatience = this.clock.after(ask.patienceMs, cut);
    let stopWaiting = () => {};
    this.#requests.add(cut);
    this.clock.after(1, () => {
      if (over || this.mute) return;
      const message = asMessage(ask);
      if (!this.reachable || (message !== null && !this.carries("up", message))) return cut();
      if (message !== null) this.received.push(message);
      stopWaiting = this.#serve(ask, (status, body, down) => {
        if (over || this.mute) return;
        this.clock.after(1, () => {
          if (down !== undefined && !this.carries("down", down)) return cut();
          // As it is by now: the room may have gone on since the page was read.
          end({ status, body, etag: status === 200 ? `"${this.epoch}.${this.stored.length}"` : null });
        });
      });
    });
    return () => {
      over = true;
      this.#requests.delete(cut);
      cancelPatience();
      stopWaiting();
    };
  };

  /** Answers a request, perhaps later, until that is called off. */
  #serve(ask: Ask, answer: AnswerIt): () => void {
    if (ask.query?.wait !== undefined) return this.#serveLater(ask, answer);
    this.#serveNow(ask, answer);
    return () => {};
  }

  #serveLater(ask: Ask, answer: AnswerIt): () => void {
    const { wait, ...query } = ask.query ?? {};
    const answers = () => this.#serveNow({ ...ask, query }, answer, 0);
    const session = sessionOf(String(query.except));
    const due = () =>
      this.#isLost(Number(query.after), String(query.epoch)) || this.#missed(Number(query.after), session).length > 0;
    const stop = () => {
      this.#waiters.delete(waiter);
      cancel();
    };
    const waiter = () => {
      if (!due()) return;
      stop();
      answers();
    };
    const cancel = this.clock.after(Number.parseInt(String(wait), 10) * 1000, () => {
      stop();
      answers();
    });
    this.#waiters.add(waiter);
    waiter();
    return stop;
  }

  #serveNow(ask: Ask, answer: AnswerIt, pollAfter = this.pollAfter): void {
    const instead = this.interfere(ask);
    if (instead !== null) return answer(instead.status, instead.body);
    if (this.invalid) return answer(400, { code: "room_invalid", message: "no" });
    if (ask.path === "/api/sessions") {
      this.#sessions += 1;
      return answer(201, identity(`session-${this.#sessions}`));
    }
    if (ask.method === "POST") {
      const { client_id, name, text, session } = ask.body as Record<string, string>;
      const link = { name: name ?? "", session: session ?? null };
      return this.#accept(link, client_id ?? "", text ?? "", (message) => {
        const { type, client_id: _, ...body } = message as Record<string, unknown>;
        answer(type === "ack" ? 201 : 429, body, message);
      });
    }
    const { after, epoch, before, limit = 50, except } = ask.query ?? {};
    if (after !== undefined && this.#isLost(Number(after), String(epoch ?? this.epoch))) {
      return answer(410, { code: "position_lost", message: "gone", ...this.position, oldest: this.oldest });
    }
    const session = sessionOf(except === undefined ? null : String(except));
    const page = () => {
      const all = after === undefined ? this.stored : this.#missed(Number(after), session);
      if (after === undefined) {
        const older = all.filter((one) => before === undefined || one.offset < Number(before));
        return { messages: older.slice(-Number(limit)), more: older.length > Number(limit), ...this.position };
      }
      const messages = all.slice(0, Number(limit));
      const more = all.length > Number(limit);
      return { messages, more, epoch: this.epoch, offset: more ? messages.at(-1)?.offset : this.stored.length };
    };
    const say = () => {
      const body = { ...page(), poll_after: pollAfter };
      const { messages, more, epoch } = body;
      answer(200, body, { type: "history", messages, more, epoch });
    };
    if (ask.etag === `"${this.epoch}.${this.stored.length}"`) return answer(304, null);
    say();
  }

  /** Where the room is. */
  get position() {
    return { offset: this.stored.length, epoch: this.epoch };
  }

  /** The room begins anew: its messages are gone, and its numbers start again. */
  restart(): void {
    this.stored = [];
    this.epoch = String(Number(this.epoch) + 1).padStart(16, "0");
    this.dropAll(1001);
  }

  #isLost(after: number, epoch: string | null): boolean {
    return epoch !== this.epoch || after < this.oldest || after > this.stored.length;
  }

  #missed(after: number, session: string | null): StoredMessage[] {
    return this.stored.filter((one) => one.offset > after && (session === null || this.#saidBy.get(one) !== session));
  }

  #link(ends: Pick<Link, "deliver" | "opened" | "closed">): Link {
    const link: Link = { ...ends, open: true, name: null, session: null };
    if (this.reachable) {
      this.#links.push(link);
      this.clock.after(1, () => link.open && link.opened());
    } else {
      this.clock.after(1, () => this.#cut(link));
    }
    return link;
  }

  #send(link: Link, message: ClientMessage, reply: Reply): void {
    this.clock.after(1, () => this.#up(link, message, reply));
  }

  /** Drops every connection, as a restart does. */
  dropAll(code = 1006): void {
    for (const link of [...this.#links]) this.#cut(link, code);
    this.#waiters.clear();
    for (const cut of [...this.#requests]) cut();
  }

  get connections(): number {
    return this.#links.length + this.#requests.size;
  }

  /** Another member says something. */
  say(author: string, text: string): StoredMessage {
    const message = this.#store(author, `other-${this.stored.length}`, text, null);
    this.#publish(message, null);
    return message;
  }

  /** Stores without telling anyone, as if it happened while they were away. */
  storeOnly(author: string, text: string): StoredMessage {
    return this.#store(author, `other-${this.stored.length}`, text, null);
  }

  tell(message: ServerMessage): void {
    for (const link of this.#links) this.#down(link, message);
  }

  #store(author: string, clientId: string, text: string, session: string | null): StoredMessage {
    const message = { offset: this.stored.length + 1, author, client_id: clientId, text, at: this.clock.now() };
    this.stored.push(message);
    this.#saidBy.set(message, session);
    return message;
  }

  #publish(message: StoredMessage, except: string | null): void {
    for (const link of this.#links) {
      if (link.name !== null && (except === null || link.session !== except)) {
        this.#down(link, { type: "message", ...message });
      }
    }
    for (const waiter of [...this.#waiters]) waiter();
  }

  #up(link: Link, message: ClientMessage, reply: Reply): void {
    if (!link.open) return;
    if (!this.carries("up", message)) return this.#cut(link);
    this.received.push(message);
    if (!this.mute) this.#answer(link, message, reply);
  }

  #answer(link: Link, message: ClientMessage, reply: Reply): void {
    switch (message.type) {
      case "join": {
        if (this.invalid) {
          this.#down(link, { type: "error", code: "room_invalid", message: "no" }, reply);
          this.clock.after(2, () => this.#cut(link, 4404));
          return;
        }
        this.#sessions += 1;
        link.name = message.name;
        link.session = message.session ?? `session-${this.#sessions}`;
        const members = [...new Set(this.#links.flatMap((one) => one.name ?? []))];
        const { after, epoch } = message;
        const recovered = after === undefined ? undefined : !this.#isLost(after, epoch ?? null);
        const welcome: ServerMessage = {
          type: "welcome",
          name: link.name,
          members,
          ...identity(link.session),
          ...this.position,
          ...(recovered === undefined ? {} : { recovered }),
        };
        const missed = recovered ? this.#missed(after ?? 0, link.session) : [];
        this.#down(link, welcome, reply);
        for (const one of missed) this.#down(link, { type: "message", ...one });
        return;
      }
      case "send":
        return this.#accept(link, message.client_id, message.text, (answer) => this.#down(link, answer, reply));
      case "history":
        return this.#page(link, message, reply);
      case "typing":
        return;
    }
  }

  #accept(link: Pick<Link, "name" | "session">, clientId: string, text: string, reply: Reply): void {
    if (this.refuseSends !== null) {
      const refused = { type: "error" as const, code: this.refuseSends, message: "no", client_id: clientId };
      return reply(this.retryAfterMs === null ? refused : { ...refused, retry_after_ms: this.retryAfterMs });
    }
    const known = this.stored.find((one) => one.author === link.name && one.client_id === clientId);
    const message = known ?? this.#store(link.name ?? "", clientId, text, link.session);
    if (known === undefined) this.#publish(message, link.session);
    const { offset, at } = message;
    reply({ type: "ack", client_id: clientId, offset, epoch: this.epoch, at });
  }

  #page(link: Link, { after, before, epoch, limit }: ClientMessage & { type: "history" }, reply: Reply): void {
    if (epoch !== undefined && epoch !== this.epoch) {
      return this.#down(link, { type: "error", code: "position_lost", message: "another one" }, reply);
    }
    const all = this.stored.filter((one) => one.offset > (after ?? 0) && one.offset < (before ?? Number.MAX_VALUE));
    const messages = after === undefined ? all.slice(-limit) : all.slice(0, limit);
    const page = { type: "history" as const, messages, epoch: this.epoch, more: all.length > limit };
    const asked = after !== undefined ? { after } : before !== undefined ? { before } : {};
    this.#down(link, { ...page, ...asked }, reply);
  }

  #down(link: Link, message: ServerMessage, reply: Reply = link.deliver): void {
    this.clock.after(1, () => {
      if (!link.open) return;
      if (this.carries("down", message)) reply(JSON.parse(JSON.stringify(message)));
      else this.#cut(link);
    });
  }

  #cut(link: Link, code = 1006): void {
    if (!link.open) return;
    this.#forget(link);
    link.closed(code);
  }

  #forget(link: Link): void {
    link.open = false;
    this.#links = this.#links.filter((other) => other !== link);
  }
}

type AnswerIt = (status: number, body: unknown, down?: ServerMessage) => void;

type Reply = (message: ServerMessage) => void;

interface Link {
  deliver: Reply;
  opened(): void;
  closed(code: number): void;
  open: boolean;
  name: string | null;
  session: string | null;
}

class FakeAttention implements Attention {
  #away = false;
  readonly #listeners = new Set<() => void>();

  get away(): boolean {
    return this.#away;
  }

  set away(away: boolean) {
    this.#away = away;
    for (const run of [...this.#listeners]) run();
  }

  onChange(run: () => void): () => void {
    this.#listeners.add(run);
    return () => this.#listeners.delete(run);
  }
}

function identity(session: string) {
  return { session, sender: session.replace("session", "sender") };
}

function sessionOf(sender: string | null): string | null {
  return sender === null ? null : sender.replace("sender", "session");
}

/** What a request would be over a socket; null for those that only look for news. */
function asMessage({ method, path, query = {}, body }: Ask): ClientMessage | null {
  if (method === "POST") {
    return path === "/api/sessions" ? null : { type: "send", ...(body as { client_id: string; text: string }) };
  }
  if (query.except !== undefined || query.limit === 1) return null;
  return { type: "history", ...query, limit: Number(query.limit) };
}
