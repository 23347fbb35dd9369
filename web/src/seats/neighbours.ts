/** Something with a place on the plan. */
export interface Point {
  place: string;
  /** Those of a row stand side by side, wherever else they are. */
  group: string;
  x: number;
  y: number;
}

export type Direction = "left" | "right" | "up" | "down";

/** Which way each arrow key leads. */
export const ARROWS: Readonly<Record<string, Direction>> = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
};

/**
 * Where an arrow key leads from one place: along the row, or to the nearest in that direction. Sideways counts more than ahead, so that a
 * column stays a column where rows are bent or shifted.
 */
export function neighbour<P extends Point>(points: readonly P[], from: P, direction: Direction): P | null {
  const sideways = direction === "left" || direction === "right";
  const sign = direction === "left" || direction === "up" ? -1 : 1;
  const ahead = (to: P) => sign * (sideways ? to.x - from.x : to.y - from.y);
  const aside = (to: P) => Math.abs(sideways ? to.y - from.y : to.x - from.x);
  const inFront = points.filter((to) => ahead(to) > 1e-6);
  const row = sideways ? inFront.filter((to) => to.group === from.group) : [];
  return nearest(
    row.length > 0 ? row : inFront.filter((to) => to.group !== from.group),
    (to) => ahead(to) + 3 * aside(to),
  );
}

/** The first or last of the row. */
export function edge<P extends Point>(points: readonly P[], from: P, end: "first" | "last"): P | null {
  const sign = end === "first" ? 1 : -1;
  return nearest(
    points.filter((to) => to.group === from.group),
    (to) => sign * to.x,
  );
}

/** How close the closest two are: as much room as each has. */
export function spacing(points: readonly Pick<Point, "x" | "y">[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (const [n, one] of points.entries()) {
    for (const other of points.slice(n + 1)) {
      const distance = Math.hypot(one.x - other.x, one.y - other.y);
      if (distance > 0) least = Math.min(least, distance);
    }
  }
  return Number.isFinite(least) ? least : 1;
}

function nearest<P>(points: readonly P[], cost: (point: P) => number): P | null {
  let best: P | null = null;
  for (const point of points) if (best === null || cost(point) < cost(best)) best = point;
  return best;
}
