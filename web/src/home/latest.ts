import type { Attention } from "../net/attention";
import type { Cancel, Clock } from "../net/clock";
import type { AskHttp } from "../net/http";

/** Time between two questions, in milliseconds: a glance at a home page asks for no more. */
export const ASK_EVERY_MS = 5000;
/** Time for an answer, in milliseconds. */
const PATIENCE_MS = 5000;

/** What a glance tells. */
export interface LatestEvents {
  /** Something was asked. */
  asked(): void;
  /** It is another than before. */
  news(body: unknown): void;
}

/** Keeps an eye on one address by polling while the page is looked at: unchanged answers cost no body. */
export class Latest {
  #etag: string | null = null;
  #next: Cancel = () => {};

  constructor(
    private readonly path: string,
    private readonly http: AskHttp,
    private readonly clock: Clock,
    private readonly attention: Attention,
    private readonly events: LatestEvents,
  ) {}

  start(): void {
    this.attention.onChange(() => this.#look());
    this.#look();
  }

  #look(): void {
    this.#next();
    if (this.attention.away) return;
    this.events.asked();
    const etag = this.#etag === null ? {} : { etag: this.#etag };
    this.#next = this.http({ method: "GET", path: this.path, patienceMs: PATIENCE_MS, ...etag }, (answer) => {
      if (answer?.status === 200 && answer.etag !== this.#etag) {
        this.#etag = answer.etag;
        this.events.news(answer.body);
      }
      this.#next = this.clock.after(ASK_EVERY_MS, () => this.#look());
    });
  }
}
