import type { Answer, Ask, Request } from "../src/scores/answers";
import type { Board, Snapshot, Told } from "../src/scores/protocol";

export const EPOCH = "00000000000000aa";

export function board(more: Partial<Board> = {}): Board {
  const side = { line: [0], runs: 0, hits: 0, errors: 0 };
  return {
    status: "live",
    inning: 1,
    half: "top",
    outs: 0,
    balls: 0,
    strikes: 0,
    bases: [false, false, false],
    away: { name: { ko: "제비", en: "Swallows" }, ...side },
    home: { name: "Magpies", ...side },
    ...more,
  };
}

/** A match after so many plays. */
export function snapshot(offset: number, more: Partial<Snapshot> = {}): Snapshot {
  const plays = Array.from({ length: offset }, (_, n) => line(n + 1));
  return { match: "yard", offset, epoch: EPOCH, at: 1000 * offset, board: board(), plays, ...more };
}

export function line(offset: number) {
  return { offset, at: 1000 * offset, what: "ball", inning: 1, half: "top" as const, away: 0, home: 0 };
}

/** A play as a message of the room. */
export function message(offset: number, more: Partial<Told> = {}) {
  const told: Told = { play: { what: "single" }, inning: 1, half: "top", board: board(), ...more };
  return { offset, author: "scores", client_id: `p${offset}`, text: JSON.stringify(told), at: 1000 * offset };
}

export function answer(status: number, more: Partial<Answer> = {}): Answer {
  return { status, body: null, bytes: 0, etag: null, pollAfter: null, retryAfter: null, age: null, ...more };
}

/** A back that is asked: tests see the questions and give the answers. */
export class FakeBack {
  readonly asked: { url: string; request: Request; answer: (answer: Answer) => void; fail: () => void }[] = [];

  readonly ask: Ask = (url, request) =>
    new Promise((resolve, reject) => {
      this.asked.push({ url, request, answer: resolve, fail: () => reject(new TypeError("no network")) });
    });

  /** Answers the question that is open. */
  async answer(answer: Answer): Promise<void> {
    this.asked.at(-1)?.answer(answer);
    await settle();
  }

  async fail(): Promise<void> {
    this.asked.at(-1)?.fail();
    await settle();
  }
}

/** Lets everything run that waits for nothing but its turn. */
export async function settle(): Promise<void> {
  for (let n = 0; n < 10; n += 1) await Promise.resolve();
}
