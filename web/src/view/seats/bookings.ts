import { fill, plural } from "../../i18n/texts";
import { isOpen } from "../../seats/mine";
import type { Hold, Listed } from "../../seats/protocol";
import type { Telling } from "../../seats/telling";
import { byId, make } from "../dom";

/** Bookings that are listed; older ones are history. */
export const BOOKINGS_SHOWN = 20;

/** What somebody has booked, over all events, and what became of the rest. */
export function showBookings(holds: readonly Hold[], events: readonly Listed[], telling: Telling): void {
  const { seats } = telling.texts;
  const words = {
    sold: seats.booking_sold,
    refund_due: seats.booking_refund_due,
    refunded: seats.booking_refunded,
    expired: seats.booking_expired,
    released: seats.booking_released,
  };
  const over = holds.flatMap((hold) =>
    hold.state === "held" || hold.state === "offered" ? [] : [{ ...hold, state: hold.state }],
  );
  byId("bookings-section", "section").hidden = over.length === 0;
  byId("bookings", "ul").replaceChildren(
    ...over.slice(0, BOOKINGS_SHOWN).map(({ hold, event, places, state, amount, currency }) => {
      const listed = events.find((one) => one.event === event);
      const item = make(
        "li",
        "booking",
        make("strong", "", listed === undefined ? event : telling.words(listed.title)),
        make("span", "places", telling.places(places)),
        make("span", "amount", telling.money(amount, currency)),
        make("span", "booking-state", words[state]),
      );
      item.dataset.hold = hold;
      item.dataset.state = state;
      return item;
    }),
  );
}

/** Leads to the other events where somebody holds something, whose time runs too. */
export function showElsewhere(
  holds: readonly Hold[],
  events: readonly Listed[],
  telling: Telling,
  href: (event: string) => string,
): void {
  const { elsewhere_one, elsewhere_other } = telling.texts.seats;
  const open = holds.filter(isOpen);
  byId("elsewhere", "ul").replaceChildren(
    ...events.flatMap(({ event, title }) => {
      const count = open.filter((hold) => hold.event === event).reduce((sum, { places }) => sum + places.length, 0);
      if (count === 0) return [];
      const text = plural(telling.language, count, elsewhere_one, elsewhere_other);
      const link = make("a", "", fill(text, { event: telling.words(title) }));
      link.href = href(event);
      return [make("li", "", link)];
    }),
  );
}
