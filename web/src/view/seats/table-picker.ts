import { fill, plural } from "../../i18n/texts";
import type { Hall } from "../../seats/hall";
import type { TablesSnapshot } from "../../seats/protocol";
import { type Offer, offerOf, partiesOf } from "../../seats/tables";
import type { Telling } from "../../seats/telling";
import { byId, make, setText } from "../dom";

/** What somebody wants of a restaurant: a day, a party and a time, with what is left for each time. */
export class TablePicker {
  /** A party that most people come in. */
  static readonly PARTY = 2;

  readonly #form = byId("table-form", "form");
  #snapshot: TablesSnapshot | null = null;
  #days = "";
  #slots = "";

  constructor(
    private readonly telling: Telling,
    private readonly hall: Hall,
    chosen: (day: string | null) => void,
  ) {
    this.#form.addEventListener("submit", (event) => event.preventDefault());
    this.#form.addEventListener("change", () => {
      this.show();
      chosen(this.day);
    });
  }

  get day(): string | null {
    return this.#chosen("date");
  }

  get party(): number {
    return Number(this.#chosen("party") ?? TablePicker.PARTY);
  }

  get slot(): string | null {
    return this.#chosen("slot");
  }

  get offer(): Offer | null {
    const { slot } = this;
    return slot === null || this.#snapshot === null ? null : offerOf(this.hall, this.#snapshot, slot, this.party);
  }

  /** What there is to choose from. */
  take(snapshot: TablesSnapshot): void {
    this.#snapshot = snapshot;
    this.#form.hidden = false;
    const days = snapshot.dates;
    if (days.join() !== this.#days) {
      this.#days = days.join();
      const chosen = this.day;
      const day = days.find((one) => one === chosen) ?? snapshot.date;
      byId("dates", "div").replaceChildren(...days.map((one) => pick("date", one, this.telling.day(one), one === day)));
    }
    const { min, max } = partiesOf(snapshot);
    const parties = Array.from({ length: Math.max(0, max - min + 1) }, (_, n) => min + n);
    if (byId("parties", "div").children.length !== parties.length) {
      const party = Math.min(max, Math.max(min, this.party));
      byId("parties", "div").replaceChildren(
        ...parties.map((one) => pick("party", String(one), String(one), one === party)),
      );
    }
    this.show();
  }

  /** How many tables there are for each time now. */
  show(): void {
    const snapshot = this.#snapshot;
    if (snapshot === null) return;
    // Those of another day are on their way.
    const slots = snapshot.date === this.day ? snapshot.slots : [];
    const place = byId("slots", "div");
    if (slots.join() !== this.#slots) {
      this.#slots = slots.join();
      const chosen = this.slot;
      const slot =
        slots.find((one) => one === chosen) ?? slots.find((one) => one.slice(11) === chosen?.slice(11)) ?? slots[0];
      place.replaceChildren(...slots.map((one) => pick("slot", one, this.telling.time(one), one === slot)));
      if (slots.length === 0 && snapshot.date === this.day)
        place.append(make("p", "hint", this.telling.texts.seats.slots_none));
    }
    const { slot_label_one, slot_label_other } = this.telling.texts.seats;
    for (const slot of slots) {
      const input = place.querySelector<HTMLInputElement>(`input[value="${slot}"]`);
      const left = input?.parentElement?.querySelector(".left");
      if (input === null || left === null || left === undefined) continue;
      const { free } = offerOf(this.hall, snapshot, slot, this.party);
      setText(left, String(free));
      const label = plural(this.telling.language, free, slot_label_one, slot_label_other);
      input.setAttribute("aria-label", fill(label, { time: this.telling.time(slot) }));
      input.dataset.free = String(free);
      input.parentElement?.classList.toggle("full", free === 0);
    }
  }

  #chosen(name: string): string | null {
    return this.#form.querySelector<HTMLInputElement>(`input[name=${name}]:checked`)?.value ?? null;
  }
}

function pick(name: string, value: string, text: string, checked: boolean): HTMLLabelElement {
  const input = make("input", "");
  input.type = "radio";
  input.name = name;
  input.value = value;
  input.checked = checked;
  const face = make("span", "face", text);
  if (name === "slot") {
    const left = make("span", "left");
    left.setAttribute("aria-hidden", "true");
    face.append(left);
  }
  return make("label", "pick", input, face);
}
