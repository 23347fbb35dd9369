import type { Language, Texts } from "../../i18n/texts";
import { readSnapshot, type Side } from "../../scores/protocol";
import { inLanguage, tellPlay, tellState } from "../../scores/telling";
import { byId, make } from "../dom";

/** Shows how a match stands, as it was answered. */
export function showScoresThumbnail(body: unknown, language: Language, texts: Texts): void {
  const match = readSnapshot(body);
  if (match === null) return;
  const { board } = match;
  const side = ({ name, runs }: Side) =>
    make("p", "score-line", make("span", "", inLanguage(name, language)), make("strong", "", String(runs)));
  const last = match.plays.at(-1);
  byId("scores-thumbnail", "div").replaceChildren(
    make("p", "score-state", tellState(board, texts)),
    side(board.away),
    side(board.home),
    make("p", "hint", last === undefined ? "" : tellPlay(last, language, texts)),
  );
}
