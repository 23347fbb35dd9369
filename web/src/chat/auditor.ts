import type { Cancel, Clock } from "../net/clock";
import type { Entry, Position } from "./protocol";

/** What a room's stream must never do: leave out, repeat, swap, or say to its author. */
export type ViolationKind = "gap" | "duplicate" | "order" | "echo";

export const KINDS: readonly ViolationKind[] = ["gap", "duplicate", "order", "echo"];

export interface Violation {
  kind: ViolationKind;
  /** The offset that should have come. */
  expected?: number;
  offset: number;
}

/**
 * Checks what a server promises of a room's stream: from where it starts every offset comes once, in order, and own messages
 * never. It trusts nothing that the list does to mend a fault, so it sees the stream itself and not the list.
 *
 * Own messages take offsets too, which only their acknowledgements tell, before or after the stream has gone over them. So an
 * offset that was left out is a hole at first: closed by an acknowledgement, excused by what the server says it has left out,
 * and a gap only when no own message is left that could be in it.
 */
export class Auditor {
  /** How long a hole may wait for what belongs in it, in milliseconds: longer than two messages could be swapped for. */
  static readonly SETTLE_MS = 3000;
  /** Holes, own offsets and own ids remembered. A stream that jumps further is wrong in more ways than need counting. */
  static readonly MAX_REMEMBERED = 1000;

  readonly #counts: Record<ViolationKind, number> = { gap: 0, duplicate: 0, order: 0, echo: 0 };
  #epoch = "";
  /** The stream has said, or left out, everything up to here. `null` while there is none. */
  #last: number | null = null;
  readonly #holes = new Map<number, Hole>();
  /** Offsets of own messages, and ids of those that have one. */
  readonly #ownOffsets = new Set<number>();
  readonly #ownIds = new Set<string>();
  /** Own messages that may have an offset by now; the value tells when they were first sent. */
  readonly #unsettled = new Map<string, number>();
  /** Own messages that nobody waits for any more, though they may have been stored. */
  readonly #abandoned = new Set<string>();
  #skipped = 0;
  #excused = 0;
  /** Counts what happens, to tell what came first. */
  #moment = 0;
  #timer: Cancel | null = null;

  constructor(
    private readonly clock: Clock,
    private readonly report: (violation: Violation) => void,
  ) {}

  /** How many violations of each kind there were. */
  get counts(): Readonly<Record<ViolationKind, number>> {
    return this.#counts;
  }

  /** A stream begins: what comes next follows `position`. */
  started({ offset, epoch }: Position): void {
    this.ended();
    if (epoch !== this.#epoch) this.#ownOffsets.clear();
    this.#epoch = epoch;
    this.#last = offset;
    this.#skipped = 0;
    this.#pass();
  }

  /** The stream is over. The next one begins where the list is complete, so what is still open comes again. */
  ended(): void {
    this.#judge(Number.POSITIVE_INFINITY);
    this.#last = null;
    this.#holes.clear();
    this.#excused = 0;
    this.#timer?.();
    this.#timer = null;
  }

  /** The stream says a message, or a change of one. */
  said({ offset, client_id: clientId }: Entry): void {
    if (this.#last === null) return;
    if (this.#isOwn(clientId)) {
      this.#violated({ kind: "echo", offset });
      return this.settled(clientId, offset);
    }
    const hole = this.#holes.get(offset);
    if (hole !== undefined) {
      this.#violated({ kind: "order", expected: this.#last + 1, offset });
      this.#close(offset, hole);
    } else if (offset <= this.#last || this.#ownOffsets.has(offset)) {
      this.#violated({ kind: "duplicate", expected: this.#last + 1, offset });
    } else {
      this.#leaveOut(this.#last + 1, offset);
      this.#last = offset;
    }
    this.#pass();
  }

  /** The server says that everything up to `offset` has been said, less the own ones. */
  reached(offset: number): void {
    if (this.#last === null || offset <= this.#last) return;
    this.#leaveOut(this.#last + 1, offset + 1);
    this.#last = offset;
    this.#pass();
  }

  /** The server says that it left out as many. */
  skipped(count: number): void {
    this.#skipped += count;
  }

  /** An own message goes out, perhaps not for the first time. */
  sent(clientId: string): void {
    this.#moment += 1;
    if (!this.#unsettled.has(clientId)) this.#unsettled.set(clientId, this.#moment);
  }

  /** The own message is stored at `offset`, as an acknowledgement or a history says. */
  settled(clientId: string, offset: number): void {
    this.#unsettled.delete(clientId);
    this.#abandoned.delete(clientId);
    remember(this.#ownIds, clientId);
    remember(this.#ownOffsets, offset);
    const hole = this.#holes.get(offset);
    if (hole !== undefined) this.#close(offset, hole);
    this.#pass();
    this.#judge(this.clock.now() - Auditor.SETTLE_MS);
  }

  /** A page of the history: own messages in it are settled. Everything else may come both ways. */
  paged(messages: readonly Entry[]): void {
    for (const { client_id: clientId, offset } of messages) {
      if (this.#unsettled.has(clientId) || this.#abandoned.has(clientId)) this.settled(clientId, offset);
    }
  }

  /** The own message was refused: it has no offset. */
  refused(clientId: string): void {
    this.#unsettled.delete(clientId);
    this.#abandoned.delete(clientId);
    this.#judge(this.clock.now() - Auditor.SETTLE_MS);
  }

  /** Nobody waits for the own message any more, which may be stored all the same. */
  abandoned(clientId: string): void {
    if (this.#unsettled.delete(clientId)) remember(this.#abandoned, clientId);
    this.#judge(this.clock.now() - Auditor.SETTLE_MS);
  }

  #isOwn(clientId: string): boolean {
    return this.#unsettled.has(clientId) || this.#ownIds.has(clientId) || this.#abandoned.has(clientId);
  }

  /** Opens a hole at each offset from `start` to before `end` that is no own message's. */
  #leaveOut(start: number, end: number): void {
    this.#moment += 1;
    for (let offset = start; offset < end && this.#holes.size < Auditor.MAX_REMEMBERED; offset += 1) {
      if (this.#ownOffsets.has(offset)) continue;
      this.#holes.set(offset, { at: this.clock.now(), moment: this.#moment, before: end, state: "open" });
    }
    this.#watch();
  }

  #close(offset: number, hole: Hole): void {
    if (hole.state === "excused") this.#excused -= 1;
    this.#holes.delete(offset);
  }

  /** Goes over own messages that follow. */
  #pass(): void {
    while (this.#last !== null && this.#ownOffsets.has(this.#last + 1)) this.#last += 1;
  }

  /** Decides about holes that were opened up to `time` and can't be an own message's any more. */
  #judge(time: number): void {
    const first = Math.min(...this.#unsettled.values());
    for (const [offset, hole] of this.#holes) {
      if (hole.state !== "open" || hole.at > time || first < hole.moment) continue;
      if (this.#excused < this.#skipped + this.#abandoned.size) {
        hole.state = "excused";
        this.#excused += 1;
      } else {
        hole.state = "lost";
        this.#violated({ kind: "gap", expected: offset, offset: hole.before });
      }
    }
  }

  #watch(): void {
    if (this.#timer !== null || ![...this.#holes.values()].some((hole) => hole.state === "open")) return;
    this.#timer = this.clock.after(Auditor.SETTLE_MS, () => {
      this.#timer = null;
      this.#judge(this.clock.now() - Auditor.SETTLE_MS);
      this.#watch();
    });
  }

  #violated(violation: Violation): void {
    this.#counts[violation.kind] += 1;
    this.report(violation);
  }
}

/** An offset that the stream has gone over. */
interface Hole {
  at: number;
  moment: number;
  /** What came instead. */
  before: number;
  state: "open" | "excused" | "lost";
}

/** Adds to a set that forgets its oldest. */
function remember<T>(set: Set<T>, value: T): void {
  set.add(value);
  if (set.size <= Auditor.MAX_REMEMBERED) return;
  for (const oldest of set) {
    set.delete(oldest);
    return;
  }
}
