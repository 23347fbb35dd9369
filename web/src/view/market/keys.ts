import { placeOf } from "../../market/bars";
import type { Bar } from "../../market/protocol";
import type { ChartView } from "./chart";

/** How much one press of + or − changes the width of a bar. */
const ZOOM = 1.25;

/** The chart by keyboard. `moved` gets the bar that was gone to, or `null` when the pointer has left. */
export class ChartKeys {
  /** When the bar is that the keys have gone to: its index changes as older ones come. */
  #at: number | null = null;

  constructor(
    place: HTMLElement,
    private readonly view: ChartView,
    private readonly moved: (bar: Bar | null) => void,
  ) {
    place.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !this.#key(event.key)) return;
      event.preventDefault();
    });
    place.addEventListener("blur", () => this.#leave());
  }

  #key(key: string): boolean {
    const { rows } = this.view;
    const end = rows.length - 1;
    const place = this.#at === null ? null : placeOf(rows, this.#at);
    if (key === "ArrowLeft") this.#go(place === null ? end : place - 1, -1);
    else if (key === "ArrowRight") this.#go(place === null ? end : place + 1, 1);
    else if (key === "Home") this.#go(0, 1);
    else if (key === "End") this.#go(end, -1);
    else if (key === "+" || key === "=") this.#zoom(ZOOM);
    else if (key === "-") this.#zoom(1 / ZOOM);
    else if (key === "Escape") this.#leave();
    else return false;
    return true;
  }

  /** Goes to a place, or where that is empty on to the next one with a bar. */
  #go(to: number, step: 1 | -1): void {
    const { rows, chart, prices } = this.view;
    const end = rows.length - 1;
    let place = Math.max(0, Math.min(end, to));
    while (rows[place] !== undefined && rows[place]?.open === undefined) place += step;
    const row = rows[place];
    if (row?.open === undefined) return;
    this.#at = row.at;
    const scale = chart.timeScale();
    const range = scale.getVisibleLogicalRange();
    if (range !== null && (place < range.from || place > range.to)) {
      scale.scrollToPosition(place - end + (range.to - range.from) / 2, false);
    }
    chart.setCrosshairPosition(row.close, this.view.timeOf(row), prices);
    this.moved(row);
  }

  #zoom(by: number): void {
    const scale = this.view.chart.timeScale();
    scale.applyOptions({ barSpacing: scale.options().barSpacing * by });
  }

  #leave(): void {
    if (this.#at === null) return;
    this.#at = null;
    this.view.chart.clearCrosshairPosition();
    this.moved(null);
  }
}
