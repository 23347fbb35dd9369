import { fill, type Language, type Texts } from "../i18n/texts";
import type { Board, Line, Words } from "./protocol";

/** A text in the reader's language. */
export function inLanguage(words: Words, language: Language): string {
  return typeof words === "string" ? words : words[language];
}

/** What a play says: in words of its own, or of this page. */
export function tellPlay(line: Pick<Line, "what" | "text">, language: Language, texts: Texts): string {
  if (line.text !== undefined) return inLanguage(line.text, language);
  const known: Record<string, string> = texts.play;
  // A play that this page is too old to know is better than a hole.
  return Object.hasOwn(known, line.what) ? (known[line.what] ?? line.what) : line.what;
}

/** `Top 3`, `3회초`. */
export function tellInning({ inning, half }: Pick<Line, "inning" | "half">, texts: Texts): string {
  return fill(half === "top" ? texts.scores.top : texts.scores.bottom, { inning });
}

/** What the match is at: its inning, or that it's to begin or over. */
export function tellState(board: Board, texts: Texts): string {
  const { scheduled, final } = texts.scores;
  return board.status === "live" ? tellInning(board, texts) : board.status === "final" ? final : scheduled;
}

/** The bases in words. */
export function tellBases(board: Board, texts: Texts): string {
  const names = [texts.scores.first, texts.scores.second, texts.scores.third];
  const on = names.filter((_, base) => board.bases[base]);
  return on.length === 0 ? texts.scores.bases_empty : fill(texts.scores.bases_on, { bases: on.join(", ") });
}
