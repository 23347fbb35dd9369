import type { Language } from "../i18n/texts";
import type { Listed } from "../scores/protocol";
import { inLanguage } from "../scores/telling";
import { byId, make } from "./dom";

/** The matches there are, as links that keep the rest of the page's address; the one that is shown, alone, needs no list. */
export function showMatches(matches: readonly Listed[], current: string, language: Language, search: string): void {
  byId("matches-nav", "nav").hidden = matches.every(({ match }) => match === current);
  byId("matches", "ul").replaceChildren(
    ...matches.map(({ match, board }) => {
      const link = make(
        "a",
        "pill",
        `${inLanguage(board.away.name, language)} : ${inLanguage(board.home.name, language)}`,
      );
      const query = new URLSearchParams(search);
      query.set("match", match);
      link.href = `?${query}`;
      if (match === current) link.setAttribute("aria-current", "page");
      return make("li", "", link);
    }),
  );
}
