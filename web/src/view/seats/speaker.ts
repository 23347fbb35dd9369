import { fill } from "../../i18n/texts";
import type { News } from "../../seats/booth";
import type { Hold } from "../../seats/protocol";
import type { ServerTime } from "../../seats/server-time";
import type { Telling } from "../../seats/telling";
import { byId, make } from "../dom";

/** Says to screen readers what has become of what somebody did. What went wrong is an alert of its own. */
export class Speaker {
  /** Sentences that stay in the page: a second one must not take the first away before it's read. */
  static readonly KEPT = 3;

  readonly #region = byId("announcer", "div");

  constructor(
    private readonly telling: Telling,
    private readonly time: ServerTime,
  ) {}

  tell(news: News): void {
    const text = this.#words(news);
    if (text !== null) this.say(text);
  }

  say(text: string): void {
    this.#region.append(make("p", "", text));
    while (this.#region.children.length > Speaker.KEPT) this.#region.firstElementChild?.remove();
  }

  #words(news: News): string | null {
    const { seats } = this.telling.texts;
    switch (news.kind) {
      case "notice":
        return null;
      case "extended":
        return this.#hold(seats.said_extended, news.hold);
      case "waiting":
        return news.waiting.state === "left" ? seats.said_left : this.telling.line(news.waiting.place);
      case "hold": {
        const said = {
          held: seats.said_held,
          // An alert at the top of the page.
          offered: null,
          released: seats.said_released,
          sold: seats.said_sold,
          expired: null,
          refund_due: null,
          refunded: null,
        }[news.state];
        return said === null ? null : this.#hold(said, news.hold);
      }
    }
  }

  #hold(text: string, hold: Hold): string {
    const time = this.telling.duration(this.time.secondsUntil(hold.expires_at));
    return fill(text, { places: this.telling.places(hold.places), time });
  }
}
