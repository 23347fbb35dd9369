import type { Transport } from "../net/socketio";

/** How a page talks with its room, as its address says. */
export interface Choice {
  via: "websocket" | "socketio";
  /** Of Socket.IO. */
  transport: Transport;
}

export const VIAS: readonly Choice["via"][] = ["websocket", "socketio"];
export const TRANSPORTS: readonly Transport[] = ["default", "websocket", "polling"];

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
  if (choice.via === "socketio") {
    query.set("via", choice.via);
    if (choice.transport !== "default") query.set("transport", choice.transport);
  }
  return `/chat?${query}`;
}
