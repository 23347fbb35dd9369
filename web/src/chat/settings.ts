import type { Clock } from "../net/clock";
import type { Auditor } from "./auditor";
import type { Identity } from "./protocol";
import type { Confirmed, Pending } from "./timeline";
import type { Way } from "./way";

/** What a tab must remember to come back as itself. */
export interface TabMemory {
  identity: Identity | null;
  saveIdentity(identity: Identity): void;
  pending: readonly Pending[];
  savePending(pending: readonly Pending[]): void;
}

export interface ChatEvents {
  /** The connection's state, the list, who is here or who types has changed: paint again. */
  changed(): void;
  /** New messages, in order; not those of an older page, and not those on the list since the page was opened. */
  arrived(messages: readonly Confirmed[]): void;
  /** The server has let in whoever speaks here, under this name. */
  named(name: string): void;
  /** The server has refused a change of a message, which is undone. */
  undone(code: string): void;
  /** Somebody who keeps order here has done something. */
  moderated(action: string, name: string): void;
}

export interface ChatSettings {
  /** The way to the room. */
  way: Way;
  /** A checked name. */
  name: string;
  /** A new client message id, unique among all tabs and browsers. */
  newClientId: () => string;
  /** A number in [0, 1), for jitter. */
  random: () => number;
  clock: Clock;
  memory: TabMemory;
  auditor: Auditor;
  events: ChatEvents;
}
