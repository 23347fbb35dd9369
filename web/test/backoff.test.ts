import { describe, expect, it } from "vitest";
import { Backoff } from "../src/net/backoff";

const delays = (random: () => number, count: number) => {
  const backoff = new Backoff(random);
  return Array.from({ length: count }, () => backoff.next());
};

describe("the delay between attempts", () => {
  it("doubles its range up to the longest", () => {
    const ranges = delays(() => 0.999999, 12).map((delay) => delay + 1);
    expect(ranges.slice(0, 6)).toEqual([500, 1000, 2000, 4000, 8000, 16_000]);
    expect(ranges.slice(6)).toEqual(Array(6).fill(Backoff.LONGEST_MS));
  });

  it("is spread over the whole range, so that a restart isn't met by everyone at once", () => {
    expect(delays(() => 0, 5)).toEqual([0, 0, 0, 0, 0]);
    let state = 1;
    const random = () => {
      state = (state * 48_271) % 2_147_483_647;
      return state / 2_147_483_647;
    };
    const firsts = Array.from({ length: 2000 }, () => new Backoff(random).next());
    const quarters = [0, 1, 2, 3].map(
      (quarter) => firsts.filter((delay) => Math.floor(delay / 125) === quarter).length,
    );
    for (const share of quarters) expect(share).toBeGreaterThan(400);
  });

  it("starts over after a connection that held", () => {
    const backoff = new Backoff(() => 0.999999);
    for (let n = 0; n < 10; n += 1) backoff.next();
    backoff.reset();
    expect(backoff.next()).toBeLessThan(Backoff.FIRST_MS);
  });
});
