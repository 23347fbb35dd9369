import { fill } from "../../i18n/texts";
import type { Booth } from "../../seats/booth";
import type { Hall } from "../../seats/hall";
import { layOut, type Sign } from "../../seats/layout";
import type { Mine } from "../../seats/mine";
import type { Change, Snapshot, Table, TablesSnapshot } from "../../seats/protocol";
import type { ServerTime } from "../../seats/server-time";
import { fits, placeOf, visit } from "../../seats/tables";
import type { Telling } from "../../seats/telling";
import { byId, setText } from "../dom";
import { Basket, type Visit } from "./basket";
import { Checkout } from "./checkout";
import { type HoldDeeds, HoldsView } from "./holds";
import { showLegend } from "./legend";
import { NoticeView } from "./notice";
import type { PageTitle } from "./page-title";
import { Plan, type Shown } from "./plan";
import { SectionPicker } from "./section-picker";
import { Speaker } from "./speaker";
import { TablePicker } from "./table-picker";
import { WaitingView } from "./waiting";
import { Zoom } from "./zoom";

export interface EventPageSettings {
  event: string;
  hall: Hall;
  mine: Mine;
  booth: Booth;
  time: ServerTime;
  telling: Telling;
  title: PageTitle;
  /** Another day is to be seen. */
  look: (day: string) => void;
}

/** One event: its plan, and beside it what somebody chooses, holds, pays for and waits for. */
export class EventPage {
  readonly speaker: Speaker;
  /** What can be done about what is held here. */
  readonly deeds: HoldDeeds;
  readonly #plan: Plan;
  readonly #sections: SectionPicker;
  readonly #basket: Basket;
  readonly #holds: HoldsView;
  readonly #notice: NoticeView;
  readonly #waiting: WaitingView;
  readonly #checkout: Checkout;
  readonly #picker: TablePicker;
  /** What is drawn: a plan that stays the same is left as it is, with the focus on it. */
  #drawn = "";
  #pointed: string | null = null;

  constructor(private readonly settings: EventPageSettings) {
    const { telling, booth, hall, time } = settings;
    this.speaker = new Speaker(telling, time);
    this.#plan = new Plan(svgById("map"), {
      pressed: (place) => this.#press(place),
      pointed: (place) => this.#point(place),
    });
    this.#sections = new SectionPicker(byId("sections", "div"), (section, byKey) => this.#plan.goTo(section, byKey));
    this.#basket = new Basket(telling, booth, hall, () => void this.#hold());
    this.#checkout = new Checkout(telling, booth, time);
    this.deeds = {
      extend: (hold) => void booth.extend(hold),
      release: (hold) => void booth.release(hold),
      confirm: (hold) => void booth.confirm(hold),
      pay: (hold) => void this.#checkout.open(hold),
    };
    this.#holds = new HoldsView(telling, booth, time, this.deeds);
    this.#notice = new NoticeView(telling, {
      holdRest: () => void booth.holdChoice(),
      choose: (places) => booth.choose(places),
      dismiss: () => booth.dismiss(),
    });
    this.#waiting = new WaitingView(telling, booth);
    // Another time is another choice.
    this.#picker = new TablePicker(telling, hall, (day) => {
      booth.choose([]);
      if (day !== null && hall.snapshot?.mode === "tables" && day !== hall.snapshot.date) settings.look(day);
    });
    const { zoom } = this.#plan;
    byId("zoom-in", "button").addEventListener("click", () => zoom.by(Zoom.STEP));
    byId("zoom-out", "button").addEventListener("click", () => zoom.by(1 / Zoom.STEP));
    byId("zoom-fit", "button").addEventListener("click", () => zoom.fit());
  }

  /** The event has been taken whole: it's drawn if it looks otherwise than before. */
  take(): void {
    const { snapshot } = this.settings.hall;
    if (snapshot === null) return;
    byId("event-section", "section").hidden = false;
    this.#head(snapshot);
    const layout = layOut(snapshot);
    const drawn = JSON.stringify(layout);
    if (drawn !== this.#drawn) {
      this.#drawn = drawn;
      const { telling } = this.settings;
      this.#plan.draw(layout, (sign) => this.#sign(sign), telling.texts.seats.stage);
      showLegend(snapshot.mode, telling.texts);
    }
    this.#waiting.offer(snapshot);
    if (snapshot.mode === "tables") this.#picker.take(snapshot);
    this.paint();
  }

  /** Some places have changed, or, without a word which, what is one's own. */
  paint(changes?: readonly Change[]): void {
    const { snapshot } = this.settings.hall;
    if (snapshot === null) return;
    if (snapshot.mode === "tables") this.#paintTables(snapshot);
    else this.#paintSeats(snapshot, changes?.map(({ place }) => place) ?? this.#plan.places);
    this.paintSide();
    this.#point(this.#pointed);
  }

  /** What stands beside the plan. */
  paintSide(): void {
    const { booth, mine, event, hall } = this.settings;
    const { snapshot } = hall;
    if (snapshot?.mode === "tables") this.#basket.showTable(this.#visit());
    else this.#basket.showSeats();
    this.#holds.show(booth.open);
    this.#notice.show(booth.notice);
    if (snapshot?.mode === "tables") this.#waiting.offerTable(this.#picker.slot, this.#picker.party);
    this.#waiting.show(mine.waits(event));
  }

  /** Another second is over. */
  tick(): void {
    this.#holds.tick(this.settings.booth.open);
    this.#checkout.tick();
  }

  #head(snapshot: Snapshot): void {
    const { telling } = this.settings;
    const { seats, brand } = telling.texts;
    const title = telling.words(snapshot.title);
    setText(byId("event-title", "h2"), title);
    this.settings.title.name = `${title} · ${brand.name}`;
    const when = snapshot.mode === "seats" ? ` · ${telling.at(snapshot.starts_at)}` : "";
    const closed = snapshot.closed === true ? ` · ${seats.closed}` : "";
    setText(byId("event-about", "p"), telling.words(snapshot.venue) + when + closed);
    const map = svgById("map");
    map.setAttribute("aria-label", seats[`map_${snapshot.mode}`]);
    map.dataset.mode = snapshot.mode;
    byId("map-frame", "div").dataset.mode = snapshot.mode;
    setText(byId("map-help", "p"), seats[`map_help_${snapshot.mode}`]);
  }

  #sign({ text, price }: Sign): string {
    const { telling } = this.settings;
    const words = telling.words(text);
    return price === undefined ? words : `${words} · ${telling.money(price.price, price.currency)}`;
  }

  #paintSeats({ sections }: Snapshot & { mode: "seats" }, places: readonly string[]): void {
    const { booth, telling, hall } = this.settings;
    for (const place of places) this.#plan.show(place, this.#seat(place));
    let free = 0;
    const told = sections.map((section) => {
      const left = hall.freeIn(section);
      free += left;
      const name = telling.words(section.name);
      const price = telling.money(section.price, section.currency);
      this.#plan.namePart(section.section, fill(telling.count(left, "section_label"), { section: name, price }));
      const about = left === 0 ? telling.texts.seats.sold_out : telling.count(left, "free");
      return { section: section.section, name, about: `${price} · ${about}` };
    });
    this.#sections.show(told);
    setText(byId("free", "p"), free === 0 ? telling.texts.seats.sold_out : telling.count(free, "free"));
    document.body.dataset.chosen = String(booth.choice.length);
  }

  #seat(place: string): Shown {
    const { booth, telling } = this.settings;
    const look = booth.look(place);
    return { look, label: telling.seatLabel(place, look) };
  }

  #paintTables(snapshot: TablesSnapshot): void {
    const { telling } = this.settings;
    this.#picker.show();
    for (const table of snapshot.tables) this.#plan.show(table.table, this.#table(snapshot, table));
    this.#plan.namePart("tables", telling.texts.seats.map_tables);
    setText(byId("free", "p"), telling.count(this.#picker.offer?.free ?? 0, "tables_free"));
  }

  #table(snapshot: TablesSnapshot, table: Table): Shown {
    const { booth, telling } = this.settings;
    const { slot, party, offer } = this.#picker;
    const own = slot === null ? "blocked" : booth.lookOfAll(visit(snapshot, table.table, slot));
    const look = own === "free" && !fits(table, party) ? "unfit" : own;
    const marked = booth.choice.length === 0 && this.#visit().told !== null && offer?.best?.table === table.table;
    const { table_label, table_label_yours, look_unfit } = telling.texts.seats;
    const label = fill(marked ? table_label_yours : table_label, {
      table: telling.words(table.name),
      min: table.min,
      max: table.max,
      look: look === "unfit" ? look_unfit : telling.look(look),
    });
    const more = table.accessible ? `, ${telling.texts.seats.accessible}` : "";
    return { look, label: label + more, marked };
  }

  /** What would be held of a restaurant. */
  #visit(): Visit {
    const { booth, telling } = this.settings;
    const { seats } = telling.texts;
    const { slot, party, offer } = this.#picker;
    if (slot === null) return { told: null, why: seats.choice_no_slot };
    const [chosen] = booth.choice;
    const held = booth.open.some(({ places }) => places.some((place) => place.endsWith(`@${slot}`)));
    // One press too many must not hold a second table.
    if (chosen === undefined && held) return { told: null, why: seats.choice_table_held };
    const table = chosen?.split("@")[0] ?? offer?.best?.table;
    if (table === undefined) return { told: null, why: fill(seats.choice_no_table, { party }) };
    const time = telling.moment(slot);
    return { told: fill(seats.choice_table, { time, party, table: telling.table(table) }), why: "" };
  }

  #press(place: string): void {
    const { booth, hall, telling } = this.settings;
    const { snapshot } = hall;
    if (snapshot?.mode === "tables") return this.#pressTable(snapshot, place);
    if (booth.toggle(place)) return;
    const look = booth.look(place);
    if (look === "free") return;
    const { said_not_free } = telling.texts.seats;
    this.speaker.say(fill(said_not_free, { place: telling.place(place), look: telling.look(look) }));
  }

  /** A table other than the one that would be given. */
  #pressTable(snapshot: TablesSnapshot, name: string): void {
    const { booth } = this.settings;
    const table = snapshot.tables.find((one) => one.table === name);
    const { slot } = this.#picker;
    if (table === undefined || slot === null) return;
    const { look, label } = this.#table(snapshot, table);
    const chosen = booth.choice[0]?.startsWith(placeOf(name, "")) ?? false;
    if (chosen) booth.choose([]);
    else if (look === "free") booth.choose(visit(snapshot, name, slot));
    else this.speaker.say(label);
  }

  async #hold(): Promise<void> {
    const { booth, hall } = this.settings;
    const { slot, party } = this.#picker;
    if (booth.choice.length > 0) return booth.holdChoice();
    if (hall.snapshot?.mode !== "tables" || slot === null || this.#visit().told === null) return;
    await booth.hold({ slot, party });
  }

  /**
   * What the mouse or the focus is on, or last was, in words below the plan: if they went away with the mouse, what is below would move
   * up from under it.
   */
  #point(place: string | null): void {
    this.#pointed = place;
    const spot = place === null ? null : document.querySelector(`#map [data-place="${CSS.escape(place)}"]`);
    setText(byId("map-info", "p"), spot?.getAttribute("aria-label") ?? "");
  }
}

function svgById(id: string): SVGSVGElement {
  const element = document.getElementById(id);
  if (!(element instanceof SVGSVGElement)) throw new Error(`the page has no <svg id="${id}">`);
  return element;
}
