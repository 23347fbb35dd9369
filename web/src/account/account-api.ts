import { type Fields, isCount, isRecord, isString, type Role } from "../chat/protocol";
import { type Result, resultOf } from "../chat/room-api";
import { type Ask, type AskHttp, inquire } from "../net/http";

/** Who is signed in. */
export interface Account {
  name: string;
  role: "member" | "admin";
  /** What they may do in which rooms, where that is more than elsewhere. */
  rooms: { room: string; role: Role }[];
}

/** A token by which a program acts as the account. Its secret is shown once, when it is made. */
export interface Token {
  id: number | string;
  label: string;
  createdAt: number;
  lastUsedAt?: number;
}

/** A token that has just been made, with its secret. */
export interface MadeToken {
  id: Token["id"];
  secret: string;
}

/** What can be asked of one's own account. */
export class AccountApi {
  /** How long an answer may take, in milliseconds: a password is made hard to guess, which takes the server a moment. */
  static readonly PATIENCE_MS = 15_000;

  constructor(private readonly http: AskHttp) {}

  /** Who is signed in; null if nobody is. */
  async me(patienceMs = AccountApi.PATIENCE_MS): Promise<Result<Account | null>> {
    const result = await this.#ask({ method: "GET", path: "/api/account", patienceMs }, readAccount);
    return !result.ok && result.code === "sign_in_required" ? { ok: true, value: null } : result;
  }

  signUp(name: string, password: string): Promise<Result<Account>> {
    return this.#ask({ method: "POST", path: "/api/accounts", body: { name, password } }, readAccount);
  }

  signIn(name: string, password: string): Promise<Result<Account>> {
    return this.#ask({ method: "POST", path: "/api/sign-in", body: { name, password } }, readAccount);
  }

  signOut(): Promise<Result<true>> {
    return this.#ask({ method: "POST", path: "/api/sign-out", body: {} }, () => true);
  }

  changePassword(password: string, fresh: string): Promise<Result<true>> {
    const body = { password, new_password: fresh };
    return this.#ask({ method: "POST", path: "/api/account/password", body }, () => true);
  }

  tokens(): Promise<Result<Token[]>> {
    return this.#ask({ method: "GET", path: "/api/account/tokens" }, ({ tokens }) =>
      Array.isArray(tokens) ? tokens.flatMap((one) => readToken(one) ?? []) : null,
    );
  }

  makeToken(label: string): Promise<Result<MadeToken>> {
    const ask = { method: "POST" as const, path: "/api/account/tokens", body: { label } };
    return this.#ask(ask, ({ id, token }) =>
      isString(token) && (isString(id) || isCount(id)) ? { id, secret: token } : null,
    );
  }

  revokeToken(id: Token["id"]): Promise<Result<true>> {
    return this.#ask({ method: "DELETE", path: `/api/account/tokens/${encodeURIComponent(id)}` }, () => true);
  }

  async #ask<T>(
    ask: Omit<Ask, "patienceMs"> & { patienceMs?: number },
    read: (body: Fields) => T | null,
  ): Promise<Result<T>> {
    return resultOf(await inquire(this.http, { patienceMs: AccountApi.PATIENCE_MS, ...ask }), read);
  }
}

/** What an account may do in a room. */
export function roleIn({ role, rooms }: Account, room: string): Role {
  return role === "admin" ? "admin" : (rooms.find((one) => one.room === room)?.role ?? "member");
}

function readAccount({ name, role, rooms }: Fields): Account | null {
  if (!isString(name)) return null;
  const roles = Array.isArray(rooms) ? rooms.filter(isRoomRole) : [];
  return { name, role: role === "admin" ? "admin" : "member", rooms: roles };
}

function isRoomRole(value: unknown): value is { room: string; role: Role } {
  return isRecord(value) && isString(value.room) && isString(value.role);
}

function readToken(value: unknown): Token | null {
  if (!isRecord(value) || (!isString(value.id) && !isCount(value.id)) || !isCount(value.created_at)) return null;
  const used = isCount(value.last_used_at) ? { lastUsedAt: value.last_used_at } : {};
  return { id: value.id, label: isString(value.label) ? value.label : "", createdAt: value.created_at, ...used };
}
