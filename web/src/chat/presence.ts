import type { Clock } from "../net/clock";
import { TypingRoster } from "./typing";

/** Who is here, and who of them types. */
export class Presence {
  readonly #typing: TypingRoster;
  #members: string[] = [];

  constructor(
    clock: Clock,
    private readonly changed: () => void,
  ) {
    this.#typing = new TypingRoster(clock, changed);
  }

  /** As of the last moment of being connected. */
  get members(): readonly string[] {
    return this.#members;
  }

  get typing(): readonly string[] {
    return this.#typing.names;
  }

  welcomed(members: readonly string[]): void {
    this.#members = [...new Set(members)];
  }

  joined(name: string): void {
    this.#members = [...this.#members.filter((other) => other !== name), name];
    this.changed();
  }

  left(name: string): void {
    this.#typing.stopped(name);
    this.#members = this.#members.filter((other) => other !== name);
    this.changed();
  }

  types(name: string, active: boolean): void {
    if (active) this.#typing.started(name);
    else this.#typing.stopped(name);
  }

  /** The connection is gone, and with it whoever would say that they stopped. */
  lineLost(): void {
    this.#typing.clear();
  }
}
