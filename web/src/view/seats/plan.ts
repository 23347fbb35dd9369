import type { Look } from "../../seats/booth";
import type { Layout, Sign, Spot } from "../../seats/layout";
import { ARROWS, edge, neighbour } from "../../seats/neighbours";
import { draw } from "./svg";
import { Zoom } from "./zoom";

/** How one spot is to be shown. */
export interface Shown {
  look: Look | "unfit";
  /** What a screen reader says of it, and the line below the plan. */
  label: string;
  /** Whether it's the one that would be given. */
  marked?: boolean;
}

export interface PlanEvents {
  pressed(place: string): void;
  /** The mouse or the focus has come to it. */
  pointed(place: string): void;
}

/** In parts of the size of a spot. */
const SIGN_SIZES = { part: 0.6, row: 0.45, table: 0.26 };

/** The plan of a hall: every spot a checkbox that the arrow keys lead to, with one of them in the order of the tab key. */
export class Plan {
  /** What a finger can hit, in CSS pixels: a plan begins no smaller. Where somebody makes it so, the first touch makes it larger again. */
  static readonly FINGER_PX = 26;

  readonly zoom: Zoom;
  #spots = new Map<string, { spot: Spot; element: SVGGElement; mark: SVGPathElement }>();
  #parts = new Map<string, SVGGElement>();
  #size = 1;
  /** The spot that the tab key leads to. */
  #current: string | null = null;
  #touched = false;

  constructor(
    private readonly svg: SVGSVGElement,
    private readonly events: PlanEvents,
  ) {
    this.zoom = new Zoom(svg);
    svg.addEventListener("pointerdown", ({ pointerType }) => {
      this.#touched = pointerType === "touch";
    });
    svg.addEventListener("click", (event) => this.#clicked(event));
    svg.addEventListener("keydown", (event) => this.#pressed(event));
    for (const comes of ["focusin", "pointerover"]) {
      svg.addEventListener(comes, ({ target }) => {
        const place = this.#placeOf(target);
        if (place !== null) events.pointed(place);
      });
    }
  }

  /** Draws everything anew. `words` are for signs, which have a language. */
  draw({ parts, signs, size, box, stage }: Layout, words: (sign: Sign) => string, front: string): void {
    this.#spots.clear();
    this.#parts.clear();
    this.#size = size;
    this.svg.replaceChildren();
    if (stage) this.svg.append(...stageOf(box, size, front));
    for (const sign of signs) {
      const { x, y, kind } = sign;
      const text = draw("text", { class: `sign ${kind}`, x, y, "font-size": size * SIGN_SIZES[kind] });
      // Said with each seat already.
      text.setAttribute("aria-hidden", "true");
      text.textContent = words(sign);
      this.svg.append(text);
    }
    for (const [n, { part, spots }] of parts.entries()) {
      const group = draw("g", { class: "part", role: "group", "data-part": part, "data-colour": (n * 3 + 4) % 10 });
      for (const spot of spots) {
        const element = spotOf(spot, size);
        const mark = markOf("free");
        element.append(mark);
        this.#spots.set(spot.place, { spot, element, mark });
        group.append(element);
      }
      this.#parts.set(part, group);
      this.svg.append(group);
    }
    if (this.#current === null || !this.#spots.has(this.#current)) this.#current = null;
    this.#rove(this.#current ?? parts[0]?.spots[0]?.place ?? null);
    this.zoom.whole(box, size, Plan.FINGER_PX);
  }

  /** What is on the plan. */
  get places(): string[] {
    return [...this.#spots.keys()];
  }

  show(place: string, { look, label, marked = false }: Shown): void {
    const known = this.#spots.get(place);
    if (known === undefined) return;
    const { element, mark } = known;
    set(element, "data-look", look);
    set(mark, "d", MARKS[look]);
    set(element, "aria-label", label);
    set(element, "aria-checked", String(look === "chosen" || look === "mine" || look === "booked"));
    set(element, "aria-disabled", String(look !== "free" && look !== "chosen"));
    element.classList.toggle("marked", marked);
  }

  /** What a screen reader says of a part before it says where one is in it. */
  namePart(part: string, label: string): void {
    const group = this.#parts.get(part);
    if (group !== undefined) set(group, "aria-label", label);
  }

  /** Puts the focus on a spot. */
  focus(place: string): void {
    const known = this.#spots.get(place);
    if (known === undefined) return;
    this.#rove(place);
    this.zoom.reveal(known.spot.x, known.spot.y, this.#size);
    known.element.focus({ preventScroll: false });
  }

  /** Shows a part; the tab key leads to its first free spot from then on, and with `focus` that has the focus. */
  goTo(part: string, focus: boolean): void {
    const own = [...this.#spots.values()].filter(({ spot }) => spot.part === part);
    const first = own.find(({ element }) => element.dataset.look === "free") ?? own[0];
    if (first === undefined) return;
    const [xs, ys] = [own.map(({ spot }) => spot.x), own.map(({ spot }) => spot.y)];
    const [x, y] = [Math.min(...xs), Math.min(...ys) - 2 * this.#size];
    const box = { x, y, width: Math.max(...xs) - x, height: Math.max(...ys) - y };
    this.zoom.show(box);
    // The window may have to move as well: the plan is higher than what a phone shows of it below the buttons.
    const aside = ({ spot }: { spot: Spot }) => Math.abs(spot.x - x - box.width / 2) + spot.y - y;
    const middle = own.reduce((one, other) => (aside(other) < aside(one) ? other : one));
    middle.element.scrollIntoView({ block: "center", inline: "center" });
    if (focus) this.focus(first.spot.place);
    else this.#rove(first.spot.place);
  }

  #clicked(event: MouseEvent): void {
    const place = this.#placeOf(event.target);
    if (place === null || this.zoom.moved) return;
    const spot = this.#spots.get(place)?.spot;
    if (spot === undefined) return;
    this.#rove(place);
    const px = this.zoom.pixels * this.#size;
    // A finger that can't hit one seat among many first gets a closer look.
    // Half a pixel is what arithmetic loses, not what a finger misses.
    if (this.#touched && px < Plan.FINGER_PX - 0.5) {
      return this.zoom.by((Plan.FINGER_PX * 1.3) / px, spot.x, spot.y);
    }
    this.events.pressed(place);
  }

  #pressed(event: KeyboardEvent): void {
    const place = this.#placeOf(event.target);
    if (place === null || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === " " || event.key === "Enter") this.events.pressed(place);
    else if (!this.#goes(place, event.key)) return;
    event.preventDefault();
  }

  /** Whether the key leads somewhere from there, or would if there were anything. */
  #goes(place: string, key: string): boolean {
    const from = this.#spots.get(place)?.spot;
    if (from === undefined) return false;
    if (key === "+" || key === "-") {
      this.zoom.by(key === "+" ? Zoom.STEP : 1 / Zoom.STEP, from.x, from.y);
      return true;
    }
    const to = this.#target(from, key);
    if (to !== null && to !== undefined) this.focus(to.place);
    return to !== undefined;
  }

  /** Where a key leads: null if there is nothing there, undefined if it leads nowhere. */
  #target(from: Spot, key: string): Spot | null | undefined {
    const all = [...this.#spots.values()].map(({ spot }) => spot);
    const direction = ARROWS[key];
    if (direction !== undefined) return neighbour(all, from, direction);
    switch (key) {
      case "Home":
        return edge(all, from, "first");
      case "End":
        return edge(all, from, "last");
      case "PageUp":
        return this.#firstOfPart(from.part, -1);
      case "PageDown":
        return this.#firstOfPart(from.part, 1);
    }
    return undefined;
  }

  #firstOfPart(part: string, step: number): Spot | null {
    const parts = [...this.#parts.keys()];
    const next = parts[parts.indexOf(part) + step];
    return [...this.#spots.values()].find(({ spot }) => spot.part === next)?.spot ?? null;
  }

  /** The tab key leads to this one from now on, and to no other. */
  #rove(place: string | null): void {
    if (this.#current !== null) this.#spots.get(this.#current)?.element.setAttribute("tabindex", "-1");
    this.#current = place;
    if (place !== null) this.#spots.get(place)?.element.setAttribute("tabindex", "0");
  }

  #placeOf(target: EventTarget | null): string | null {
    const spot = target instanceof Element ? target.closest<SVGGElement>("[data-place]") : null;
    return spot?.dataset.place ?? null;
  }
}

function spotOf({ place, x, y, text, accessible, width }: Spot, size: number): SVGGElement {
  const spot = draw("g", {
    class: accessible ? "spot accessible" : "spot",
    role: "checkbox",
    tabindex: -1,
    "data-place": place,
    transform: `translate(${x} ${y}) scale(${size})`,
  });
  const wide = { x: -width / 2, y: -0.5, width, height: 1 };
  spot.append(
    draw("rect", { class: "ring", x: wide.x - 0.09, y: -0.59, width: width + 0.18, height: 1.18, rx: 0.36 }),
    draw("rect", { class: "body", ...wide, rx: 0.28 }),
  );
  const number = draw("text", { class: "number", y: 0.14, "font-size": text.length > 2 ? 0.3 : 0.4 });
  number.setAttribute("aria-hidden", "true");
  number.textContent = text;
  spot.append(number);
  if (accessible) spot.append(draw("path", { class: "wheelchair", d: WHEELCHAIR }));
  return spot;
}

/** The sign of a look: the colour never says it alone. */
export function markOf(look: Shown["look"]): SVGPathElement {
  return draw("path", { class: "mark", d: MARKS[look] });
}

const CHECK = "M-.22 .02l.15 .16l.3-.34";
const MARKS: Record<Shown["look"], string> = {
  free: "",
  unfit: "",
  chosen: CHECK,
  mine: "M0-.24a.24 .24 0 1 1-.01 0M0-.1v.12l.1 .07",
  booked: CHECK,
  held: "M-.26 .26l.52-.52",
  sold: "M-.2-.2l.4 .4m0-.4l-.4 .4",
  blocked: "M-.18 0h.36",
};
export const WHEELCHAIR = "M-.06-.3v.34h.2l.12 .24M-.06-.12h.16M-.13-.05a.19 .19 0 1 0 .24 .24M-.06-.32v-.01";

function stageOf(box: Layout["box"], size: number, front: string): SVGElement[] {
  const [x, y, width] = [box.x + box.width * 0.3, box.y + size * 0.15, box.width * 0.4];
  const name = draw("text", {
    class: "sign stage-name",
    x: x + width / 2,
    y: y + size * 0.66,
    "font-size": size * 0.5,
  });
  name.setAttribute("aria-hidden", "true");
  name.textContent = front;
  return [draw("rect", { class: "stage", x, y, width, height: size * 0.95, rx: size * 0.25 }), name];
}

/** Writes only what differs: screen readers take a write for news. */
function set(element: Element, name: string, value: string): void {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}
