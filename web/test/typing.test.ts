import { describe, expect, it } from "vitest";
import { TypingHeartbeat, TypingRoster } from "../src/chat/typing";
import { VirtualClock } from "./virtual-clock";

describe("the heartbeat", () => {
  it("beats at most once per interval while typing goes on", () => {
    const clock = new VirtualClock();
    const beats: [number, boolean][] = [];
    const start = clock.now();
    const heartbeat = new TypingHeartbeat(clock, (active) => beats.push([clock.now() - start, active]));
    for (let n = 0; n < 70; n += 1) {
      heartbeat.typed();
      clock.advance(100);
    }
    expect(beats).toEqual([
      [0, true],
      [3000, true],
      [6000, true],
    ]);
    heartbeat.stopped();
    heartbeat.stopped();
    expect(beats.slice(3)).toEqual([[7000, false]]);
  });

  it("stops when the draft rests, and beats no more often for it", () => {
    const clock = new VirtualClock();
    const beats: [number, boolean][] = [];
    const start = clock.now();
    const heartbeat = new TypingHeartbeat(clock, (active) => beats.push([clock.now() - start, active]));
    heartbeat.typed();
    clock.advance(1000);
    heartbeat.typed();
    clock.advance(1500);
    expect(beats).toEqual([
      [0, true],
      [2500, false],
    ]);
    heartbeat.typed();
    clock.advance(500);
    heartbeat.typed();
    clock.advance(5000);
    expect(beats.slice(2)).toEqual([
      [3000, true],
      [4500, false],
    ]);
  });

  it("says nothing of what the room has forgotten", () => {
    const clock = new VirtualClock();
    const beats: boolean[] = [];
    const heartbeat = new TypingHeartbeat(clock, (active) => beats.push(active));
    heartbeat.typed();
    heartbeat.forget();
    clock.advance(5000);
    heartbeat.stopped();
    expect(beats).toEqual([true]);
  });
});

describe("the roster", () => {
  it("drops a name that has been silent for the expiry", () => {
    const clock = new VirtualClock();
    let changes = 0;
    const roster = new TypingRoster(clock, () => {
      changes += 1;
    });
    roster.started("Lee");
    clock.advance(TypingRoster.EXPIRY_MS - 1);
    roster.started("Lee");
    clock.advance(TypingRoster.EXPIRY_MS - 1);
    expect(roster.names).toEqual(["Lee"]);
    clock.advance(1);
    expect(roster.names).toEqual([]);
    expect(changes).toBe(2);
  });

  it("keeps at most MAX_NAMES", () => {
    const roster = new TypingRoster(new VirtualClock(), () => {});
    for (let n = 0; n < TypingRoster.MAX_NAMES + 10; n += 1) roster.started(`guest-${n}`);
    expect(roster.names).toHaveLength(TypingRoster.MAX_NAMES);
    roster.clear();
    expect(roster.names).toEqual([]);
  });
});
