import type { Cancel, Clock } from "../net/clock";
import { type ClientMessage, HISTORY_MAX } from "./protocol";
import type { Timeline } from "./timeline";

/** What is asked of a room's history: what follows the complete part of the list, and what lies before it. */
export class Inquiry {
  /** Messages of the first page, and of each page while scrolling up. */
  static readonly PAGE = 50;
  /** How long a gap in the sequence may last before the missing part is asked for, in milliseconds. */
  static readonly GAP_MS = 1000;

  /** Of which numbering the list is; null before that is known. */
  epoch: string | null = null;
  #open = 0;
  #older = false;
  #upTo = 0;
  #gap: Cancel | null = null;

  constructor(
    private readonly timeline: Timeline,
    private readonly clock: Clock,
    private readonly ask: (question: ClientMessage & { type: "history" }) => void,
  ) {}

  /** Whether an answer is due. */
  get waiting(): boolean {
    return this.#open > 0;
  }

  /** Whether an older page has been asked for and isn't here yet. */
  get older(): boolean {
    return this.#older;
  }

  /** How far the room went when it was last asked for what follows. */
  get upTo(): number {
    return this.#upTo;
  }

  /** Up to where the list is complete, as it's said to the server. */
  get place(): { after?: number; epoch?: string } {
    return this.epoch !== null && this.timeline.opened ? { after: this.timeline.head, epoch: this.epoch } : {};
  }

  /** Asks for what follows the head, unless something is asked for: proves the connection, and finds what might have been missed. */
  probe(): void {
    if (!this.waiting) this.whatFollows();
  }

  /** Asks for what follows the head, or for the newest page when there is no head yet. */
  whatFollows(): void {
    this.#upTo = this.timeline.told;
    const place = this.place;
    this.#ask({ type: "history", ...place, limit: place.after === undefined ? Inquiry.PAGE : HISTORY_MAX });
  }

  /** Asks for the page above the oldest loaded message. */
  whatPrecedes(): void {
    this.#older = true;
    this.#ask({ type: "history", before: this.timeline.first, limit: Inquiry.PAGE });
  }

  /** An answer has come, whatever it says. */
  answered(): void {
    this.#open = Math.max(0, this.#open - 1);
  }

  /** The older page has come. */
  precedes(): void {
    this.#older = false;
  }

  /** Something may be missing now, or not any more: while `live`, it may come by itself for a moment. */
  watchGap(live: boolean): void {
    if (!this.timeline.hasGap) {
      this.#forgetGap();
    } else if (this.#gap === null && live) {
      this.#gap = this.clock.after(Inquiry.GAP_MS, () => {
        this.#gap = null;
        this.probe();
      });
    }
  }

  /** The connection is gone, and with it what was asked. */
  lineLost(): void {
    this.#forgetGap();
    this.#open = 0;
    this.#older = false;
  }

  #forgetGap(): void {
    this.#gap?.();
    this.#gap = null;
  }

  #ask(question: ClientMessage & { type: "history" }): void {
    this.#open += 1;
    this.ask(question);
  }
}
