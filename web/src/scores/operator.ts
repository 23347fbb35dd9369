import type { Answer, Ask } from "./answers";
import { isRecord, readSnapshot, type Snapshot } from "./protocol";

export type Outcome<T> = { ok: true; value: T } | { ok: false; code: string; retryAfter: number | null };

/** A base that a runner left, and where he went. */
export type Moves = Partial<Record<"batter" | "first" | "second" | "third", string>>;

export interface NewPlay {
  what: string;
  moves?: Moves;
  text?: string;
}

/** What a new match lacks, by the id of its field: said before the server is asked, which would only say that something is wrong. */
export function lacking(match: string, away: string, home: string): { code: string; field: string } | null {
  if (!/^[a-z0-9-]{1,40}$/.test(match)) return { code: "match_id_invalid", field: "new-match" };
  if (away === "") return { code: "team_missing", field: "new-away" };
  if (home === "") return { code: "team_missing", field: "new-home" };
  return null;
}

/** What whoever runs a match asks of the back. */
export class Operator {
  constructor(
    private readonly back: string,
    private readonly ask: Ask,
    private readonly token: () => string | null,
  ) {}

  async signIn(password: string): Promise<Outcome<string>> {
    return this.#post("sign-in", { password }, {}, (body) =>
      isRecord(body) && typeof body.token === "string" ? body.token : null,
    );
  }

  async open(match: string, away: string, home: string): Promise<Outcome<Snapshot>> {
    return this.#post("", { match, away, home }, {}, readSnapshot);
  }

  /** Tells a play of the match as it was at `etag`: if somebody else has told one since, it isn't taken. */
  async tell(match: string, play: NewPlay, etag: string): Promise<Outcome<Snapshot>> {
    return this.#post(`${encodeURIComponent(match)}/plays`, play, { "If-Match": etag }, readSnapshot);
  }

  async #post<T>(
    path: string,
    body: unknown,
    headers: Record<string, string>,
    read: (body: unknown) => T | null,
  ): Promise<Outcome<T>> {
    const token = this.token();
    let answer: Answer;
    try {
      answer = await this.ask(`${this.back}/api/scores${path === "" ? "" : `/${path}`}`, {
        method: "POST",
        headers: {
          "Content-Type": "application/json",
          ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
          ...headers,
        },
        body: JSON.stringify(body),
      });
    } catch {
      return { ok: false, code: "unreachable", retryAfter: null };
    }
    const value = answer.status < 300 ? read(answer.body) : null;
    if (value !== null) return { ok: true, value };
    const code = isRecord(answer.body) && typeof answer.body.code === "string" ? answer.body.code : "unreachable";
    return { ok: false, code, retryAfter: answer.retryAfter };
  }
}
