import type { ClientMessage, ServerMessage, StoredMessage } from "../src/chat/protocol";
import type { Connect, SocketEvents } from "../src/net/socket";
import type { VirtualClock } from "./virtual-clock";

/**
 * One room of the server, by the protocol's rules, over connections of which every direction can be cut at any
 * message. Everything crosses the wire through the clock, so a cut can fall between any two steps.
 */
export class FakeRoom {
  readonly stored: StoredMessage[] = [];
  /** Called for each message about to cross, in either direction; false cuts the connection instead. */
  carries: (direction: "up" | "down", message: ClientMessage | ServerMessage) => boolean = () => true;
  /** Whether connections open at all. */
  reachable = true;
  /** An error code to answer the next sends with. */
  refuseSends: string | null = null;
  /** Whether the server answers; a dead peer keeps the connection and says nothing. */
  mute = false;
  readonly received: ClientMessage[] = [];
  #links: Link[] = [];
  #sessions = 0;

  constructor(readonly clock: VirtualClock) {}

  readonly connect: Connect = (_url, events) => {
    const link: Link = { events, open: true, name: null, session: null };
    if (!this.reachable) {
      this.clock.after(1, () => this.#cut(link));
      return { send: () => {}, close: () => {} };
    }
    this.#links.push(link);
    this.clock.after(1, () => link.open && events.opened());
    return {
      send: (text) => {
        const message = JSON.parse(text) as ClientMessage;
        this.clock.after(1, () => this.#up(link, message));
      },
      close: () => this.#forget(link),
    };
  };

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

  #up(link: Link, message: ClientMessage): void {
    if (!link.open) return;
    if (!this.carries("up", message)) return this.#cut(link);
    this.received.push(message);
    if (!this.mute) this.#answer(link, message);
  }

  #answer(link: Link, message: ClientMessage): void {
    switch (message.type) {
      case "join": {
        this.#sessions += 1;
        link.name = message.name;
        link.session = message.session ?? `session-${this.#sessions}`;
        const members = [...new Set(this.#links.flatMap((one) => one.name ?? []))];
        const { name, session } = link;
        return this.#down(link, { type: "welcome", name, session, last_seq: this.stored.length, members });
      }
      case "send":
        return this.#accept(link, message.client_id, message.text);
      case "history":
        return this.#page(link, message);
      case "typing":
        return;
    }
  }

  #accept(link: Link, clientId: string, text: string): void {
    if (this.refuseSends !== null) {
      return this.#down(link, { type: "error", code: this.refuseSends, message: "no", client_id: clientId });
    }
    const known = this.stored.find((one) => one.author === link.name && one.client_id === clientId);
    const message = known ?? this.#store(link.name ?? "", clientId, text);
    if (known === undefined) this.#publish(message, link.session);
    this.#down(link, { type: "ack", client_id: clientId, seq: message.seq, at: message.at });
  }

  #page(link: Link, { after, before, limit }: ClientMessage & { type: "history" }): void {
    if (after !== undefined) {
      const all = this.stored.filter((one) => one.seq > after);
      return this.#down(link, { type: "history", messages: all.slice(0, limit), after, more: all.length > limit });
    }
    const all = this.stored.filter((one) => before === undefined || one.seq < before);
    const page = { type: "history" as const, messages: all.slice(-limit), more: all.length > limit };
    this.#down(link, before === undefined ? page : { ...page, before });
  }

  #down(link: Link, message: ServerMessage): void {
    this.clock.after(1, () => {
      if (!link.open) return;
      if (this.carries("down", message)) link.events.received(JSON.stringify(message));
      else this.#cut(link);
    });
  }

  #cut(link: Link, code = 1006): void {
    if (!link.open) return;
    this.#forget(link);
    link.events.closed(code);
  }

  #forget(link: Link): void {
    link.open = false;
    this.#links = this.#links.filter((other) => other !== link);
  }
}

interface Link {
  events: SocketEvents;
  open: boolean;
  name: string | null;
  session: string | null;
}
