import type { Cancel, Clock } from "../net/clock";
import type { Reader } from "./protocol";

/** Those who have read a message. Not all are named where many have. */
export interface ReadBy {
  count: number;
  names: readonly string[];
}

export const NOBODY: ReadBy = { count: 0, names: [] };

/** How far everybody has read. A marker only moves on. */
export class Reading {
  /** Shortest time between two markers that are told, in milliseconds: a flood is read in one go. */
  static readonly INTERVAL_MS = 1000;
  /** Most readers remembered, as many as a welcome names. */
  static readonly MAX_READERS = 200;
  /** Most of them named for one message; the others are counted. */
  static readonly MAX_NAMED = 20;

  readonly #readers = new Map<string, number>();
  #read = 0;
  #told = 0;
  #entered: number | null = null;
  #lastTold = Number.NEGATIVE_INFINITY;
  #later: Cancel | null = null;

  constructor(
    private readonly clock: Clock,
    private readonly tell: (offset: number) => void,
    private readonly changed: () => void,
  ) {}

  /** How far this person has read. */
  get own(): number {
    return this.#read;
  }

  /** How far they had read when they came; null while nobody knows, 0 if they were never here. */
  get entered(): number | null {
    return this.#entered;
  }

  /** Who else has read the message at `offset`. */
  of(offset: number): ReadBy {
    let count = 0;
    const names: string[] = [];
    for (const [name, read] of this.#readers) {
      if (read < offset) continue;
      count += 1;
      if (names.length < Reading.MAX_NAMED) names.push(name);
    }
    return count === 0 ? NOBODY : { count, names };
  }

  /** What the server knows: this person's marker, and those of others. */
  learn(read: number, readers: readonly Reader[] = []): void {
    this.#entered ??= read;
    this.#read = Math.max(this.#read, read);
    this.#told = Math.max(this.#told, read);
    for (const reader of readers) this.heard(reader);
    this.changed();
  }

  heard({ name, offset }: Reader): void {
    const known = this.#readers.get(name);
    if (known === undefined && this.#readers.size >= Reading.MAX_READERS) return;
    if (known !== undefined && known >= offset) return;
    this.#readers.set(name, offset);
    this.changed();
  }

  /** This person has seen everything up to `offset`. */
  seen(offset: number): void {
    if (offset <= this.#read) return;
    this.#read = offset;
    this.flush();
  }

  /** Tells how far this person has read, if that isn't known yet and wasn't told just now. */
  flush(): void {
    if (this.#later !== null || this.#read <= this.#told) return;
    const wait = this.#lastTold + Reading.INTERVAL_MS - this.clock.now();
    if (wait > 0) {
      this.#later = this.clock.after(wait, () => {
        this.#later = null;
        this.flush();
      });
      return;
    }
    this.#told = this.#read;
    this.#lastTold = this.clock.now();
    this.tell(this.#read);
  }

  /** The line was lost; whether the last marker arrived isn't known. */
  lineLost(): void {
    this.#later?.();
    this.#later = null;
    this.#told = 0;
    this.#lastTold = Number.NEGATIVE_INFINITY;
  }

  /** The room is numbered anew. */
  restart(): void {
    this.#readers.clear();
    this.#read = 0;
    this.#told = 0;
    this.#entered = null;
  }
}
