import { fill, plural } from "../../i18n/texts";
import type { Booth } from "../../seats/booth";
import type { Hall } from "../../seats/hall";
import type { Telling } from "../../seats/telling";
import { byId, setText } from "../dom";

/** What a table's visit would be. */
export interface Visit {
  /** What would be held, in words; null if there is nothing. */
  told: string | null;
  /** Why there is nothing. */
  why: string;
}

/** What is chosen and what it costs, with the button that holds it. */
export class Basket {
  readonly #choice = byId("choice", "p");
  readonly #sum = byId("choice-sum", "p");
  readonly #hold = byId("hold", "button");

  constructor(
    private readonly telling: Telling,
    private readonly booth: Booth,
    private readonly hall: Hall,
    hold: () => void,
  ) {
    this.#hold.addEventListener("click", hold);
  }

  showSeats(): void {
    const { telling, booth } = this;
    const { seats } = telling.texts;
    const { choice } = booth;
    setText(this.#choice, choice.length === 0 ? seats.choice_none : telling.places(choice));
    const sections = choice.flatMap((place) => this.hall.seat(place)?.section ?? []);
    const [first] = sections;
    const amount = sections.reduce((sum, { price }) => sum + price, 0);
    const sum = plural(telling.language, choice.length, seats.sum_one, seats.sum_other);
    setText(this.#sum, first === undefined ? "" : fill(sum, { amount: telling.money(amount, first.currency) }));
    this.#button(choice.length > 0, choice.length === 0 ? seats.hold : telling.count(choice.length, "hold"));
  }

  showTable({ told, why }: Visit): void {
    setText(this.#choice, told ?? why);
    setText(this.#sum, "");
    this.#button(told !== null, this.telling.texts.seats.hold_table);
  }

  #button(ready: boolean, text: string): void {
    const busy = this.booth.isBusy("hold");
    // Disabled, it would lose the focus in the middle of what somebody does with the keyboard.
    this.#hold.setAttribute("aria-disabled", String(busy || !ready));
    this.#hold.disabled = !ready && !busy && document.activeElement !== this.#hold;
    setText(this.#hold, busy ? this.telling.texts.seats.holding : text);
  }
}
