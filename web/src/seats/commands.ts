import { isRecord } from "../chat/protocol";
import { Backoff } from "../net/backoff";
import type { Clock } from "../net/clock";
import type { Answer, Ask, AskHttp } from "../net/http";
import type { Person } from "./person";
import {
  type Hold,
  type Payment,
  readHold,
  readHolds,
  readNow,
  readPayment,
  readWaiting,
  readWaitings,
  type Waiting,
} from "./protocol";
import type { ServerTime } from "./server-time";

/** What the server made of a command. `unreachable` as a code: nobody knows whether it was carried out. */
export type Outcome<T> = { ok: true; value: T } | { ok: false; code: string; places: string[]; limit: number | null };

/** What somebody wants to hold: these places, or any table that fits. */
export type Wanted = { places: readonly string[] } | { slot: string; party: number };

export interface CommandSettings {
  http: AskHttp;
  person: Person;
  time: ServerTime;
  clock: Clock;
  /** A new key, by which the server knows a command again. */
  newKey: () => string;
  /** A number in [0, 1), for jitter. */
  random: () => number;
}

/**
 * What a person tells the back to do. Each command has a key of its own and is repeated with it until it is answered: a lost answer,
 * a restart of the server or a second press never make two holds of one.
 */
export class Commands {
  /** How long one answer may take, in milliseconds. */
  static readonly PATIENCE_MS = 10_000;
  /** How long a command is repeated before the person is asked to, in milliseconds. */
  static readonly GIVE_UP_MS = 20_000;

  /** Keys of commands of which nobody knows whether they were carried out. */
  readonly #unsettled = new Map<string, string>();

  constructor(private readonly settings: CommandSettings) {}

  hold(event: string, wanted: Wanted): Promise<Outcome<Hold>> {
    return this.#tell(`/api/seats/events/${encodeURIComponent(event)}/holds`, wanted, readHold);
  }

  extend(hold: string): Promise<Outcome<Hold>> {
    return this.#tell(holdPath(hold, "extend"), {}, readHold);
  }

  release(hold: string): Promise<Outcome<Hold>> {
    return this.#tell(holdPath(hold, "release"), {}, readHold);
  }

  confirm(hold: string): Promise<Outcome<Hold>> {
    return this.#tell(holdPath(hold, "confirm"), {}, readHold);
  }

  checkout(hold: string): Promise<Outcome<Payment>> {
    return this.#tell(holdPath(hold, "checkout"), {}, readPayment);
  }

  /** Lets the pretend provider take the money, or refuse to. */
  pay(payment: string, status: "succeeded" | "failed"): Promise<Outcome<string>> {
    const path = `/api/seats/demo-payments/${encodeURIComponent(payment)}`;
    return this.#tell(path, { status }, (body) =>
      isRecord(body) && typeof body.state === "string" ? body.state : null,
    );
  }

  wait(event: string, section: string, count: number): Promise<Outcome<Waiting>> {
    return this.#tell(`/api/seats/events/${encodeURIComponent(event)}/waiting`, { section, count }, readWaiting);
  }

  leave(waiting: string): Promise<Outcome<Waiting>> {
    return this.#tell(`/api/seats/waiting/${encodeURIComponent(waiting)}/leave`, {}, readWaiting);
  }

  /** Everything this person has held, the newest first; null when the server didn't say. Nobody has nothing. */
  async holds(): Promise<Hold[] | null> {
    return this.#read("/api/seats/holds", readHolds);
  }

  async waiting(): Promise<Waiting[] | null> {
    return this.#read("/api/seats/waiting", readWaitings);
  }

  async #read<T>(path: string, read: (body: unknown) => T[] | null): Promise<T[] | null> {
    const known = this.settings.person.known;
    if (known === null) return [];
    const headers = { Authorization: `Bearer ${known.session}` };
    const answer = await this.#ask({ method: "GET", path, headers });
    return answer?.status === 200 ? read(answer.body) : null;
  }

  async #tell<T>(path: string, body: object, read: (body: unknown) => T | null): Promise<Outcome<T>> {
    const { clock, random, newKey } = this.settings;
    const what = `${path} ${JSON.stringify(body)}`;
    const key = this.#unsettled.get(what) ?? newKey();
    this.#unsettled.set(what, key);
    const backoff = new Backoff(random);
    const giveUp = clock.now() + Commands.GIVE_UP_MS;
    for (;;) {
      const answer = await this.#askAs(path, body, key);
      const settled = answer !== null && answer.status < 500 && answer.status !== 429;
      if (settled) {
        this.#unsettled.delete(what);
        return outcome(answer, read);
      }
      const delay = retryAfter(answer) + backoff.next();
      if (clock.now() + delay > giveUp) return answer === null ? UNREACHABLE : outcome(answer, read);
      await new Promise<void>((resolve) => clock.after(delay, resolve));
    }
  }

  async #askAs(path: string, body: object, key: string): Promise<Answer | null> {
    const { person } = this.settings;
    const identity = await person.enter();
    if (identity === null || !("session" in identity)) return identity;
    const headers = { Authorization: `Bearer ${identity.session}`, "Idempotency-Key": key };
    const answer = await this.#ask({ method: "POST", path, body, headers });
    // The next press is by somebody that the server knows.
    if (answer?.status === 401) person.forget();
    return answer;
  }

  async #ask(ask: Omit<Ask, "patienceMs">): Promise<Answer | null> {
    const { http, clock, time } = this.settings;
    const asked = clock.now();
    const answer = await new Promise<Answer | null>((resolve) => {
      http({ ...ask, patienceMs: Commands.PATIENCE_MS }, resolve);
    });
    const now = readNow(answer?.body);
    if (now !== null) time.learn(asked, now);
    return answer;
  }
}

const UNREACHABLE = { ok: false, code: "unreachable", places: [], limit: null } as const satisfies Outcome<never> & {
  places: never[];
};

function holdPath(hold: string, what: string): string {
  return `/api/seats/holds/${encodeURIComponent(hold)}/${what}`;
}

function outcome<T>({ status, body }: Answer, read: (body: unknown) => T | null): Outcome<T> {
  const value = status < 300 ? read(body) : null;
  if (value !== null) return { ok: true, value };
  const { code, places, limit } = isRecord(body) ? body : {};
  return {
    ok: false,
    code: typeof code === "string" ? code : "unreadable",
    places: Array.isArray(places) ? places.filter((place) => typeof place === "string") : [],
    limit: typeof limit === "number" ? limit : null,
  };
}

function retryAfter(answer: Answer | null): number {
  const ms = isRecord(answer?.body) ? answer.body.retry_after_ms : undefined;
  return typeof ms === "number" ? ms : 0;
}
