import type { Via } from "../src/chat/choice";
import { plainWay } from "../src/chat/plain-way";
import { pollingWay } from "../src/chat/polling-way";
import {
  type ClientMessage,
  type Command,
  type Entry,
  isChange,
  type Reaction,
  type Reader,
  type ServerMessage,
  type StoredMessage,
  saidAs,
} from "../src/chat/protocol";
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
  /** Everything that has an offset: messages, as they are by now, and changes of them. */
  log: Entry[] = [];
  /** What a welcome says about reading. */
  markers: { read: number; readers: Reader[] } | null = null;
  /** Names of those who may delete what others have said. */
  moderators: string[] = [];
  /** Names of those who may not come. */
  banned: string[] = [];
  banMs = 60_000;
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
  readonly #saidBy = new Map<Entry, string | null>();
  #waiters = new Set<() => void>();
  #requests = new Set<() => void>();

  constructor(readonly clock: VirtualClock) {}

  /** The messages, as they are by now. */
  get stored(): StoredMessage[] {
    return this.log.filter((one): one is StoredMessage => !isChange(one));
  }

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
      // An entry of any kind is a `message` here, and says its kind itself.
      deliver: ({ type, ...data }) => {
        const isEntry = type === "edit" || type === "delete" || type === "reaction";
        events.received(
          isEntry ? "message" : type,
          JSON.parse(JSON.stringify(isEntry ? { ...data, kind: type } : data)),
        );
      },
      opened: () => {
        if (this.mute) return;
        link.name = query.get("name") ?? "";
        link.session = session;
        if (this.banned.includes(link.name)) return this.#sendAway(link);
        const after = query.get("after");
        if (after === null) return this.#down(link, { type: "position", ...this.position });
        const lost = this.#isLost(Number(after), query.get("epoch"));
        const place = lost ? this.position : { offset: Number(after), epoch: this.epoch };
        this.#down(link, { type: lost ? "lost" : "position", ...place });
        for (const entry of lost ? [] : this.#missed(place.offset, session)) this.#down(link, saidAs(entry));
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
          end({ status, body, etag: status === 200 ? `"${this.epoch}.${this.log.length}"` : null });
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
    const who = (ask.body ?? {}) as { name?: string; session?: string };
    if (this.banned.includes(who.name ?? String(ask.query?.name))) {
      return answer(403, { code: "banned", message: "no", retry_after_ms: this.banMs });
    }
    const command = asMessage(ask);
    if (command?.type === "read") return answer(200, { read: command.offset });
    if (command !== null && "client_id" in command) {
      const link = { name: who.name ?? "", session: who.session ?? null };
      return this.#accept(link, command, (message) => {
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
      const all = after === undefined ? this.log : this.#missed(Number(after), session);
      if (after === undefined) {
        const older = all.filter((one) => before === undefined || one.offset < Number(before));
        return { messages: older.slice(-Number(limit)), more: older.length > Number(limit), ...this.position };
      }
      const messages = all.slice(0, Number(limit));
      const more = all.length > Number(limit);
      return { messages, more, epoch: this.epoch, offset: more ? messages.at(-1)?.offset : this.log.length };
    };
    const say = () => {
      const body = { ...page(), poll_after: pollAfter };
      const { messages, more, epoch } = body;
      answer(200, body, { type: "history", messages, more, epoch });
    };
    if (ask.etag === `"${this.epoch}.${this.log.length}"`) return answer(304, null);
    say();
  }

  /** Where the room is. */
  get position() {
    return { offset: this.log.length, epoch: this.epoch };
  }

  /** The room begins anew: its messages are gone, and its numbers start again. */
  restart(): void {
    this.log = [];
    this.epoch = String(Number(this.epoch) + 1).padStart(16, "0");
    this.dropAll(1001);
  }

  #isLost(after: number, epoch: string | null): boolean {
    return epoch !== this.epoch || after < this.oldest || after > this.log.length;
  }

  #missed(after: number, session: string | null): Entry[] {
    return this.log.filter((one) => one.offset > after && (session === null || this.#saidBy.get(one) !== session));
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
    const message = this.storeOnly(author, text);
    this.#publish(message, null);
    return message;
  }

  /** Another member changes something, or says it. */
  does(author: string, command: Told): Entry {
    const entry = this.#store(author, `other-${this.log.length}`, command, null);
    this.#publish(entry, null);
    return entry;
  }

  /** Stores without telling anyone, as if it happened while they were away. */
  storeOnly(author: string, text: string): StoredMessage {
    return this.#store(author, `other-${this.log.length}`, { type: "send", text }, null) as StoredMessage;
  }

  tell(message: ServerMessage): void {
    for (const link of this.#links) this.#down(link, message);
  }

  #store(author: string, clientId: string, command: Told, session: string | null): Entry {
    const place = { offset: this.log.length + 1, author, client_id: clientId, at: this.clock.now() };
    const entry = entryOf(place, command);
    this.log.push(entry);
    this.#saidBy.set(entry, session);
    if (isChange(entry)) this.#change(entry);
    return entry;
  }

  /** Makes a message what it is after a change. */
  #change(entry: Exclude<Entry, StoredMessage>): void {
    const target = this.log[entry.target - 1] as StoredMessage;
    target.version = entry.offset;
    if (entry.kind === "edit") {
      target.text = entry.text;
      target.edited_at = entry.at;
    } else if (entry.kind === "delete") {
      Object.assign(target, { text: "", deleted: true, reactions: [] });
    } else {
      target.reactions = reacted(target.reactions ?? [], entry.emoji, entry.author, entry.on);
    }
  }

  #publish(entry: Entry, except: string | null): void {
    // What is said now is what it is now, whatever becomes of it before it arrives.
    const said = saidAs(JSON.parse(JSON.stringify(entry)) as Entry);
    for (const link of this.#links) {
      if (link.name !== null && (except === null || link.session !== except)) this.#down(link, said);
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
        if (this.banned.includes(message.name)) return this.#sendAway(link, reply);
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
          ...this.markers,
        };
        const missed = recovered ? this.#missed(after ?? 0, link.session) : [];
        this.#down(link, welcome, reply);
        for (const one of missed) this.#down(link, saidAs(one));
        return;
      }
      case "history":
        return this.#page(link, message, reply);
      case "typing":
      case "read":
        return;
      default:
        return this.#accept(link, message, (answer) => this.#down(link, answer, reply));
    }
  }

  /** Sends everybody with this name away, and lets them in no more. */
  ban(name: string): void {
    this.banned.push(name);
    for (const link of [...this.#links]) if (link.name === name) this.#sendAway(link);
  }

  #sendAway(link: Link, reply: Reply = link.deliver): void {
    this.#down(link, { type: "error", code: "banned", message: "no", retry_after_ms: this.banMs }, reply);
    this.clock.after(2, () => this.#cut(link, 4403));
  }

  #accept(link: Pick<Link, "name" | "session">, command: Command, reply: Reply): void {
    const { client_id: clientId } = command;
    const refusal = this.refuseSends ?? this.#refusal(link, command);
    if (refusal !== null) {
      const refused = { type: "error" as const, code: refusal, message: "no", client_id: clientId };
      return reply(this.retryAfterMs === null ? refused : { ...refused, retry_after_ms: this.retryAfterMs });
    }
    const known = this.log.find((one) => one.author === link.name && one.client_id === clientId);
    const same = known === undefined ? this.#alreadySo(link.name ?? "", command) : null;
    if (same !== null) {
      const { offset, at } = same;
      return reply({ type: "ack", client_id: clientId, offset, epoch: this.epoch, at, unchanged: true });
    }
    const entry = known ?? this.#store(link.name ?? "", clientId, command, link.session);
    if (known === undefined) this.#publish(entry, link.session);
    const { offset, at } = entry;
    reply({ type: "ack", client_id: clientId, offset, epoch: this.epoch, at });
  }

  #refusal({ name, session }: Pick<Link, "name" | "session">, command: Command): string | null {
    const known = this.log.some((one) => one.author === name && one.client_id === command.client_id);
    if (command.type === "send" || known) return null;
    const target = this.log[command.target - 1];
    if (target === undefined || isChange(target)) return "message_unknown";
    if (target.deleted && command.type !== "delete") return "message_deleted";
    const own = target.author === name && this.#saidBy.get(target) === session;
    if (command.type === "react" || own) return null;
    return command.type === "delete" && this.moderators.includes(name ?? "") ? null : "not_yours";
  }

  /** The message that a command would change, if it is already as it would be then. */
  #alreadySo(name: string, command: Command): StoredMessage | null {
    if (command.type === "send") return null;
    const target = this.log[command.target - 1] as StoredMessage;
    if (command.type === "delete") return target.deleted === true ? target : null;
    if (command.type === "edit") return target.text === command.text ? target : null;
    const names = target.reactions?.find(({ emoji }) => emoji === command.emoji)?.names ?? [];
    return names.includes(name) === command.on ? target : null;
  }

  #page(link: Link, { after, before, epoch, limit }: ClientMessage & { type: "history" }, reply: Reply): void {
    if (epoch !== undefined && epoch !== this.epoch) {
      return this.#down(link, { type: "error", code: "position_lost", message: "another one" }, reply);
    }
    const all = this.log.filter((one) => one.offset > (after ?? 0) && one.offset < (before ?? Number.MAX_VALUE));
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
  const what = /\/(?:messages(?:\/(\d+))?(?:\/reactions\/(.+))?|(read))$/.exec(path);
  const target = Number(what?.[1]);
  const emoji = decodeURIComponent(what?.[2] ?? "");
  const said = body as { client_id: string; text: string; offset: number };
  if (what?.[3] !== undefined) return { type: "read", offset: said.offset };
  if (emoji !== "") return { type: "react", ...said, target, emoji, on: method === "PUT" };
  if (method === "POST") return path === "/api/sessions" ? null : { type: "send", ...said };
  if (method === "PATCH") return { type: "edit", ...said, target };
  if (method === "DELETE") return { type: "delete", ...said, target };
  if (query.except !== undefined || query.limit === 1) return null;
  return { type: "history", ...query, limit: Number(query.limit) };
}

/** A command without its id. */
export type Told = Command extends infer C ? (C extends Command ? Omit<C, "client_id"> : never) : never;

function entryOf(place: { offset: number; author: string; client_id: string; at: number }, command: Told): Entry {
  switch (command.type) {
    case "send": {
      const { text, reply_to } = command;
      return { ...place, text, ...(reply_to === undefined ? {} : { reply_to }) };
    }
    case "edit":
      return { ...place, kind: "edit", target: command.target, text: command.text };
    case "delete":
      return { ...place, kind: "delete", target: command.target };
    case "react": {
      const { target, emoji, on } = command;
      return { ...place, kind: "reaction", target, emoji, on };
    }
  }
}

function reacted(reactions: readonly Reaction[], emoji: string, author: string, on: boolean): Reaction[] {
  const all = new Map(reactions.map((one) => [one.emoji, new Set(one.names)]));
  const names = all.get(emoji) ?? new Set();
  if (on) names.add(author);
  else names.delete(author);
  all.set(emoji, names);
  const left = [...all].filter(([, names]) => names.size > 0);
  return left.map(([emoji, names]) => ({ emoji, names: [...names], count: names.size }));
}
