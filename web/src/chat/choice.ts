import type { Transport } from "../net/socketio";

/** A way to a room by its name in an address. */
export type Via = "websocket" | "socketio" | "sse" | "long-polling" | "polling";

/** How a page talks with its room, as its address says. */
export interface Choice {
  via: Via;
  /** Of Socket.IO. */
  transport: Transport;
}

export const VIAS: readonly Via[] = ["websocket", "socketio", "sse", "long-polling", "polling"];
export const TRANSPORTS: readonly Transport[] = ["default", "websocket", "polling"];

/** Whether a way tells who is here and who types: that belongs to a connection, which the others don't have. */
export function tellsOfPeople(via: Via): boolean {
  return via === "websocket" || via === "socketio";
}

/** What isn't said, or isn't known, is the plain way. */
export function readChoice(query: URLSearchParams): Choice {
  return {
    via: VIAS.find((via) => via === query.get("via")) ?? "websocket",
    transport: TRANSPORTS.find((transport) => transport === query.get("transport")) ?? "default",
  };
}

/** Address of a room's page; only what differs from the plain way is in it. */
export function roomHref(room: string, choice: Choice = { via: "websocket", transport: "default" }): string {
  const query = new URLSearchParams({ room });
  if (choice.via !== "websocket") query.set("via", choice.via);
  if (choice.via === "socketio" && choice.transport !== "default") query.set("transport", choice.transport);
  return `/chat?${query}`;
}
