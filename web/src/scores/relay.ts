import { type Board, type Line, type RoomMessage, readTold, type Snapshot } from "./protocol";

/** Plays kept for the list: what a reader scrolls back, not the whole match. */
export const LINES_KEPT = 100;

/** What this page knows of a match: the same whether it came in snapshots or play by play. */
export class Relay {
  #board: Board | null = null;
  #lines: Line[] = [];
  #offset = 0;
  #epoch = "";

  get board(): Board | null {
    return this.#board;
  }

  /** Oldest first. */
  get lines(): readonly Line[] {
    return this.#lines;
  }

  get offset(): number {
    return this.#offset;
  }

  get epoch(): string {
    return this.#epoch;
  }

  /** When the last play was, by the server's clock. */
  get at(): number {
    return this.#lines.at(-1)?.at ?? 0;
  }

  /** Takes the match as it is; returns the plays that are news. */
  take(snapshot: Snapshot): readonly Line[] {
    const continues = snapshot.epoch === this.#epoch && snapshot.offset >= this.#offset;
    const news = continues ? snapshot.plays.filter((line) => line.offset > this.#offset) : snapshot.plays;
    const first = news[0]?.offset ?? snapshot.offset + 1;
    // Behind a hole the older ones would look as if they came directly before.
    const joins = continues && first === this.#offset + 1;
    this.#lines = [...(joins ? this.#lines : []), ...(joins ? news : snapshot.plays)].slice(-LINES_KEPT);
    this.#board = snapshot.board;
    this.#offset = snapshot.offset;
    this.#epoch = snapshot.epoch;
    return news;
  }

  /** Takes the next play. `known`: it was here already. `lost`: something is missing before it, or it can't be read: take a snapshot. */
  add(message: RoomMessage): Line | "known" | "lost" {
    if (message.offset <= this.#offset) return "known";
    const told = message.offset === this.#offset + 1 ? readTold(message.text) : null;
    if (told === null) return "lost";
    const { play, inning, half, board } = told;
    const line: Line = {
      offset: message.offset,
      at: message.at,
      what: play.what,
      ...(play.text === undefined ? {} : { text: play.text }),
      inning,
      half,
      away: board.away.runs,
      home: board.home.runs,
    };
    this.#lines = [...this.#lines, line].slice(-LINES_KEPT);
    this.#board = board;
    this.#offset = message.offset;
    return line;
  }
}
