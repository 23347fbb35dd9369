import type { Part, Result, RoomApi } from "./room-api";
import { Timeline } from "./timeline";

/**
 * A part of the history away from the newest, where a search or an answer leads. It can be read on in both directions, and becomes part of
 * the list when it gets to it.
 */
export class Excerpt {
  /** Messages around the one that is looked for, and of each further page. */
  static readonly PAGE = 100;

  #timeline: Timeline | null = null;
  #epoch = "";
  #moreAfter = false;
  #asking = false;
  /** Tells answers that are still wanted from others. */
  #generation = 0;

  /** `main` is the list of the newest, `epoch` says which numbering that is of. */
  constructor(
    private readonly api: Pick<RoomApi, "around" | "before" | "after">,
    private readonly main: Timeline,
    private readonly epoch: () => string | null,
    private readonly changed: () => void,
  ) {}

  /** What is shown instead of the newest; null when that is shown. */
  get timeline(): Timeline | null {
    // Of another life of the room, nothing may be shown among the new.
    return this.#timeline !== null && this.#epoch === this.epoch() ? this.#timeline : null;
  }

  /** Whether there is more between here and the newest. */
  get moreAfter(): boolean {
    return this.timeline !== null && this.#moreAfter;
  }

  /** Goes to where the entry at `offset` is. Returns null if it's there now, or the code of why not. */
  async goTo(offset: number): Promise<string | null> {
    if (this.main.has(offset)) {
      this.leave();
      return null;
    }
    if (this.timeline?.has(offset)) return null;
    const result = await this.#ask(() => this.api.around(offset, Excerpt.PAGE));
    if (result === null) return "superseded";
    if (!result.ok) return result.code;
    const { messages, epoch, more, moreAfter } = result.value;
    if (epoch !== this.epoch() || !messages.some((one) => one.offset === offset)) return "message_unknown";
    const timeline = new Timeline();
    timeline.open(messages, offset, more);
    this.#show(timeline, epoch, moreAfter);
    this.#join();
    return null;
  }

  /** Back to the newest. */
  leave(): void {
    this.#generation += 1;
    this.#asking = false;
    if (this.#timeline === null) return;
    this.#timeline = null;
    this.main.elsewhere = null;
    this.changed();
  }

  async older(): Promise<void> {
    const timeline = this.timeline;
    if (timeline === null || this.#asking || !timeline.moreBefore) return;
    const { first } = timeline;
    const result = await this.#ask(() => this.api.before(first, Excerpt.PAGE));
    if (result?.ok && result.value.epoch === this.#epoch) {
      timeline.prepend(first, result.value.messages, result.value.more);
      this.changed();
    }
  }

  async newer(): Promise<void> {
    const timeline = this.timeline;
    if (timeline === null || this.#asking || !this.#moreAfter) return;
    const { head } = timeline;
    const result = await this.#ask(() => this.api.after(head, this.#epoch, Excerpt.PAGE));
    if (result?.ok && result.value.epoch === this.#epoch) {
      timeline.extend(head, result.value.messages);
      this.#moreAfter = result.value.moreAfter;
      this.#join();
      this.changed();
    }
  }

  #show(timeline: Timeline, epoch: string, moreAfter: boolean): void {
    this.#timeline = timeline;
    this.#epoch = epoch;
    this.#moreAfter = moreAfter;
    this.main.elsewhere = timeline;
    this.changed();
  }

  /** Where it has got to the list there is nothing between them any more: it is that list's beginning. */
  #join(): void {
    const timeline = this.#timeline;
    if (timeline === null || !this.main.opened || timeline.last < this.main.first - 1) return;
    this.main.takeBefore(timeline);
    this.leave();
  }

  /** One request at a time; null when its answer isn't wanted any more. */
  async #ask(ask: () => Promise<Result<Part>>): Promise<Result<Part> | null> {
    const generation = ++this.#generation;
    this.#asking = true;
    const result = await ask();
    if (generation !== this.#generation) return null;
    this.#asking = false;
    return result;
  }
}
