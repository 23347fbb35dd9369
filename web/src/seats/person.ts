import { type Identity, isIdentity, isRecord } from "../chat/protocol";
import type { Storage } from "../chat/storage";
import type { Answer, AskHttp } from "../net/http";

/**
 * Who reserves: a session of the server's, kept for all tabs of the browser, so that what somebody holds and has paid is found again
 * when the tab is closed.
 */
export class Person {
  /** How long an answer may take, in milliseconds. */
  static readonly PATIENCE_MS = 10_000;

  #asking: Promise<Identity | Answer | null> | null = null;

  constructor(
    private readonly storage: Storage,
    private readonly http: AskHttp,
  ) {}

  /** The session and its public id, if there is one already. */
  get known(): Identity | null {
    try {
      const value: unknown = JSON.parse(this.storage.getItem(KEY) ?? "null");
      return isRecord(value) && isIdentity(value) ? { session: value.session, sender: value.sender } : this.#unsaved;
    } catch {
      return this.#unsaved;
    }
  }

  /** For a browser without storage: forgotten with the page. */
  #unsaved: Identity | null = null;

  /** Makes somebody of nobody. What the server said instead, or null for nothing, if it can't. */
  async enter(): Promise<Identity | Answer | null> {
    const known = this.known;
    if (known !== null) return known;
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  /** The server doesn't know this session: it's nobody's. */
  forget(): void {
    this.#unsaved = null;
    try {
      this.storage.removeItem(KEY);
    } catch {
      // What can't be removed couldn't be kept either.
    }
  }

  #ask(): Promise<Identity | Answer | null> {
    return new Promise((resolve) => {
      const ask = { method: "POST", path: "/api/sessions", body: {}, patienceMs: Person.PATIENCE_MS } as const;
      this.http(ask, (answer) => {
        const body = answer?.body;
        if (answer === null || answer.status >= 300 || !isRecord(body) || !isIdentity(body)) return resolve(answer);
        // Another tab may have been first: both are one person.
        resolve(this.known ?? this.#keep({ session: body.session, sender: body.sender }));
      });
    });
  }

  #keep(identity: Identity): Identity {
    this.#unsaved = identity;
    try {
      this.storage.setItem(KEY, JSON.stringify(identity));
    } catch {
      // Without storage the page knows who it is as long as it lives.
    }
    return identity;
  }
}

const KEY = "madang.seats.identity";
