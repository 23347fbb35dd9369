import { fill } from "../../i18n/texts";
import type { Notice } from "../../seats/booth";
import type { Telling } from "../../seats/telling";
import { byId, make } from "../dom";
import { handOn } from "../focus";

export interface NoticeDeeds {
  /** Holds what is left of the choice. */
  holdRest(): void;
  choose(places: readonly string[]): void;
  dismiss(): void;
}

/** What went otherwise than somebody wanted, and what they can do about it. */
export class NoticeView {
  readonly #place = byId("notice", "div");
  #shown: Notice | null = null;

  constructor(
    private readonly telling: Telling,
    private readonly deeds: NoticeDeeds,
  ) {}

  show(notice: Notice | null): void {
    if (notice === this.#shown) return;
    this.#shown = notice;
    handOn(this.#place, byId("event-title", "h2"));
    if (notice === null) {
      delete this.#place.dataset.notice;
      return this.#place.replaceChildren();
    }
    this.#place.dataset.notice = notice.kind;
    const [sentences, deeds] = this.#words(notice);
    const { dismiss } = this.telling.texts.seats;
    this.#place.replaceChildren(
      ...sentences.map((sentence) => make("p", "", sentence)),
      make(
        "p",
        "notice-deeds",
        ...deeds,
        button(dismiss, "dismiss", () => this.deeds.dismiss()),
      ),
    );
  }

  #words(notice: Notice): [string[], HTMLButtonElement[]] {
    const { telling, deeds } = this;
    const { seats } = telling.texts;
    switch (notice.kind) {
      case "taken":
        return this.#taken(notice);
      case "promised":
        return [[fill(seats.notice_promised, { places: telling.places(notice.places) })], []];
      case "limit":
        return [[fill(seats.notice_limit, { limit: notice.limit })], []];
      case "expired": {
        const again = button(seats.take_again, "take-again", () => deeds.choose(notice.hold.places));
        return [[fill(seats.notice_expired, { places: telling.places(notice.hold.places) })], [again]];
      }
      case "refund_due":
        return [[fill(seats.notice_refund_due, { places: telling.places(notice.hold.places) })], []];
      case "payment_failed":
        return [[seats.notice_payment_failed], []];
      case "problem":
        return [[telling.problem(notice.code)], []];
    }
  }

  #taken({ places, rest, instead }: Notice & { kind: "taken" }): [string[], HTMLButtonElement[]] {
    const { telling, deeds } = this;
    const { seats } = telling.texts;
    // A table was one of many; a seat is one's own.
    if (places.some((place) => place.includes("@"))) return [[seats.notice_table], []];
    const gone = places.length === 1 ? seats.notice_taken_one : seats.notice_taken_other;
    const sentences = [fill(gone, { places: telling.places(places) })];
    const buttons = [];
    if (rest.length > 0) {
      sentences.push(fill(seats.notice_rest, { places: telling.places(rest) }));
      buttons.push(button(seats.take_rest, "take-rest", () => deeds.holdRest()));
    }
    if (instead.length > 0) {
      sentences.push(fill(seats.notice_instead, { places: telling.places(instead) }));
      buttons.push(button(seats.take_instead, "take-instead", () => deeds.choose([...rest, ...instead])));
    } else if (rest.length === 0) sentences.push(seats.notice_nothing);
    return [sentences, buttons];
  }
}

function button(text: string, deed: string, run: () => void): HTMLButtonElement {
  const button = make("button", deed === "dismiss" ? "quiet" : "", text);
  button.type = "button";
  button.dataset.deed = deed;
  button.addEventListener("click", run);
  return button;
}
