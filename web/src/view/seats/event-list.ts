import { fill } from "../../i18n/texts";
import type { Listed } from "../../seats/protocol";
import type { Telling } from "../../seats/telling";
import { byId, make, setText } from "../dom";

/** The events there are, as links; null while the server can't be asked. */
export function showEvents(events: readonly Listed[] | null, telling: Telling, href: (event: string) => string): void {
  const { seats } = telling.texts;
  const problem = events === null ? seats.events_unreachable : events.length === 0 ? seats.events_none : "";
  setText(byId("events-problem", "p"), problem);
  if (events === null) return;
  byId("events", "ul").replaceChildren(
    ...events.map(({ event, title, venue, mode, starts_at, closed, places, free }) => {
      const link = make("a", "event-card");
      link.href = href(event);
      link.dataset.event = event;
      // A restaurant has no hour at which it begins.
      const when = mode === "seats" ? [make("span", "when", telling.at(starts_at))] : [];
      // Its tables at all its times would be a number that nobody asks for.
      const some = mode === "seats" ? fill(seats.free_of, { free, places }) : null;
      const left = closed === true ? seats.closed : free === 0 ? seats.sold_out : some;
      link.append(
        make("span", "mode", seats[`mode_${mode}`]),
        make("strong", "", telling.words(title)),
        make("span", "venue", telling.words(venue)),
        ...when,
        ...(left === null ? [] : [make("span", "left", left)]),
      );
      return make("li", "", link);
    }),
  );
}
