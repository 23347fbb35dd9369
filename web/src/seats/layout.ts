import { type Point, spacing } from "./neighbours";
import type { SeatsSnapshot, Snapshot, Table, TablesSnapshot, Words } from "./protocol";

/** A seat or a table as it's drawn. */
export interface Spot extends Point {
  /** Which part of the plan it's in. */
  part: string;
  /** What stands in it: the number of the seat, or how many a table takes. */
  text: string;
  accessible: boolean;
  /** Wider than high, in parts of the size of all. */
  width: number;
}

/** A part of the plan that has a name of its own, such as a section. */
export interface Part {
  part: string;
  name: Words | null;
  spots: readonly Spot[];
}

export interface Sign {
  x: number;
  y: number;
  text: Words | string;
  kind: "row" | "part" | "table";
  /** What it costs there. */
  price?: { price: number; currency: string };
}

/** Where everything is on the plan of an event. */
export interface Layout {
  parts: readonly Part[];
  signs: readonly Sign[];
  /** How large a spot is. */
  size: number;
  box: { x: number; y: number; width: number; height: number };
  /** Whether the rows face a stage, at the top. */
  stage: boolean;
}

export function layOut(snapshot: Snapshot): Layout {
  return snapshot.mode === "seats" ? hall(snapshot) : room(snapshot);
}

/** How many spots fit between two of them: what is left is air. */
const FILLED = 0.82;

function hall({ sections }: SeatsSnapshot): Layout {
  const parts = sections.map(({ section, name, seats }) => ({
    part: section,
    name,
    spots: seats.map(({ place, row, number, x, y, accessible }) => ({
      place,
      group: `${section} ${row}`,
      part: section,
      x,
      y,
      text: String(number),
      accessible,
      width: 1,
    })),
  }));
  const spots = parts.flatMap(({ spots }) => spots);
  const room = spacing(spots);
  const names = sections.flatMap(({ name, seats, price, currency }) => {
    if (seats.length === 0) return [];
    const [left, right] = [Math.min(...seats.map(({ x }) => x)), Math.max(...seats.map(({ x }) => x))];
    const y = Math.min(...seats.map(({ y }) => y)) - room * 0.95;
    return [{ x: (left + right) / 2, y, text: name, kind: "part" as const, price: { price, currency } }];
  });
  const rows = sections.flatMap(({ seats }) =>
    [...new Set(seats.map(({ row }) => row))].map((row) => {
      const own = seats.filter((seat) => seat.row === row);
      const first = own.reduce((one, other) => (other.x < one.x ? other : one));
      return { x: first.x - room * 0.85, y: first.y, text: row, kind: "row" as const };
    }),
  );
  return { parts, signs: [...names, ...rows], size: room * FILLED, box: boxOf(spots, room, 2.6), stage: true };
}

function room({ tables }: TablesSnapshot): Layout {
  const space = spacing(tables);
  const spots = tables.map((table) => ({
    place: table.table,
    group: String(table.y),
    part: "tables",
    x: table.x,
    y: table.y,
    text: `${table.min}–${table.max}`,
    accessible: table.accessible,
    width: widthOf(table),
  }));
  const parts = [{ part: "tables", name: null, spots }];
  const signs = tables.map(({ x, y, name }) => ({ x, y: y - space * 0.36, text: name, kind: "table" as const }));
  return { parts, signs, size: space * 0.5, box: boxOf(spots, space, 0.7), stage: false };
}

/** A table for more people is longer, as far as its neighbour allows. */
function widthOf({ max }: Table): number {
  return Math.min(1.35, 0.8 + max * 0.07);
}

function boxOf(points: readonly { x: number; y: number }[], room: number, above: number): Layout["box"] {
  if (points.length === 0) return { x: 0, y: 0, width: 1, height: 1 };
  const [xs, ys] = [points.map(({ x }) => x), points.map(({ y }) => y)];
  const [left, top] = [Math.min(...xs) - room * 1.3, Math.min(...ys) - room * above];
  return { x: left, y: top, width: Math.max(...xs) + room * 1.3 - left, height: Math.max(...ys) + room - top };
}
