// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from "vitest";
import { byId, part } from "../src/view/dom";
import { loadSeats, open, press } from "./seats-page";
import { hold, seats, waiting } from "./seats-samples";

beforeEach(loadSeats);

describe("the focus", () => {
  const deed = (name: string, at = "") => part(document, `${at} [data-deed=${name}]`) as HTMLButtonElement;
  const at = () => document.activeElement?.id;
  const pressed = (button: HTMLButtonElement) => {
    button.focus();
    button.click();
  };
  const sold = { state: "sold", duplicate: false };
  const payment = { payment: "p", amount: 2000, currency: "KRW", state: "open" };

  it("stays on the button that was pressed while the server is asked, and after", async () => {
    const { mine, page, back } = open(seats());
    const one = hold("h", ["A-1"]);
    mine.put(one);
    page.paint();
    pressed(deed("extend"));
    // Browsers take the focus from a button that is disabled, which happy-dom doesn't.
    expect([document.activeElement, deed("extend").disabled]).toEqual([deed("extend"), false]);
    await back.answer("/api/seats/holds/h/extend", 200, { ...one, extended: true });
    expect(document.activeElement).toBe(deed("extend"));
    pressed(deed("pay"));
    await back.answer("/api/seats/holds/h/checkout", 200, payment);
    expect(document.activeElement).toBe(deed("pay"));
    byId("pay-fail", "button").click();
    await back.answer("/api/seats/demo-payments/p", 200, { state: "failed", duplicate: false });
    expect(document.activeElement).toBe(deed("pay"));
    pressed(byId("wait", "button"));
    byId("wait-form", "form").dispatchEvent(new Event("submit", { cancelable: true }));
    await back.answer("/api/seats/events/concert/waiting", 409, { code: "waiting_full" });
    expect(at()).toBe("wait");
  });

  it("goes to a heading when what had it is gone", async () => {
    const { mine, page, back } = open(seats());
    const [one, two] = [hold("h", ["A-1"]), hold("i", ["A-2"])];
    for (const each of [one, two]) mine.put(each);
    page.paint();
    pressed(deed("release", '[data-hold="i"]'));
    await back.answer("/api/seats/holds/i/release", 200, { ...two, state: "released" });
    expect(at()).toBe("holds-title");
    pressed(deed("pay"));
    await back.answer("/api/seats/holds/h/checkout", 200, payment);
    byId("pay", "button").click();
    await back.answer("/api/seats/demo-payments/p", 200, sold);
    await back.answer("/api/seats/holds", 200, { holds: [{ ...one, state: "sold" }] });
    await back.answer("/api/seats/waiting", 200, { waiting: [] });
    expect(at()).toBe("basket-title");
    mine.takeWaiting([waiting("w")]);
    page.paint();
    pressed(deed("leave"));
    await back.answer("/api/seats/waiting/w/leave", 200, waiting("w", { state: "left" }));
    expect(at()).toBe("waiting-title");
  });

  it("goes to the event's when a notice is dismissed", () => {
    const { changes } = open(seats());
    press("A-1");
    changes({ place: "A-1", state: "held", holder: "other" });
    pressed(deed("dismiss"));
    expect(at()).toBe("event-title");
  });
});
