import { plainWay } from "../../chat/plain-way";
import { fill, type Language, type Texts } from "../../i18n/texts";
import { systemClock } from "../../net/clock";
import { httpTo } from "../../net/http";
import { type Connect, connectWebSocket } from "../../net/socket";
import { Hall } from "../../seats/hall";
import { type Layout, layOut } from "../../seats/layout";
import { type PlaceState, readList, roomOf } from "../../seats/protocol";
import { ServerTime } from "../../seats/server-time";
import { Watch } from "../../seats/watch";
import { make, setText } from "../dom";
import { draw } from "./svg";

export interface ThumbnailPage {
  language: Language;
  texts: Texts;
  backWs: string;
  backHttp: string;
}

/** A hall in little, as it is at this moment, with how many seats are free: an ornament of pages about something else. */
export class Thumbnail {
  readonly #svg = draw("svg", {});
  readonly #free = make("p", "");
  readonly #hall = new Hall();
  readonly #seats = new Map<string, SVGRectElement>();
  #watch: Watch | null = null;
  #over = false;

  /** Draws into `root`. */
  constructor(
    root: HTMLElement,
    private readonly page: ThumbnailPage,
    private readonly connect: Connect = connectWebSocket,
  ) {
    root.classList.add("seats-thumbnail");
    root.replaceChildren(this.#svg, this.#free);
  }

  /** Follows the first event that sells seats, if there is one, until `stop`. */
  start(): void {
    this.#over = false;
    if (this.#watch !== null) return this.#watch.start();
    const ask = { method: "GET", path: "/api/seats/events", patienceMs: Watch.REPLY_MS } as const;
    httpTo(this.page.backHttp)(ask, (answer) => {
      const first = readList(answer?.body)?.find(({ mode }) => mode === "seats");
      if (first !== undefined && !this.#over) this.follow(first.event);
    });
  }

  stop(): void {
    this.#over = true;
    this.#watch?.stop();
  }

  /** Follows this event. */
  follow(event: string): void {
    const { backWs, backHttp, texts } = this.page;
    this.#watch = new Watch({
      event,
      way: plainWay(backWs, roomOf(event), this.connect),
      http: httpTo(backHttp),
      name: `${texts.chat.guest}-${1000 + Math.floor(Math.random() * 9000)}`,
      hall: this.#hall,
      time: new ServerTime(systemClock),
      clock: systemClock,
      random: Math.random,
      events: {
        changed: (changes, whole) => (whole ? this.show(this.#hall) : this.#paint(changes)),
        became: () => {},
      },
    });
    this.#watch.start();
  }

  /** Draws a hall as it is. */
  show(hall: Hall): void {
    const { snapshot } = hall;
    if (snapshot === null) return;
    this.#draw(layOut(snapshot));
    this.#paint(
      [...this.#seats.keys()].map((place) => ({ place, ...hall.of(place) })),
      hall,
    );
  }

  #draw({ parts, size }: Layout): void {
    this.#seats.clear();
    const spots = parts.flatMap(({ spots }) => spots);
    for (const { place, x, y } of spots) {
      const seat = draw("rect", { x: x - size / 2, y: y - size / 2, width: size, height: size, rx: size / 4 });
      this.#seats.set(place, seat);
    }
    // Without room for signs, which would be too small to read.
    const [xs, ys] = [spots.map(({ x }) => x), spots.map(({ y }) => y)];
    const [left, top] = [Math.min(...xs) - size, Math.min(...ys) - size];
    const [width, height] = [Math.max(...xs) + size - left, Math.max(...ys) + size - top];
    if (spots.length > 0) this.#svg.setAttribute("viewBox", `${left} ${top} ${width} ${height}`);
    this.#svg.replaceChildren(...this.#seats.values());
  }

  #paint(changes: readonly { place: string; state: PlaceState }[], hall = this.#hall): void {
    for (const { place, state } of changes) {
      const seat = this.#seats.get(place);
      if (seat !== undefined) seat.dataset.state = state;
    }
    const { texts } = this.page;
    const places = this.#seats.size;
    const free = [...this.#seats.keys()].filter((place) => hall.isFree(place)).length;
    setText(this.#free, fill(texts.seats.free_of, { free, places }));
  }
}
