import { fill } from "../../i18n/texts";
import type { Booth } from "../../seats/booth";
import type { Hold } from "../../seats/protocol";
import type { ServerTime } from "../../seats/server-time";
import type { Telling } from "../../seats/telling";
import { type Turn, turnOf } from "../../seats/turn";
import { byId, make, part, setText } from "../dom";
import { handOn, onPress, setReady } from "../focus";
import type { HoldDeeds } from "./holds";
import type { PageTitle } from "./page-title";

export interface TurnBarSettings {
  /** The event of this page; empty if it's of none. */
  event: string;
  telling: Telling;
  time: ServerTime;
  booth: Booth;
  title: PageTitle;
  /** What can be done about a hold of this page's event. */
  deeds: HoldDeeds | null;
  /** The address of another event's page. */
  href(event: string): string;
}

/** What can't wait, at the top of the window wherever somebody has scrolled, with the time that is left and what can be done about it. */
export class TurnBar {
  readonly #bar = byId("turn", "section");
  readonly #text = byId("turn-text", "p");
  readonly #time = byId("turn-time", "p");
  readonly #deeds = byId("turn-deeds", "p");
  /** What is said already: it's said once, and its buttons stay what they are. */
  #said = "";

  constructor(private readonly settings: TurnBarSettings) {}

  /** What somebody holds may be otherwise, or another second is over. */
  show(holds: readonly Hold[]): void {
    const { time, title, telling, booth } = this.settings;
    const turn = turnOf(holds, (at) => time.secondsUntil(at));
    const said = turn === null ? "" : `${turn.kind} ${turn.hold.hold} ${turn.hold.extended}`;
    // Wherever somebody has scrolled, the page stays there.
    if (said !== this.#said) handOn(this.#bar, turn === null ? below() : this.#text, { preventScroll: true });
    this.#bar.hidden = turn === null;
    if (said !== this.#said) this.#say(turn);
    this.#said = said;
    const { turn_called_offered, turn_called_ending, time_left } = telling.texts.seats;
    title.call = turn === null ? null : turn.kind === "offered" ? turn_called_offered : turn_called_ending;
    if (turn === null) return;
    setText(this.#time, fill(time_left, { time: telling.duration(turn.seconds) }));
    const busy = booth.isBusy(turn.hold.hold);
    for (const button of this.#deeds.querySelectorAll("button")) setReady(button, !busy);
  }

  #say(turn: Turn | null): void {
    const { telling } = this.settings;
    const { turn_offered, turn_ending } = telling.texts.seats;
    const text = turn?.kind === "offered" ? turn_offered : turn_ending;
    setText(this.#text, turn === null ? "" : fill(text, { places: telling.places(turn.hold.places) }));
    this.#deeds.replaceChildren(...(turn === null ? [] : this.#buttons(turn)));
    if (turn === null) delete this.#bar.dataset.turn;
    else this.#bar.dataset.turn = turn.kind;
  }

  #buttons({ kind, hold }: Turn): HTMLElement[] {
    const { event, telling, booth, deeds, href } = this.settings;
    const { seats } = telling.texts;
    if (hold.event !== event || deeds === null) {
      const link = make("a", "button-link", seats.turn_go);
      link.href = href(hold.event);
      return [link];
    }
    const now = () => booth.open.find((one) => one.hold === hold.hold) ?? hold;
    const costs = booth.costs(hold);
    const accept = costs ? fill(seats.pay, { amount: telling.money(hold.amount, hold.currency) }) : seats.confirm;
    const accepting = button(accept, costs ? "pay" : "confirm", "primary", () =>
      costs ? deeds.pay(now()) : deeds.confirm(now()),
    );
    if (kind === "offered") {
      return [accepting, button(seats.turn_decline, "release", "quiet", () => deeds.release(now()))];
    }
    const more = hold.extended ? [] : [button(seats.extend, "extend", "", () => deeds.extend(now()))];
    return [accepting, ...more, button(seats.release, "release", "quiet", () => deeds.release(now()))];
  }
}

/** The heading of what is held, or of what comes before it. */
function below(): HTMLElement {
  const headings = [...document.querySelectorAll<HTMLElement>("#holds-title, #basket-title")];
  return headings.findLast((heading) => heading.closest("[hidden]") === null) ?? part(document, "h1");
}

function button(text: string, deed: string, className: string, run: () => void): HTMLButtonElement {
  const button = make("button", className, text);
  button.type = "button";
  button.dataset.deed = deed;
  onPress(button, run);
  return button;
}
