import { Auditor, type Violation } from "../src/chat/auditor";
import type { Via } from "../src/chat/choice";
import { ChatClient } from "../src/chat/client";
import type { Identity } from "../src/chat/protocol";
import type { TabMemory } from "../src/chat/settings";
import type { Confirmed, Pending } from "../src/chat/timeline";
import { FakeRoom } from "./fake-room";
import { VirtualClock } from "./virtual-clock";

export const WAYS: readonly Via[] = ["websocket", "socketio", "sse", "long-polling", "polling"];

/** What a way can do that others can't. */
export function abilities(way: Via) {
  const overSocket = way === "websocket" || way === "socketio";
  return {
    overSocket,
    /** Whether what is said arrives at once. */
    atOnce: way !== "polling",
    /** Whether the server can say several things in a row, and break off in between. */
    streams: overSocket || way === "sse",
  };
}

let tabs = 0;

/** Somebody with the page open, in a room by a way, and what happens to them. */
export function person(
  way: Via,
  options: { name?: string; memory?: TabMemory; room?: FakeRoom; seed?: () => number } = {},
) {
  const clock = options.room?.clock ?? new VirtualClock();
  const room = options.room ?? new FakeRoom(clock);
  const memory = options.memory ?? tabMemory();
  const arrived: Confirmed[] = [];
  const undone: string[] = [];
  const moderated: string[] = [];
  const named: string[] = [];
  let ids = memory.pending.length * 1000;
  const tab = ++tabs;
  const violations: Violation[] = [];
  const auditor = new Auditor(clock, (violation) => violations.push(violation));
  const client = new ChatClient({
    way: room.ways[way],
    name: options.name ?? "Kim",
    newClientId: () => `tab${tab}-${++ids}`,
    random: options.seed ?? (() => 0.5),
    clock,
    memory,
    auditor,
    events: {
      changed: () => {},
      arrived: (messages) => arrived.push(...messages),
      named: (name) => named.push(name),
      undone: (code) => undone.push(code),
      moderated: (action, name) => moderated.push(`${action} ${name}`),
    },
  });
  return { clock, room, memory, client, arrived, named, undone, moderated, violations };
}

/** What the page shows, from top to bottom. */
export const texts = (client: ChatClient) => client.timeline.confirmed.map((message) => message.text);

/** What survives a reload: values, not objects. */
export function tabMemory(): TabMemory {
  let identity: Identity | null = null;
  let pending = "[]";
  return {
    get identity() {
      return identity;
    },
    saveIdentity(value) {
      identity = value;
    },
    get pending() {
      return JSON.parse(pending) as Pending[];
    },
    savePending(value) {
      pending = JSON.stringify(value);
    },
  };
}
