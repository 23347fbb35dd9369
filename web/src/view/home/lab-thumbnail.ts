import type { Tally } from "../../home/tally";
import { fill, type Texts } from "../../i18n/texts";
import { byId, make, setText } from "../dom";

/** The laboratory in small: what this very page has asked for by polling, and been told by WebSocket. */
export class LabThumbnail {
  readonly #polled: Lane;
  readonly #told: Lane;

  constructor(private readonly texts: Texts) {
    this.#polled = new Lane(texts.home.thumb_polled);
    this.#told = new Lane(texts.home.thumb_told);
    byId("lab-thumbnail", "div").replaceChildren(this.#polled.root, this.#told.root);
  }

  show({ requests, news, events }: Tally): void {
    const { thumb_requests, thumb_news, thumb_events } = this.texts.home;
    const asked = `${fill(thumb_requests, { count: requests })}, ${fill(thumb_news, { count: news })}`;
    this.#polled.show(requests === 0 ? 0 : news / requests, asked);
    // Everything that is told is news.
    this.#told.show(events === 0 ? 0 : 1, fill(thumb_events, { count: events }));
  }
}

/** One way: how much of what went over the wire was news. */
class Lane {
  readonly #share = make("meter", "");
  readonly #figure = make("span", "hint", "");
  readonly root: HTMLElement;

  constructor(name: string) {
    this.#share.max = 1;
    this.root = make("p", "lane-line", make("span", "", name), this.#share, this.#figure);
  }

  show(share: number, figure: string): void {
    this.#share.value = share;
    setText(this.#figure, figure);
  }
}
