import type { Position } from "../chat/protocol";
import { type Change, type PlaceNow, readChanges, type Seat, type Section, type Snapshot } from "./protocol";

/** A message of the event's room, as every way brings it. */
export interface Told {
  offset: number;
  text: string;
}

/**
 * What is known of one event: a snapshot, and every change behind its position. Whoever draws it is told which places differ from
 * before, also when a snapshot brings the news.
 */
export class Hall {
  /** How long a hold that has run out may stay unannounced before it's taken for what it is, in milliseconds. */
  static readonly GRACE_MS = 2000;

  #snapshot: Snapshot | null = null;
  #position: Position | null = null;
  #seats = new Map<string, { seat: Seat; section: Section }>();
  /** Of every place that isn't free. */
  #taken = new Map<string, PlaceNow>();

  /** What doesn't change: where the seats are and what they cost. How they are is asked of `of`. */
  get snapshot(): Snapshot | null {
    return this.#snapshot;
  }

  get position(): Position | null {
    return this.#position;
  }

  of(place: string): PlaceNow {
    return this.#taken.get(place) ?? FREE;
  }

  isFree(place: string): boolean {
    return this.of(place).state === "free";
  }

  seat(place: string): { seat: Seat; section: Section } | undefined {
    return this.#seats.get(place);
  }

  /** Places with a holder, such as oneself. */
  heldBy(holder: string): string[] {
    return [...this.#taken].flatMap(([place, now]) => (now.holder === holder && now.state === "held" ? [place] : []));
  }

  /** Seats of a section that are free. */
  freeIn(section: Section): number {
    return section.seats.filter(({ place }) => this.isFree(place)).length;
  }

  /** Takes the event as it is; returns what differs from before. */
  take(snapshot: Snapshot): Change[] {
    const before = this.#taken;
    const sections = snapshot.mode === "seats" ? snapshot.sections : [];
    const changes = snapshot.mode === "seats" ? sections.flatMap(({ seats }) => seats) : snapshot.taken;
    this.#seats = new Map(
      sections.flatMap((section) => section.seats.map((seat) => [seat.place, { seat, section }] as const)),
    );
    this.#taken = new Map();
    for (const change of changes) this.#put(change);
    this.#position = snapshot.position;
    this.#snapshot = snapshot;
    const places = new Set([...before.keys(), ...this.#taken.keys()]);
    return [...places]
      .filter((place) => !isSame(before.get(place) ?? FREE, this.of(place)))
      .map((place) => ({ place, ...this.of(place) }));
  }

  /** Takes the next message. `known`: it was here already. `lost`: something is missing before it, or it can't be read: take a snapshot. */
  add({ offset, text }: Told): Change[] | "known" | "lost" {
    const position = this.#position;
    if (position === null) return "lost";
    if (offset <= position.offset) return "known";
    const changes = offset === position.offset + 1 ? readChanges(text) : null;
    if (changes === null) return "lost";
    for (const change of changes) this.#put(change);
    this.#position = { ...position, offset };
    return changes;
  }

  /** Lets go of holds that are over by the server's time: the server does so too, whether or not it has said it yet. */
  lapse(now: number): Change[] {
    const over = [...this.#taken].filter(
      ([, { state, until }]) => state === "held" && typeof until === "number" && until + Hall.GRACE_MS <= now,
    );
    for (const [place] of over) this.#taken.delete(place);
    return over.map(([place]) => ({ place, ...FREE }));
  }

  #put({ place, state, holder, until }: Change): void {
    if (state === "free") return void this.#taken.delete(place);
    this.#taken.set(place, {
      state,
      ...(typeof holder === "string" ? { holder } : {}),
      ...(typeof until === "number" ? { until } : {}),
    });
  }
}

const FREE: PlaceNow = { state: "free" };

function isSame(one: PlaceNow, other: PlaceNow): boolean {
  return one.state === other.state && one.holder === other.holder && one.until === other.until;
}
