import { fill, type Language, plural, type Texts } from "../i18n/texts";
import type { Look } from "./booth";
import type { Hall } from "./hall";
import type { Words } from "./protocol";

/** What is known of an event, in words. */
export class Telling {
  readonly #list: Intl.ListFormat;
  readonly #order = new Intl.Collator("en", { numeric: true });
  readonly #money = new Map<string, Intl.NumberFormat>();

  constructor(
    readonly language: Language,
    readonly texts: Texts,
    private readonly hall: Hall,
  ) {
    this.#list = new Intl.ListFormat(language, { type: "conjunction" });
  }

  words(words: Words | string): string {
    return typeof words === "string" ? words : words[this.language];
  }

  /** An amount in the currency's smallest unit. */
  money(amount: number, currency: string): string {
    if (amount === 0) return this.texts.seats.free_of_charge;
    // Hundreds of seats say their price.
    const format = this.#money.get(currency) ?? new Intl.NumberFormat(this.language, { style: "currency", currency });
    this.#money.set(currency, format);
    const digits = format.resolvedOptions().maximumFractionDigits ?? 0;
    return format.format(amount / 10 ** digits);
  }

  look(look: Look): string {
    return this.texts.seats[`look_${look}`];
  }

  place(place: string): string {
    return this.places([place]);
  }

  /** Seats by their sections; of a table that is held for a whole visit only when that begins. */
  places(places: readonly string[]): string {
    const { seats } = this.texts;
    const groups = new Map<string, string[]>();
    const visits = new Map<string, string>();
    for (const place of places) {
      const known = this.hall.seat(place);
      const [table = place, slot] = place.split("@");
      if (slot !== undefined) {
        const first = visits.get(table);
        if (first === undefined || slot < first) visits.set(table, slot);
        continue;
      }
      const section = known === undefined ? "" : this.words(known.section.name);
      const name =
        known === undefined ? place : fill(seats.seat_short, { row: known.seat.row, number: known.seat.number });
      groups.set(section, [...(groups.get(section) ?? []), name]);
    }
    const ofTables = [...visits].map(([table, slot]) =>
      fill(seats.table_name, { table: this.table(table), time: this.moment(slot) }),
    );
    const inOrder = (names: string[]) => this.#list.format(names.sort(this.#order.compare));
    const ofSeats = [...groups].map(([section, names]) => `${section} ${inOrder(names)}`.trim());
    return [...ofSeats, ...ofTables].join("; ");
  }

  table(table: string): string {
    const { snapshot } = this.hall;
    const known = snapshot?.mode === "tables" ? snapshot.tables.find((one) => one.table === table) : undefined;
    return known === undefined ? table : this.words(known.name);
  }

  /** What a screen reader says of a seat. */
  seatLabel(place: string, look: Look): string {
    const known = this.hall.seat(place);
    if (known === undefined) return place;
    const { seat, section } = known;
    const { place_label, place_label_accessible } = this.texts.seats;
    return fill(seat.accessible ? place_label_accessible : place_label, {
      section: this.words(section.name),
      row: seat.row,
      number: seat.number,
      price: this.money(section.price, section.currency),
      look: this.look(look),
    });
  }

  count(count: number, what: Counted): string {
    const { seats } = this.texts;
    return plural(this.language, count, seats[`${what}_one`], seats[`${what}_other`]);
  }

  duration(seconds: number): string {
    const { minutes, seconds: alone } = this.texts.seats;
    if (seconds < 60) return fill(alone, { seconds });
    return fill(minutes, { minutes: Math.floor(seconds / 60), seconds: seconds % 60 });
  }

  /** Which place in the line somebody has. */
  line(count: number): string {
    const rule = new Intl.PluralRules(this.language, { type: "ordinal" }).select(count);
    const form = rule === "one" || rule === "two" || rule === "few" ? rule : "other";
    return fill(this.texts.seats[`wait_place_${form}`], { count });
  }

  /** A moment of the world, as the reader's clock says. */
  at(ms: number): string {
    const day = { weekday: "long", year: "numeric", month: "long", day: "numeric" } as const;
    const time = { hour: "numeric", minute: "2-digit", timeZoneName: "short" } as const;
    return new Intl.DateTimeFormat(this.language, { ...day, ...time }).format(ms);
  }

  /** What the clock on the event's wall says: no zone may move it. */
  moment(slot: string): string {
    return this.#wall(slot, { weekday: "short", month: "short", day: "numeric", hour: "numeric", minute: "2-digit" });
  }

  time(slot: string): string {
    return this.#wall(slot, { hour: "numeric", minute: "2-digit" });
  }

  day(day: string): string {
    return this.#wall(`${day}T00:00`, { weekday: "short", month: "short", day: "numeric" });
  }

  problem(code: string): string {
    const known: Record<string, string> = this.texts.seats;
    const text = Object.hasOwn(known, `problem_${code}`) ? known[`problem_${code}`] : undefined;
    return text ?? fill(this.texts.seats.problem_other, { code });
  }

  #wall(slot: string, parts: Intl.DateTimeFormatOptions): string {
    return new Intl.DateTimeFormat(this.language, { ...parts, timeZone: "UTC" }).format(Date.parse(`${slot}:00Z`));
  }
}

/** What is counted in two forms. */
type Counted = "free" | "tables_free" | "choice_left" | "hold" | "section_label";
