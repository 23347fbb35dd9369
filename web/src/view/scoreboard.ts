import { fill, type Language, type Texts } from "../i18n/texts";
import type { Board, Side } from "../scores/protocol";
import { inLanguage, tellBases, tellState } from "../scores/telling";
import { byId, make, part, setText } from "./dom";

/** Columns of the table even when fewer innings have been played. */
const INNINGS = 9;

/** The line score, the bases and the count. */
export class Scoreboard {
  readonly #root = byId("board", "section");
  readonly #state = byId("match-state", "p");
  readonly #head = byId("innings", "tr");
  readonly #sides = [byId("away", "tr"), byId("home", "tr")] as const;
  /** The inning that was brought into sight: once, since the reader may go back to another. */
  #revealed = -1;

  constructor(
    private readonly language: Language,
    private readonly texts: Texts,
  ) {}

  show(board: Board): void {
    this.#root.hidden = false;
    this.#root.dataset.status = board.status;
    setText(this.#state, tellState(board, this.texts));
    const innings = Math.max(INNINGS, board.away.line.length);
    this.#showHead(innings);
    this.#showSide(this.#sides[0], board.away, innings, batting(board, "top"));
    this.#showSide(this.#sides[1], board.home, innings, batting(board, "bottom"));
    this.#reveal();
    this.#showBases(board);
    this.#showCount("balls", board.balls);
    this.#showCount("strikes", board.strikes);
    this.#showCount("outs", board.outs);
  }

  #showHead(innings: number): void {
    const have = this.#head.querySelectorAll("[data-inning]").length;
    if (have === innings) return;
    for (const old of this.#head.querySelectorAll("[data-inning]")) old.remove();
    part(this.#head, "th").after(
      ...Array.from({ length: innings }, (_, n) => {
        const cell = make("th", "", String(n + 1));
        cell.scope = "col";
        cell.dataset.inning = String(n + 1);
        return cell;
      }),
    );
  }

  #showSide(row: HTMLElement, side: Side, innings: number, batting: boolean): void {
    row.classList.toggle("batting", batting);
    const name = make("th", "", inLanguage(side.name, this.language));
    name.scope = "row";
    if (batting) name.append(make("span", "only-heard", ` (${this.texts.scores.batting})`));
    const now = batting ? side.line.length - 1 : -1;
    const cells = Array.from({ length: innings }, (_, n) => {
      const cell = make("td", n === now ? "now" : "", String(side.line[n] ?? ""));
      cell.dataset.inning = String(n + 1);
      return cell;
    });
    const sums = (["runs", "hits", "errors"] as const).map((sum) => {
      const cell = make("td", `sum ${sum}`, String(side[sum]));
      cell.dataset.sum = sum;
      return cell;
    });
    row.replaceChildren(name, ...cells, ...sums);
  }

  /** Where the innings scroll beneath the sums, the one that is played is beside them. */
  #reveal(): void {
    const now = this.#root.querySelector<HTMLElement>("td.now");
    const inning = Number(now?.dataset.inning ?? -1);
    if (inning === this.#revealed) return;
    this.#revealed = inning;
    if (now === null) return;
    const frame = part(this.#root, ".line-score");
    const seen = frame.getBoundingClientRect();
    const { left, right } = now.getBoundingClientRect();
    const end = Math.min(seen.right, part(this.#root, "td.sum").getBoundingClientRect().left);
    if (right > end) frame.scrollLeft += right - end;
    else if (left < seen.left) frame.scrollLeft += left - seen.left;
  }

  #showBases(board: Board): void {
    const diamond = part(document, "#diamond");
    diamond.setAttribute("aria-label", tellBases(board, this.texts));
    for (const [n, on] of board.bases.entries()) {
      part(diamond, `[data-base="${n + 1}"]`).classList.toggle("on", on);
    }
  }

  #showCount(what: "balls" | "strikes" | "outs", count: number): void {
    const place = part(document, `[data-count="${what}"]`);
    const lamps = part(place, ".lamps");
    place.setAttribute("aria-label", fill(this.texts.scores.counted, { what: this.texts.scores[what], count }));
    for (const [n, lamp] of [...lamps.children].entries()) lamp.classList.toggle("on", n < count);
  }
}

function batting(board: Board, half: Board["half"]): boolean {
  return board.status === "live" && board.half === half;
}
