import type { Language, Texts } from "../i18n/texts";
import type { Listed } from "../scores/protocol";
import { inLanguage, tellState } from "../scores/telling";
import { byId, make } from "./dom";

/** The matches that somebody may run, as buttons. */
export function showOpenMatches(
  matches: readonly Listed[],
  current: string | null,
  language: Language,
  texts: Texts,
  chosen: (match: string) => void,
): void {
  const own = matches.filter(({ replay }) => !replay);
  byId("no-matches", "p").hidden = own.length > 0;
  const list = byId("open-matches", "ul");
  const at = list.contains(document.activeElement) ? (document.activeElement as HTMLElement).dataset.match : undefined;
  list.replaceChildren(
    ...own.map(({ match, board }) => {
      const [away, home] = [board.away, board.home].map((side) => inLanguage(side.name, language));
      const button = make("button", "", `${away} : ${home} · ${tellState(board, texts)}`);
      button.type = "button";
      button.dataset.match = match;
      button.setAttribute("aria-pressed", String(match === current));
      button.addEventListener("click", () => chosen(match));
      return make("li", "", button);
    }),
  );
  // Whoever has just chosen one with the keyboard is still there.
  const buttons = [...list.querySelectorAll("button")];
  buttons.find(({ dataset }) => at !== undefined && dataset.match === at)?.focus();
}
