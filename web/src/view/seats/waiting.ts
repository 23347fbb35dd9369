import { fill, plural } from "../../i18n/texts";
import type { Booth } from "../../seats/booth";
import type { Snapshot, Waiting } from "../../seats/protocol";
import type { Telling } from "../../seats/telling";
import { byId, make, setText } from "../dom";
import { handOn, setReady } from "../focus";

/** The line for places that others have: getting into it, and how far one has come. */
export class WaitingView {
  readonly #list = byId("waits", "ul");
  readonly #section = byId("wait-section", "select");
  readonly #count = byId("wait-count", "select");
  readonly #button = byId("wait", "button");
  /** For a table: when, and for how many. */
  #table: { slot: string; party: number } | null = null;

  constructor(
    private readonly telling: Telling,
    private readonly booth: Booth,
  ) {
    byId("wait-form", "form").addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.#table !== null) void booth.wait(this.#table.slot, this.#table.party);
      else void booth.wait(this.#section.value, Number(this.#count.value));
    });
  }

  /** What there is to wait for at an event of seats. */
  offer(snapshot: Snapshot): void {
    byId("waiting-section", "section").hidden = false;
    const seats = snapshot.mode === "seats";
    for (const select of [this.#section, this.#count]) (select.closest("label") as HTMLElement).hidden = !seats;
    if (snapshot.mode !== "seats") return;
    fillSelect(
      this.#section,
      snapshot.sections.map(({ section, name }) => [section, this.telling.words(name)]),
    );
    fillSelect(
      this.#count,
      Array.from({ length: snapshot.hold_limit }, (_, n) => [String(n + 1), String(n + 1)]),
    );
  }

  /** What there is to wait for where tables are. */
  offerTable(slot: string | null, party: number): void {
    this.#table = slot === null ? null : { slot, party };
    byId("wait-form", "form").hidden = slot === null;
    setText(this.#button, this.telling.texts.seats.wait_this);
  }

  show(waits: readonly Waiting[]): void {
    setReady(this.#button, !this.booth.isBusy("wait"));
    const known = new Map(
      [...this.#list.children].map((item) => [(item as HTMLElement).dataset.waiting, item as HTMLLIElement]),
    );
    const items = waits.map((one) => known.get(one.waiting) ?? this.#item(one));
    for (const item of [...this.#list.children]) {
      if (items.includes(item as HTMLLIElement)) continue;
      handOn(item, byId("waiting-title", "h3"));
      item.remove();
    }
    for (const [n, one] of waits.entries()) {
      const item = items[n];
      if (item === undefined) continue;
      if (this.#list.children[n] !== item) this.#list.insertBefore(item, this.#list.children[n] ?? null);
      item.dataset.state = one.state;
      const offered = one.state === "offered";
      const line = item.querySelector(".line");
      if (line !== null) setText(line, offered ? this.telling.texts.seats.wait_offered : this.telling.line(one.place));
    }
  }

  #item(one: Waiting): HTMLLIElement {
    const { seats } = this.telling.texts;
    const item = make("li", "wait");
    item.dataset.waiting = one.waiting;
    const leave = make("button", "quiet", seats.leave);
    leave.type = "button";
    leave.dataset.deed = "leave";
    leave.addEventListener("click", () => void this.booth.leave(one));
    const line = make("p", "line");
    line.setAttribute("role", "status");
    item.append(line, make("p", "hint", this.#what(one)), leave);
    return item;
  }

  #what({ section, count }: Waiting): string {
    const { seats } = this.telling.texts;
    const { snapshot } = this.booth;
    if (snapshot?.mode === "tables") {
      return fill(seats.wait_table, { time: this.telling.moment(section), party: count });
    }
    const name = snapshot?.sections.find((one) => one.section === section)?.name;
    const text = plural(this.telling.language, count, seats.wait_what_one, seats.wait_what_other);
    return fill(text, { section: name === undefined ? section : this.telling.words(name) });
  }
}

function fillSelect(select: HTMLSelectElement, options: readonly (readonly [string, string])[]): void {
  const chosen = select.value;
  select.replaceChildren(
    ...options.map(([value, text]) => {
      const option = make("option", "", text);
      option.value = value;
      return option;
    }),
  );
  if (options.some(([value]) => value === chosen)) select.value = chosen;
}
