/** A part of the plan, in its own units. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Which part of a plan is to be seen: buttons, two fingers, the wheel with Ctrl, and one finger or the mouse to move it. */
export class Zoom {
  /** Each press of a button changes the size by this much. */
  static readonly STEP = 1.6;
  /** The largest that a plan is shown, in times its whole. */
  static readonly MOST = 8;
  /** How far a finger trembles while it presses, in CSS pixels: less is no move. */
  static readonly TREMBLE_PX = 6;

  #whole: Box = { x: 0, y: 0, width: 1, height: 1 };
  #seen: Box = this.#whole;
  readonly #fingers = new Map<number, { x: number; y: number }>();
  #moved = false;
  #start: { x: number; y: number } | null = null;

  constructor(private readonly svg: SVGSVGElement) {
    svg.addEventListener("pointerdown", (event) => this.#down(event));
    svg.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel", "pointerleave"] as const) {
      svg.addEventListener(end, (event) => this.#fingers.delete(event.pointerId));
    }
    svg.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
  }

  get level(): number {
    return this.#whole.width / this.#seen.width;
  }

  /** Whether what is being pressed is the plan itself, to move it, and nothing on it. */
  get moved(): boolean {
    return this.#moved;
  }

  /** CSS pixels that one unit of the plan takes. */
  get pixels(): number {
    const { width, height } = this.svg.getBoundingClientRect();
    return Math.min(width / this.#seen.width, height / this.#seen.height);
  }

  whole(box: Box): void {
    this.#whole = box;
    this.svg.style.aspectRatio = `${box.width} / ${box.height}`;
    this.fit();
  }

  fit(): void {
    this.#show(this.#whole);
  }

  /** Larger or smaller by `factor`, around a point that stays where it is. */
  by(factor: number, x = this.#seen.x + this.#seen.width / 2, y = this.#seen.y + this.#seen.height / 2): void {
    const level = Math.min(Zoom.MOST, Math.max(1, this.level * factor));
    const scale = this.level / level;
    const { x: left, y: top, width, height } = this.#seen;
    this.#show({ x: x - (x - left) * scale, y: y - (y - top) * scale, width: width * scale, height: height * scale });
  }

  /** Moves the part that is seen, if it must, so that a point is in it with some room around. */
  reveal(x: number, y: number, room: number): void {
    const { x: left, y: top, width, height } = this.#seen;
    const into = (at: number, start: number, length: number) =>
      at - room < start ? at - room : at + room > start + length ? at + room - length : start;
    this.#show({ x: into(x, left, width), y: into(y, top, height), width, height });
  }

  #show(box: Box): void {
    const { x, y, width, height } = this.#whole;
    const within = (at: number, start: number, room: number) =>
      Math.min(start + Math.max(0, room), Math.max(start, at));
    this.#seen = {
      x: within(box.x, x, width - box.width),
      y: within(box.y, y, height - box.height),
      width: box.width,
      height: box.height,
    };
    const { x: left, y: top, width: wide, height: high } = this.#seen;
    this.svg.setAttribute("viewBox", `${left} ${top} ${wide} ${high}`);
    // A plan that is seen as a whole leaves the finger to the page, which scrolls.
    this.svg.classList.toggle("zoomed", this.level > 1.01);
  }

  #down(event: PointerEvent): void {
    if (this.#fingers.size === 0) this.#moved = false;
    this.#start = { x: event.clientX, y: event.clientY };
    this.#fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  }

  #move(event: PointerEvent): void {
    const before = this.#fingers.get(event.pointerId);
    if (before === undefined || this.#start === null) return;
    const now = { x: event.clientX, y: event.clientY };
    if (!this.#moved && Math.hypot(now.x - this.#start.x, now.y - this.#start.y) < Zoom.TREMBLE_PX) return;
    this.#moved = true;
    const [other] = [...this.#fingers].flatMap(([id, at]) => (id === event.pointerId ? [] : [at]));
    this.#fingers.set(event.pointerId, now);
    const { pixels } = this;
    if (other !== undefined) {
      const apart = (at: { x: number; y: number }) => Math.max(1, Math.hypot(at.x - other.x, at.y - other.y));
      const middle = this.#at((now.x + other.x) / 2, (now.y + other.y) / 2);
      this.by(apart(now) / apart(before), middle.x, middle.y);
    } else if (this.level > 1.01) {
      const { x, y, width, height } = this.#seen;
      this.#show({ x: x - (now.x - before.x) / pixels, y: y - (now.y - before.y) / pixels, width, height });
    }
  }

  #wheel(event: WheelEvent): void {
    // Without Ctrl the wheel is the page's; with it, and by two fingers on a touchpad, it's the plan's.
    if (!event.ctrlKey) return;
    event.preventDefault();
    const { x, y } = this.#at(event.clientX, event.clientY);
    this.by(2 ** (-event.deltaY / 200), x, y);
  }

  /** A point of the page on the plan. */
  #at(clientX: number, clientY: number): { x: number; y: number } {
    const { left, top, width, height } = this.svg.getBoundingClientRect();
    const { pixels } = this;
    const { x, y, width: wide, height: high } = this.#seen;
    return {
      x: x + wide / 2 + (clientX - left - width / 2) / pixels,
      y: y + high / 2 + (clientY - top - height / 2) / pixels,
    };
  }
}
