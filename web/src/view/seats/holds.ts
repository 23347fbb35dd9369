import { fill } from "../../i18n/texts";
import type { Booth } from "../../seats/booth";
import type { Hold } from "../../seats/protocol";
import type { ServerTime } from "../../seats/server-time";
import type { Telling } from "../../seats/telling";
import { ENDING_S } from "../../seats/turn";
import { byId, make, part, setText } from "../dom";
import { handOn, onPress, setReady } from "../focus";

export interface HoldDeeds {
  extend(hold: Hold): void;
  release(hold: Hold): void;
  confirm(hold: Hold): void;
  pay(hold: Hold): void;
}

/** What is held and has to be decided on, with the time that is left by the server's clock. */
export class HoldsView {
  readonly #section = byId("holds-section", "section");
  readonly #list = byId("holds", "ul");
  /** What was there when the page was opened is left where it is. */
  #shown = false;

  constructor(
    private readonly telling: Telling,
    private readonly booth: Booth,
    private readonly time: ServerTime,
    private readonly deeds: HoldDeeds,
  ) {}

  show(holds: readonly Hold[]): void {
    const known = new Map([...this.#list.children].map((item) => [(item as HTMLElement).dataset.hold, item]));
    const items = holds.map((hold) => {
      const item = known.get(hold.hold);
      // A button that is about to be pressed, or has the focus, stays what it is.
      return item instanceof HTMLLIElement ? item : this.#item(hold);
    });
    for (const item of [...this.#list.children]) {
      if (items.includes(item as HTMLLIElement)) continue;
      handOn(item, byId(items.length > 0 ? "holds-title" : "basket-title", "h3"));
      item.remove();
    }
    this.#section.hidden = holds.length === 0;
    for (const [n, item] of items.entries()) {
      if (this.#list.children[n] !== item) this.#list.insertBefore(item, this.#list.children[n] ?? null);
    }
    for (const [n, hold] of holds.entries()) this.#update(items[n], hold);
    this.tick(holds);
    const [first] = items;
    // Its time runs: whoever has just taken it shouldn't have to look for it.
    if (this.#shown && first !== undefined && !known.has(first.dataset.hold))
      first.scrollIntoView({ block: "nearest" });
    this.#shown = true;
  }

  /** Another second is over. */
  tick(holds: readonly Hold[]): void {
    const { seats } = this.telling.texts;
    for (const item of [...this.#list.children] as HTMLElement[]) {
      const hold = holds.find(({ hold }) => hold === item.dataset.hold);
      if (hold === undefined) continue;
      const seconds = this.time.secondsUntil(hold.expires_at);
      item.dataset.seconds = String(seconds);
      item.classList.toggle("urgent", seconds <= ENDING_S);
      setText(part(item, ".time-left"), fill(seats.time_left, { time: this.telling.duration(seconds) }));
    }
  }

  #item(hold: Hold): HTMLLIElement {
    const { seats } = this.telling.texts;
    const item = make("li", "hold");
    item.dataset.hold = hold.hold;
    const costs = this.booth.costs(hold);
    const amount = this.telling.money(hold.amount, hold.currency);
    const decide = costs
      ? button(fill(seats.pay, { amount }), "pay", "primary")
      : button(seats.confirm, "confirm", "primary");
    const extend = button(seats.extend, "extend");
    const release = button(seats.release, "release", "quiet");
    const now = () => this.#now(hold);
    onPress(decide, () => (costs ? this.deeds.pay(now()) : this.deeds.confirm(now())));
    onPress(extend, () => this.deeds.extend(now()));
    onPress(release, () => this.deeds.release(now()));
    const timer = make("p", "time-left");
    timer.setAttribute("role", "timer");
    item.append(
      make("p", "offered hint", seats.offered),
      make("p", "places", this.telling.places(hold.places)),
      make("p", "amount", amount),
      timer,
      make("p", "hold-deeds", decide, extend, release),
    );
    return item;
  }

  #now(hold: Hold): Hold {
    return this.booth.open.find((one) => one.hold === hold.hold) ?? hold;
  }

  #update(item: HTMLLIElement | undefined, hold: Hold): void {
    if (item === undefined) return;
    const { seats } = this.telling.texts;
    item.dataset.state = hold.state;
    item.dataset.extended = String(hold.extended);
    part(item, ".offered").hidden = hold.state !== "offered";
    const busy = this.booth.isBusy(hold.hold);
    for (const button of item.querySelectorAll("button")) setReady(button, !busy);
    const extend = part(item, "[data-deed=extend]") as HTMLButtonElement;
    // An offer is short so that the next in line needn't wait.
    extend.hidden = hold.state === "offered";
    setReady(extend, !busy && !hold.extended);
    setText(extend, hold.extended ? seats.extended : seats.extend);
  }
}

function button(text: string, deed: string, className = ""): HTMLButtonElement {
  const button = make("button", className, text);
  button.type = "button";
  button.dataset.deed = deed;
  return button;
}
