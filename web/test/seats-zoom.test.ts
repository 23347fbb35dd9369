// @vitest-environment happy-dom
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Layout } from "../src/seats/layout";
import { Plan } from "../src/view/seats/plan";
import { draw } from "../src/view/seats/svg";
import { Zoom } from "../src/view/seats/zoom";

const WHOLE = { x: 0, y: 0, width: 100, height: 50 };

let frame: HTMLElement;
let svg: SVGSVGElement;

beforeEach(() => {
  svg = onScreen(200);
});

/** A frame of so many CSS pixels, half as high, at 10, 10, that scrolls as a browser's does: happy-dom lays nothing out. */
function onScreen(width: number): SVGSVGElement {
  frame = document.createElement("div");
  const svg = draw("svg", {});
  frame.append(svg);
  document.body.replaceChildren(frame);
  const size = (side: "width" | "height") => Number.parseFloat(svg.style[side]);
  const at = { left: 0, top: 0 };
  const scrolls = (side: "left" | "top", length: "width" | "height", room: number) => ({
    get: () => at[side],
    set: (value: number) => {
      at[side] = Math.min(Math.max(0, size(length) - room), Math.max(0, value));
    },
  });
  Object.defineProperties(frame, {
    clientWidth: { get: () => width, configurable: true },
    clientHeight: { get: () => width / 2 },
    scrollLeft: scrolls("left", "width", width),
    scrollTop: scrolls("top", "height", width / 2),
  });
  frame.getBoundingClientRect = () => ({ left: 10, top: 10, width, height: width / 2 }) as DOMRect;
  svg.getBoundingClientRect = () =>
    ({ left: 10 - at.left, top: 10 - at.top, width: size("width"), height: size("height") }) as DOMRect;
  return svg;
}

/** What can be seen of the plan: left, top and width. */
const seen = (zoom: Zoom) => [frame.scrollLeft, frame.scrollTop, frame.clientWidth].map((px) => px / zoom.pixels);

function shown(size = 1, px = 0): Zoom {
  const zoom = new Zoom(svg);
  zoom.whole(WHOLE, size, px);
  return zoom;
}

function pointer(type: string, x: number, y: number, pointerType = "mouse", target: Element = svg): void {
  target.dispatchEvent(new PointerEvent(type, { clientX: x, clientY: y, pointerId: 1, pointerType, bubbles: true }));
}

function touch(type: string, ...at: [x: number, y: number][]): boolean {
  const touches = at.map(([clientX, clientY]) => ({ clientX, clientY }));
  return frame.dispatchEvent(Object.assign(new Event(type, { cancelable: true }), { touches }));
}

describe("the size of a plan", () => {
  it("is the whole, or more by the buttons, never less", () => {
    const zoom = shown();
    expect([seen(zoom), zoom.pixels, svg.classList.contains("zoomed")]).toEqual([[0, 0, 100], 2, false]);
    zoom.by(2);
    expect([seen(zoom), zoom.level, svg.classList.contains("zoomed")]).toEqual([[25, 12.5, 50], 2, true]);
    zoom.by(100);
    expect(zoom.level).toBe(Zoom.MOST);
    zoom.by(0.001);
    expect(seen(zoom)).toEqual([0, 0, 100]);
    zoom.by(2, 0, 0);
    expect(seen(zoom)).toEqual([0, 0, 50]);
    zoom.fit();
    expect(seen(zoom)).toEqual([0, 0, 100]);
  });

  it("begins as large as a finger needs, in the middle of the top, and goes with the window until somebody chooses", () => {
    const resized: (() => void)[] = [];
    vi.stubGlobal(
      "ResizeObserver",
      class {
        constructor(run: () => void) {
          resized.push(run);
        }
        observe(): void {}
      },
    );
    const zoom = shown(4, 26);
    expect([zoom.pixels * 4, zoom.level, seen(zoom)[1]]).toEqual([26, 3.25, 0]);
    expect((seen(zoom)[0] ?? 0) + (seen(zoom)[2] ?? 0) / 2).toBeCloseTo(50);
    const turn = (width: number) => {
      Object.defineProperty(frame, "clientWidth", { value: width });
      for (const run of resized) run();
    };
    turn(400);
    expect([zoom.pixels * 4, zoom.level]).toEqual([26, 1.625]);
    zoom.fit();
    vi.unstubAllGlobals();
  });

  it("is larger than it could be else, where that is too small for a finger", () => {
    const zoom = shown(0.5, 26);
    expect(zoom.pixels * 0.5).toBe(26);
    zoom.by(0.5);
    zoom.by(100);
    expect(zoom.pixels * 0.5).toBe(26);
  });

  it("moves so that what has the focus can be seen", () => {
    const zoom = shown();
    zoom.by(2, 0, 0);
    zoom.reveal(10, 10, 5);
    expect(seen(zoom)).toEqual([0, 0, 50]);
    zoom.reveal(70, 30, 5);
    expect(seen(zoom)).toEqual([25, 10, 50]);
    zoom.reveal(99, 49, 5);
    expect(seen(zoom)).toEqual([50, 25, 50]);
    zoom.reveal(0, 0, 5);
    expect(seen(zoom)).toEqual([0, 0, 50]);
  });

  it("shows a part from its top, large enough to press", () => {
    const zoom = shown(4, 16);
    zoom.fit();
    zoom.show({ x: 60, y: 20, width: 20, height: 10 });
    expect([zoom.level, seen(zoom)]).toEqual([2, [45, 20, 50]]);
  });

  it("leaves the finger to the browser, and is pushed by the mouse, which may tremble", () => {
    const zoom = shown();
    zoom.by(2);
    pointer("pointerdown", 100, 50, "touch");
    pointer("pointermove", 60, 50, "touch");
    expect([seen(zoom), zoom.moved]).toEqual([[25, 12.5, 50], false]);
    pointer("pointerup", 60, 50, "touch");
    pointer("pointerdown", 100, 50);
    pointer("pointermove", 103, 50);
    expect([seen(zoom), zoom.moved]).toEqual([[25, 12.5, 50], false]);
    pointer("pointermove", 60, 50);
    expect([seen(zoom), zoom.moved]).toEqual([[35, 12.5, 50], true]);
    pointer("pointermove", -900, 50);
    expect(seen(zoom)).toEqual([50, 12.5, 50]);
    pointer("pointerup", -900, 50);
    pointer("pointermove", 100, 50);
    expect(seen(zoom)).toEqual([50, 12.5, 50]);
    pointer("pointerdown", 100, 50);
    expect(zoom.moved).toBe(false);
  });

  it("gets larger between two fingers, around what is between them, and leaves one finger to the browser", () => {
    const zoom = shown();
    expect(touch("touchstart", [90, 60])).toBe(true);
    expect(touch("touchstart", [90, 60], [130, 60])).toBe(false);
    touch("touchmove", [90, 60], [170, 60]);
    expect(zoom.level).toBeCloseTo(2);
    // At 130, 60 is 60, 25 of the whole, and still is.
    expect([10 + (60 * zoom.pixels - frame.scrollLeft), 10 + (25 * zoom.pixels - frame.scrollTop)]).toEqual([130, 60]);
  });

  it("follows the wheel with Ctrl, and leaves it to the page without", () => {
    const zoom = shown();
    const wheel = (ctrlKey: boolean) => {
      // happy-dom's wheel knows neither keys nor where it is.
      const event = Object.assign(new Event("wheel", { cancelable: true }), {
        deltaY: -200,
        ctrlKey,
        clientX: 10,
        clientY: 10,
      });
      return frame.dispatchEvent(event);
    };
    expect([wheel(false), seen(zoom)]).toEqual([true, [0, 0, 100]]);
    expect([wheel(true), seen(zoom)]).toEqual([false, [0, 0, 50]]);
  });
});

describe("a press", () => {
  const spots = [0, 4].map((x) => {
    return { place: `A-${x}`, group: "A", part: "R", x, y: 0, text: "1", accessible: false, width: 1 };
  });
  const layout: Layout = { parts: [{ part: "R", name: null, spots }], signs: [], size: 4, box: WHOLE, stage: true };

  it("by a finger chooses at once, but where somebody has made the plan small it gets a closer look first", () => {
    const pressed = vi.fn();
    const plan = new Plan(svg, { pressed, pointed: () => {} });
    plan.draw(layout, () => "", "Stage");
    const press = (pointerType: string) => {
      const seat = svg.querySelector('[data-place="A-4"]') as Element;
      pointer("pointerdown", 20, 20, pointerType, seat);
      pointer("pointerup", 20, 20, pointerType, seat);
      seat.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    };
    press("touch");
    expect(pressed.mock.calls).toEqual([["A-4"]]);
    plan.zoom.fit();
    press("touch");
    expect([plan.zoom.pixels * 4 >= Plan.FINGER_PX, pressed.mock.calls.length]).toEqual([true, 1]);
    press("touch");
    expect(pressed.mock.calls.length).toBe(2);
    plan.zoom.fit();
    press("mouse");
    expect([plan.zoom.level, pressed.mock.calls.length]).toEqual([1, 3]);
  });

  it("that moves the plan is none", () => {
    const pressed = vi.fn();
    const plan = new Plan(svg, { pressed, pointed: () => {} });
    plan.draw(layout, () => "", "Stage");
    const seat = svg.querySelector('[data-place="A-0"]') as Element;
    pointer("pointerdown", 20, 20, "mouse", seat);
    pointer("pointermove", 60, 20, "mouse", seat);
    pointer("pointerup", 60, 20, "mouse", seat);
    seat.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    expect(pressed).not.toHaveBeenCalled();
  });
});
