/** A part of the plan, in its own units. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/**
 * How large a plan is in the frame around it, which scrolls: so one finger moves the plan and then the page, as everywhere, and what has
 * the focus is scrolled to. Buttons, two fingers and the wheel with Ctrl change the size, and the mouse pushes.
 */
export class Zoom {
  /** Each press of a button changes the size by this much. */
  static readonly STEP = 1.6;
  /** The largest that a plan is shown, in times its whole, unless even that is too small to press. */
  static readonly MOST = 8;
  /** How far a mouse trembles while it presses, in CSS pixels: less is no move. */
  static readonly TREMBLE_PX = 6;

  readonly #frame: HTMLElement;
  #whole: Box = { x: 0, y: 0, width: 1, height: 1 };
  /** How much of the plan must be how large, in CSS pixels. */
  #readable = { size: 1, px: 0 };
  #level = 1;
  /** Whether somebody has chosen the size: then it stays when the window changes. */
  #chosen = false;
  #width = 0;
  #push: { x: number; y: number } | null = null;
  #moved = false;
  #apart = 0;

  constructor(private readonly svg: SVGSVGElement) {
    const frame = svg.parentElement;
    if (frame === null) throw new Error("the plan has no frame");
    this.#frame = frame;
    frame.addEventListener("pointerdown", (event) => this.#down(event));
    frame.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel", "pointerleave"] as const) {
      frame.addEventListener(end, () => {
        this.#push = null;
      });
    }
    for (const touch of ["touchstart", "touchmove"] as const) {
      frame.addEventListener(touch, (event) => this.#touch(event), { passive: false });
    }
    frame.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    new ResizeObserver(() => this.#resized()).observe(frame);
  }

  /** In times the whole plan, as large as it can be seen at once. */
  get level(): number {
    return this.#level;
  }

  /** Whether what is being pressed is the plan itself, to move it, and nothing on it. */
  get moved(): boolean {
    return this.#moved;
  }

  /** CSS pixels that one unit of the plan takes. */
  get pixels(): number {
    const { width, height } = this.#whole;
    const most = Number.parseFloat(getComputedStyle(this.#frame).maxHeight);
    const high = Number.isFinite(most) ? most : Number.POSITIVE_INFINITY;
    return Math.min(this.#frame.clientWidth / width, high / height) * this.#level;
  }

  /** Shows a plan of which something as large as `size` is to be at least `px` CSS pixels large, as long as nobody chooses otherwise. */
  whole(box: Box, size: number, px: number): void {
    this.#whole = box;
    this.#readable = { size, px };
    this.svg.setAttribute("viewBox", `${box.x} ${box.y} ${box.width} ${box.height}`);
    this.#chosen = false;
    this.#open();
  }

  fit(): void {
    this.#chosen = true;
    this.#lay(1);
  }

  /** Larger or smaller by `factor`, around a point that stays where it is. */
  by(factor: number, x = this.#middle.x, y = this.#middle.y): void {
    this.#chosen = true;
    const before = this.#placeOf(x, y);
    this.#lay(Math.min(Math.max(Zoom.MOST, this.#least), Math.max(1, this.#level * factor)));
    const after = this.#placeOf(x, y);
    this.#frame.scrollLeft += after.x - before.x;
    this.#frame.scrollTop += after.y - before.y;
  }

  /** Moves the plan, if it must, so that a point can be seen with some room around. */
  reveal(x: number, y: number, room: number): void {
    const { pixels } = this;
    const frame = this.#frame;
    const into = (at: number, start: number, length: number) => {
      const [first, last] = [(at - room) * pixels, (at + room) * pixels];
      return first < start ? first : last > start + length ? last - length : start;
    };
    frame.scrollLeft = into(x - this.#whole.x, frame.scrollLeft, frame.clientWidth);
    frame.scrollTop = into(y - this.#whole.y, frame.scrollTop, frame.clientHeight);
  }

  /** Shows a part of the plan from its top, at a size that can be pressed. */
  show(part: Box): void {
    if (this.#level < this.#least) this.#lay(this.#least);
    const { pixels } = this;
    this.#frame.scrollLeft = (part.x + part.width / 2 - this.#whole.x) * pixels - this.#frame.clientWidth / 2;
    this.#frame.scrollTop = (part.y - this.#whole.y) * pixels;
  }

  /** The smallest level at which everything can be pressed. */
  get #least(): number {
    const { size, px } = this.#readable;
    const fitted = (this.pixels / this.#level) * size;
    return fitted > 0 ? Math.max(1, px / fitted) : 1;
  }

  get #middle(): { x: number; y: number } {
    const { left, top } = this.#frame.getBoundingClientRect();
    return this.#at(left + this.#frame.clientWidth / 2, top + this.#frame.clientHeight / 2);
  }

  /** As large as it must be, in the middle of its top. */
  #open(): void {
    this.#width = this.#frame.clientWidth;
    this.#lay(this.#least);
    this.#frame.scrollLeft = (this.#whole.width * this.pixels - this.#width) / 2;
    this.#frame.scrollTop = 0;
  }

  #lay(level: number): void {
    this.#level = level;
    const { pixels } = this;
    this.svg.style.width = `${this.#whole.width * pixels}px`;
    this.svg.style.height = `${this.#whole.height * pixels}px`;
    this.svg.classList.toggle("zoomed", level > 1.01);
  }

  #resized(): void {
    if (this.#frame.clientWidth === this.#width) return;
    this.#width = this.#frame.clientWidth;
    if (this.#chosen) this.#lay(this.#level);
    else this.#open();
  }

  #down({ pointerType, clientX: x, clientY: y }: PointerEvent): void {
    this.#moved = false;
    // A finger scrolls by itself.
    this.#push = pointerType === "mouse" ? { x, y } : null;
  }

  #move({ clientX: x, clientY: y }: PointerEvent): void {
    const before = this.#push;
    if (before === null) return;
    if (!this.#moved && Math.hypot(x - before.x, y - before.y) < Zoom.TREMBLE_PX) return;
    this.#moved = true;
    this.#push = { x, y };
    this.#frame.scrollLeft -= x - before.x;
    this.#frame.scrollTop -= y - before.y;
  }

  #touch(event: TouchEvent): void {
    const [one, other] = [...event.touches];
    if (one === undefined || other === undefined || event.touches.length !== 2) return;
    // Two fingers are the plan's, not the page's.
    event.preventDefault();
    const apart = Math.max(1, Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY));
    if (event.type === "touchmove" && this.#apart > 0) {
      const { x, y } = this.#at((one.clientX + other.clientX) / 2, (one.clientY + other.clientY) / 2);
      this.by(apart / this.#apart, x, y);
    }
    this.#apart = apart;
  }

  #wheel(event: WheelEvent): void {
    // Without Ctrl the wheel is the page's; with it, and by two fingers on a touchpad, it's the plan's.
    if (!event.ctrlKey) return;
    event.preventDefault();
    const { x, y } = this.#at(event.clientX, event.clientY);
    this.by(2 ** (-event.deltaY / 200), x, y);
  }

  /** A point of the window on the plan. */
  #at(clientX: number, clientY: number): { x: number; y: number } {
    const { left, top } = this.svg.getBoundingClientRect();
    const pixels = this.pixels || 1;
    return { x: this.#whole.x + (clientX - left) / pixels, y: this.#whole.y + (clientY - top) / pixels };
  }

  /** Where a point of the plan is in the window. */
  #placeOf(x: number, y: number): { x: number; y: number } {
    const { left, top } = this.svg.getBoundingClientRect();
    return { x: left + (x - this.#whole.x) * this.pixels, y: top + (y - this.#whole.y) * this.pixels };
  }
}
