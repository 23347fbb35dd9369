import { type Fields, isCount, isRecord, isString } from "./protocol";
import type { Result, RoomApi } from "./room-api";

/** What those who keep order in a room see. */
export interface Moderation {
  /** Names of accounts. */
  moderators: string[];
  sanctions: Sanction[];
  slowSeconds: number;
  words: string[];
  reports: Report[];
  log: Deed[];
}

/** Somebody who may not say anything, or not be here. Without `until` it has no end. */
export interface Sanction {
  kind: "mute" | "ban";
  name: string;
  by: string;
  reason: string;
  until?: number;
}

/** Somebody has told of a message. */
export interface Report {
  id: number | string;
  offset: number;
  author: string;
  text: string;
  reason: string;
  by: string;
  at: number;
}

/** What somebody has done about order. */
export interface Deed {
  action: string;
  name: string;
  by: string;
  reason: string;
  at: number;
}

/** Something to be done about order. */
export type Order =
  | { action: "mute" | "ban"; name: string; offset?: number; seconds?: number; reason?: string }
  | { action: "unmute" | "unban"; name: string }
  | { action: "slow"; seconds: number }
  | { action: "words"; words: string[] }
  | { action: "resolve"; report: number | string }
  | { action: "role"; name: string; role: "moderator" | null };

export function readOf(api: RoomApi): Promise<Result<Moderation>> {
  return api.get("moderation", readModeration);
}

export function order(api: RoomApi, order: Order): Promise<Result<true>> {
  if (order.action !== "role") return api.post("moderation", order);
  return api.put(`roles/${encodeURIComponent(order.name)}`, { role: order.role });
}

/** Null for what is none. A record that this page is too old to know is left out. */
export function readModeration(body: Fields): Moderation | null {
  const { settings } = body;
  if (!isRecord(settings)) return null;
  const words = Array.isArray(settings.words) ? settings.words.filter(isString) : [];
  const moderators = Array.isArray(body.moderators) ? body.moderators.filter(isString) : [];
  return {
    moderators,
    sanctions: listOf(body.sanctions, readSanction),
    slowSeconds: isCount(settings.slow_seconds) ? settings.slow_seconds : 0,
    words,
    reports: listOf(body.reports, readReport),
    log: listOf(body.log, readDeed),
  };
}

function readSanction({ kind, name, by, reason, until }: Fields): Sanction | null {
  if ((kind !== "mute" && kind !== "ban") || !isString(name)) return null;
  return { kind, name, by: textOf(by), reason: textOf(reason), ...(isCount(until) ? { until } : {}) };
}

function readReport({ id, offset, author, text, reason, by, at }: Fields): Report | null {
  if ((!isString(id) && !isCount(id)) || !isCount(offset) || !isCount(at)) return null;
  return { id, offset, author: textOf(author), text: textOf(text), reason: textOf(reason), by: textOf(by), at };
}

function readDeed({ action, name, by, reason, at }: Fields): Deed | null {
  if (!isString(action) || !isCount(at)) return null;
  return { action, name: textOf(name), by: textOf(by), reason: textOf(reason), at };
}

function listOf<T>(value: unknown, read: (fields: Fields) => T | null): T[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((one) => {
    const known = isRecord(one) ? read(one) : null;
    return known === null ? [] : [known];
  });
}

function textOf(value: unknown): string {
  return isString(value) ? value : "";
}
