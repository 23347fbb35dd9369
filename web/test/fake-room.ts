import { plainWay } from "../src/chat/plain-way";
import type { ClientMessage, ServerMessage, StoredMessage } from "../src/chat/protocol";
import { socketIoWay } from "../src/chat/socketio-way";
import type { Way } from "../src/chat/way";
import type { Connect } from "../src/net/socket";
import type { ConnectSocketIo } from "../src/net/socketio";
import type { VirtualClock } from "./virtual-clock";

/**
 * One room of the server, by the protocol's rules, over connections of which every direction can be cut at any
 * message, whichever way they go. Everything crosses the wire through the clock, so a cut can fall between any two steps.
 */
export class FakeRoom {
  readonly stored: StoredMessage[] = [];
  /** Called for each message about to cross, in either direction; false cuts the connection instead. */
  carries: (direction: "up" | "down", message: ClientMessage | ServerMessage) => boolean = () => true;
  /** Whether connections open at all. */
  reachable = true;
  /** Whether it has a name that is none. */
  invalid = false;
  /** An error code to answer the next sends with. */
  refuseSends: string | null = null;
  /** Whether the server answers; a dead peer keeps the connection and says nothing. */
  mute = false;
  readonly received: ClientMessage[] = [];
  #links: Link[] = [];
  #sessions = 0;

  constructor(readonly clock: VirtualClock) {}

  /** Every way to the room, by its name. */
  readonly ways: Record<"websocket" | "socketio", Way> = {
    websocket: (events) => plainWay("ws://test", "lobby", this.#connect)(events),
    socketio: (events) => socketIoWay("lobby", this.#connectSocketIo)(events),
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
  }

  get connections(): number {
    return this.#links.length;
  }

  /** Another member says something. */
  say(author: string, text: string): StoredMessage {
    const message = this.#store(author, `other-${this.stored.length}`, text);
    this.#publish(message, null);
    return message;
  }

  /** Stores without telling anyone, as if it happened while they were away. */
  storeOnly(author: string, text: string): StoredMessage {
    return this.#store(author, `other-${this.stored.length}`, text);
  }

  tell(message: ServerMessage): void {
    for (const link of this.#links) this.#down(link, message);
  }

  #store(author: string, clientId: string, text: string): StoredMessage {
    const message = { seq: this.stored.length + 1, author, client_id: clientId, text, at: this.clock.now() };
    this.stored.push(message);
    return message;
  }

  #publish(message: StoredMessage, except: string | null): void {
    for (const link of this.#links) {
      if (link.name !== null && (except === null || link.session !== except)) {
        this.#down(link, { type: "message", ...message });
      }
    }
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
        const { name, session } = link;
        return this.#down(link, { type: "welcome", name, session, last_seq: this.stored.length, members }, reply);
      }
      case "send":
        return this.#accept(link, message.client_id, message.text, reply);
      case "history":
        return this.#page(link, message, reply);
      case "typing":
        return;
    }
  }

  #accept(link: Link, clientId: string, text: string, reply: Reply): void {
    if (this.refuseSends !== null) {
      return this.#down(link, { type: "error", code: this.refuseSends, message: "no", client_id: clientId }, reply);
    }
    const known = this.stored.find((one) => one.author === link.name && one.client_id === clientId);
    const message = known ?? this.#store(link.name ?? "", clientId, text);
    if (known === undefined) this.#publish(message, link.session);
    this.#down(link, { type: "ack", client_id: clientId, seq: message.seq, at: message.at }, reply);
  }

  #page(link: Link, { after, before, limit }: ClientMessage & { type: "history" }, reply: Reply): void {
    if (after !== undefined) {
      const all = this.stored.filter((one) => one.seq > after);
      return this.#down(
        link,
        { type: "history", messages: all.slice(0, limit), after, more: all.length > limit },
        reply,
      );
    }
    const all = this.stored.filter((one) => before === undefined || one.seq < before);
    const page = { type: "history" as const, messages: all.slice(-limit), more: all.length > limit };
    this.#down(link, before === undefined ? page : { ...page, before }, reply);
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

type Reply = (message: ServerMessage) => void;

interface Link {
  deliver: Reply;
  opened(): void;
  closed(code: number): void;
  open: boolean;
  name: string | null;
  session: string | null;
}
