import type { Change, Reaction, StoredMessage } from "./protocol";

/** What a message says by now. */
export interface Said {
  text: string;
  mentions: readonly string[];
  edited: boolean;
  deleted: boolean;
  reactions: readonly Reaction[];
}

/**
 * Changes of messages, each once, whatever order they came in and whether or not the message is here. A message that was read from the
 * server has in it what came before its `version`; later changes are laid over it in the order of their offsets, which is the server's.
 */
export class Changes {
  readonly #byTarget = new Map<number, Change[]>();
  readonly #offsets = new Set<number>();
  #last = 0;

  has(offset: number): boolean {
    return this.#offsets.has(offset);
  }

  /** The last offset that a change has; 0 without any. */
  get last(): number {
    return this.#last;
  }

  get all(): Change[] {
    return [...this.#byTarget.values()].flat();
  }

  /** False if it is known. */
  add(change: Change): boolean {
    if (this.#offsets.has(change.offset)) return false;
    this.#offsets.add(change.offset);
    this.#last = Math.max(this.#last, change.offset);
    const others = this.#byTarget.get(change.target) ?? [];
    const place = others.findLastIndex(({ offset }) => offset < change.offset) + 1;
    others.splice(place, 0, change);
    this.#byTarget.set(change.target, others);
    return true;
  }

  /** What the stored message says by now. */
  applied(message: StoredMessage): Said {
    const { text, mentions, edited_at, deleted, reactions, version } = message;
    let said: Said = {
      text,
      mentions: mentions ?? [],
      edited: typeof edited_at === "number",
      deleted: deleted === true,
      reactions: reactions ?? [],
    };
    for (const change of this.#byTarget.get(message.offset) ?? []) {
      if (change.offset > (version ?? 0)) said = changed(said, change);
    }
    return said;
  }

  clear(): void {
    this.#byTarget.clear();
    this.#offsets.clear();
    this.#last = 0;
  }

  /** Forgets those up to `offset`: what they changed isn't here any more. */
  forget(offset: number): void {
    for (const [target, changes] of this.#byTarget) {
      if (target > offset) continue;
      const kept = changes.filter((change) => change.offset > offset);
      for (const change of changes) if (change.offset <= offset) this.#offsets.delete(change.offset);
      if (kept.length === 0) this.#byTarget.delete(target);
      else this.#byTarget.set(target, kept);
    }
  }
}

/** What is said after one change. A message that was deleted stays so. */
export function changed(said: Said, change: ChangeOf): Said {
  if (said.deleted) return said;
  switch (change.kind) {
    case "edit":
      return { ...said, text: change.text, mentions: change.mentions ?? said.mentions, edited: true };
    case "delete":
      return { ...said, text: "", mentions: [], deleted: true, reactions: [] };
    case "reaction":
      return { ...said, reactions: reacted(said.reactions, change) };
  }
}

/** As much of a change as says what it does. */
export type ChangeOf =
  | { kind: "edit"; text: string; mentions?: readonly string[] | null }
  | { kind: "delete" }
  | { kind: "reaction"; emoji: string; on: boolean; author: string };

/** Most names kept with a reaction, as many as the server tells. */
export const REACTION_NAMES = 20;

function reacted(reactions: readonly Reaction[], { emoji, on, author }: ChangeOf & { kind: "reaction" }): Reaction[] {
  const known = reactions.find((one) => one.emoji === emoji) ?? { emoji, names: [], count: 0 };
  const named = known.names.includes(author);
  // Who isn't named may be among those who are only counted.
  if (on ? named : !named && known.count <= known.names.length) return [...reactions];
  const count = Math.max(0, known.count + (on ? 1 : -1));
  const names = on ? [...known.names, author].slice(0, REACTION_NAMES) : known.names.filter((name) => name !== author);
  const changed = { emoji, names, count };
  if (count === 0) return reactions.filter((one) => one.emoji !== emoji);
  return reactions.some((one) => one.emoji === emoji)
    ? reactions.map((one) => (one.emoji === emoji ? changed : one))
    : [...reactions, changed];
}
