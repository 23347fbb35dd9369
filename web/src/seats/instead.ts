import type { Hall } from "./hall";
import type { Seat, Section } from "./protocol";

/**
 * Seats to take instead of some that are gone: as many side by side in the same section, as near as can be; if there is no such place,
 * the nearest ones anyhow. None of those that are `kept` as well. Empty if the section hasn't as many. Seats for people in wheelchairs are left to them.
 */
export function instead(hall: Hall, gone: readonly string[], count: number, kept: readonly string[] = []): string[] {
  const lost = gone.flatMap((place) => hall.seat(place) ?? []);
  const [first] = lost;
  if (first === undefined || count === 0) return [];
  const { section } = first;
  const centre = middle(lost.map(({ seat }) => seat));
  const accessible = lost.every(({ seat }) => seat.accessible);
  const taken = [...gone, ...kept];
  const may = (seat: Seat) => hall.isFree(seat.place) && seat.accessible === accessible && !taken.includes(seat.place);
  const far = (seats: readonly Seat[]) => distance(middle(seats), centre);
  const [together] = runs(section, count)
    .filter((run) => run.every(may))
    .sort((one, other) => far(one) - far(other));
  if (together !== undefined) return together.map(({ place }) => place);
  const apart = section.seats.filter(may).sort((one, other) => distance(one, centre) - distance(other, centre));
  return apart.length < count ? [] : apart.slice(0, count).map(({ place }) => place);
}

/** All runs of so many seats whose numbers follow each other in one row. */
function runs({ seats }: Section, count: number): Seat[][] {
  const names = [...new Set(seats.map(({ row }) => row))];
  return names.flatMap((name) => {
    const sorted = seats.filter(({ row }) => row === name).sort((one, other) => one.number - other.number);
    return sorted
      .map((_, n) => sorted.slice(n, n + count))
      .filter((run) => run.length === count && (run.at(-1)?.number ?? 0) - (run[0]?.number ?? 0) === count - 1);
  });
}

function middle(points: readonly { x: number; y: number }[]): { x: number; y: number } {
  const sum = points.reduce((sum, { x, y }) => ({ x: sum.x + x, y: sum.y + y }), { x: 0, y: 0 });
  return { x: sum.x / points.length, y: sum.y / points.length };
}

function distance(one: { x: number; y: number }, other: { x: number; y: number }): number {
  return Math.hypot(one.x - other.x, one.y - other.y);
}
