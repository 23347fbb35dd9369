// @vitest-environment happy-dom
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Layout } from "../src/seats/layout";
import { Plan } from "../src/view/seats/plan";
import { draw } from "../src/view/seats/svg";
import { Zoom } from "../src/view/seats/zoom";

const WHOLE = { x: 0, y: 0, width: 100, height: 50 };

let svg: SVGSVGElement;
let zoom: Zoom;

beforeEach(() => {
  svg = onScreen();
  zoom = new Zoom(svg);
  zoom.whole(WHOLE);
});

/** A drawing of 200 by 100 CSS pixels, at 10, 10: happy-dom lays nothing out. */
function onScreen(): SVGSVGElement {
  const svg = draw("svg", {});
  svg.getBoundingClientRect = () => ({ left: 10, top: 10, width: 200, height: 100 }) as DOMRect;
  document.body.replaceChildren(svg);
  return svg;
}

const seen = () => svg.getAttribute("viewBox")?.split(" ").map(Number);

function pointer(
  type: string,
  x: number,
  y: number,
  pointerId = 1,
  pointerType = "mouse",
  target: Element = svg,
): void {
  target.dispatchEvent(new PointerEvent(type, { clientX: x, clientY: y, pointerId, pointerType, bubbles: true }));
}

describe("the part of a plan that is seen", () => {
  it("is the whole, or less of it by the buttons, never more", () => {
    expect([seen(), zoom.pixels, svg.classList.contains("zoomed")]).toEqual([[0, 0, 100, 50], 2, false]);
    zoom.by(2);
    expect([seen(), zoom.level, svg.classList.contains("zoomed")]).toEqual([[25, 12.5, 50, 25], 2, true]);
    zoom.by(100);
    expect(zoom.level).toBe(Zoom.MOST);
    zoom.by(0.001);
    expect(seen()).toEqual([0, 0, 100, 50]);
    zoom.by(2, 0, 0);
    expect(seen()).toEqual([0, 0, 50, 25]);
    zoom.fit();
    expect(seen()).toEqual([0, 0, 100, 50]);
  });

  it("moves so that what has the focus is in it", () => {
    zoom.by(2, 0, 0);
    zoom.reveal(10, 10, 5);
    expect(seen()).toEqual([0, 0, 50, 25]);
    zoom.reveal(70, 30, 5);
    expect(seen()).toEqual([25, 10, 50, 25]);
    zoom.reveal(99, 49, 5);
    expect(seen()).toEqual([50, 25, 50, 25]);
    zoom.reveal(0, 0, 5);
    expect(seen()).toEqual([0, 0, 50, 25]);
  });

  it("is pushed by the mouse or a finger, which may tremble, and not beyond the edge", () => {
    pointer("pointerdown", 100, 50);
    pointer("pointermove", 60, 50);
    // The whole stays where it is: the finger scrolls the page.
    expect(seen()).toEqual([0, 0, 100, 50]);
    pointer("pointerup", 60, 50);
    zoom.by(2);
    pointer("pointerdown", 100, 50);
    pointer("pointermove", 103, 50);
    expect([seen(), zoom.moved]).toEqual([[25, 12.5, 50, 25], false]);
    pointer("pointermove", 60, 50);
    expect([seen(), zoom.moved]).toEqual([[35, 12.5, 50, 25], true]);
    pointer("pointermove", -900, 50);
    expect(seen()).toEqual([50, 12.5, 50, 25]);
    pointer("pointerup", -900, 50);
    pointer("pointermove", 100, 50);
    expect(seen()).toEqual([50, 12.5, 50, 25]);
    pointer("pointerdown", 100, 50);
    expect(zoom.moved).toBe(false);
  });

  it("gets larger between two fingers, around what is between them", () => {
    pointer("pointerdown", 90, 60, 1, "touch");
    pointer("pointerdown", 130, 60, 2, "touch");
    pointer("pointermove", 170, 60, 2, "touch");
    expect(zoom.level).toBeCloseTo(2);
    // At 130, 60 is 60, 25 of the whole, and still is.
    const [x = 0, y = 0, width = 0, height = 0] = seen() ?? [];
    expect([x + width * 0.6, y + height * 0.5]).toEqual([60, 25]);
  });

  it("follows the wheel with Ctrl, and leaves it to the page without", () => {
    const wheel = (ctrlKey: boolean) => {
      // happy-dom's wheel knows neither keys nor where it is.
      const event = Object.assign(new Event("wheel", { cancelable: true }), {
        deltaY: -200,
        ctrlKey,
        clientX: 10,
        clientY: 10,
      });
      return svg.dispatchEvent(event);
    };
    expect([wheel(false), seen()]).toEqual([true, [0, 0, 100, 50]]);
    expect([wheel(true), seen()]).toEqual([false, [0, 0, 50, 25]]);
  });
});

describe("a press", () => {
  const spots = [0, 4].map((x) => {
    return { place: `A-${x}`, group: "A", part: "R", x, y: 0, text: "1", accessible: false, width: 1 };
  });
  const layout: Layout = { parts: [{ part: "R", name: null, spots }], signs: [], size: 4, box: WHOLE, stage: true };

  it("by a finger that can't hit one seat among many gets a closer look first", () => {
    svg = onScreen();
    const pressed = vi.fn();
    const plan = new Plan(svg, { pressed, pointed: () => {} });
    plan.draw(layout, () => "", "Stage");
    const press = (pointerType: string) => {
      const seat = svg.querySelector('[data-place="A-4"]') as Element;
      pointer("pointerdown", 20, 20, 1, pointerType, seat);
      pointer("pointerup", 20, 20, 1, pointerType, seat);
      seat.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    };
    press("touch");
    expect([plan.zoom.pixels * 4 >= Plan.FINGER_PX, pressed.mock.calls]).toEqual([true, []]);
    press("touch");
    expect(pressed.mock.calls).toEqual([["A-4"]]);
    plan.zoom.fit();
    press("mouse");
    expect([plan.zoom.level, pressed.mock.calls.length]).toEqual([1, 2]);
  });

  it("that moves the plan is none", () => {
    svg = onScreen();
    const pressed = vi.fn();
    const plan = new Plan(svg, { pressed, pointed: () => {} });
    plan.draw(layout, () => "", "Stage");
    const seat = svg.querySelector('[data-place="A-0"]') as Element;
    pointer("pointerdown", 20, 20, 1, "mouse", seat);
    pointer("pointermove", 60, 20, 1, "mouse", seat);
    pointer("pointerup", 60, 20, 1, "mouse", seat);
    seat.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    expect(pressed).not.toHaveBeenCalled();
  });
});
