import type { Relay } from "./relay";

/** The transports that a match can come by. */
export const FEEDS = ["polling", "long-polling", "events", "websocket"] as const;
export type FeedName = (typeof FEEDS)[number];

/** What a feed reports. */
export interface FeedEvents {
  /** The relay has changed: by so many plays, the last of which the server had `age` milliseconds before it was received, if it said so. */
  changed(plays: number, age: number | null): void;
  /** The server has just said that what is shown is how it is. */
  confirmed(): void;
  /** From now on news arrives by itself; or not any more. */
  held(held: boolean): void;
  /** Something was asked. */
  requested(): void;
  /** So many bytes have come: bodies and messages, without what carries them. */
  received(bytes: number): void;
  /** The server can't be reached, or doesn't answer as it should; the feed goes on trying. `gone`: there is no such match. */
  failed(why: "unreachable" | "gone"): void;
}

/** Keeps a relay up to date until it's stopped. A feed is started once. */
export interface Feed {
  start(): void;
  stop(): void;
}

/** Where a feed has its match from, and what it tells. */
export interface FeedPlace {
  /** Origin of the back, such as `http://127.0.0.1:3000`. */
  back: string;
  match: string;
  relay: Relay;
  events: FeedEvents;
}
