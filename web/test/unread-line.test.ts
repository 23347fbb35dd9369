import { describe, expect, it } from "vitest";
import { Reading } from "../src/chat/reading";
import { UnreadLine } from "../src/chat/unread-line";
import { VirtualClock } from "./virtual-clock";

describe("the line between read and unread", () => {
  it("is drawn at what was new when somebody came, and stays while they read", () => {
    const line = new UnreadLine();
    line.came(null, 9);
    expect(line.place, "nobody knows yet").toBe(0);
    line.came(5, 9);
    line.came(9, 12);
    expect(line.place).toBe(5);
  });

  it("isn't drawn where there is nothing new, nor for those who were never here", () => {
    for (const [read, newest] of [
      [9, 9],
      [0, 9],
    ] as const) {
      const line = new UnreadLine();
      line.came(read, newest);
      line.came(read, newest + 1);
      expect(line.place).toBe(0);
    }
  });

  it("is drawn at what came while they looked away", () => {
    const line = new UnreadLine();
    line.came(3, 3);
    line.left(7);
    line.cameBack(9);
    expect(line.place).toBe(7);
    line.left(9);
    line.cameBack(9);
    expect(line.place, "nothing came").toBe(0);
  });

  it("is taken away by saying something", () => {
    const line = new UnreadLine();
    line.came(3, 5);
    line.clear();
    expect(line.place).toBe(0);
  });
});

describe("how far everybody has read", () => {
  const setUp = () => {
    const clock = new VirtualClock();
    const told: number[] = [];
    const reading = new Reading(
      clock,
      (offset) => told.push(offset),
      () => {},
    );
    return { clock, told, reading };
  };

  it("is told again after the line was lost, since nobody knows what arrived", () => {
    const { clock, told, reading } = setUp();
    reading.seen(4);
    reading.lineLost();
    reading.learn(2);
    reading.flush();
    clock.advance(Reading.INTERVAL_MS);
    expect(told).toEqual([4, 4]);
  });

  it("isn't told if the server knows it", () => {
    const { told, reading } = setUp();
    reading.learn(4);
    reading.seen(4);
    reading.seen(3);
    expect([told, reading.entered]).toEqual([[], 4]);
  });

  it("remembers no more readers than a welcome may name, and only forwards", () => {
    const { reading } = setUp();
    for (let n = 0; n <= Reading.MAX_READERS; n += 1) reading.heard({ name: `${n}`, offset: 5 });
    expect(reading.of(1).count).toBe(Reading.MAX_READERS);
    expect(reading.of(1).names).toHaveLength(Reading.MAX_NAMED);
    reading.heard({ name: "0", offset: 9 });
    reading.heard({ name: "0", offset: 2 });
    expect(reading.of(9)).toEqual({ count: 1, names: ["0"] });
    reading.restart();
    expect(reading.of(1).count).toBe(0);
  });
});
