import type { Hall } from "./hall";
import type { PlaceState, Table, TablesSnapshot } from "./protocol";

/** A visit's first slot, and how many tables there are for it. */
export interface Offer {
  slot: string;
  free: number;
  /** The one that the server would give: the smallest that fits. */
  best: Table | null;
}

/** The name of a table in a slot. */
export function placeOf(table: string, slot: string): string {
  return `${table}@${slot}`;
}

/** The slots that a visit takes which begins in `slot`: as many as one stays, or fewer if it closes before. */
export function stay({ slots, stay_slots }: Pick<TablesSnapshot, "slots" | "stay_slots">, slot: string): string[] {
  const day = slots.filter((one) => one >= slot).sort();
  return day.slice(0, stay_slots);
}

/** The places that a visit at a table takes. */
export function visit(snapshot: TablesSnapshot, table: string, slot: string): string[] {
  return stay(snapshot, slot).map((one) => placeOf(table, one));
}

/** How a table is for a whole visit: free only if it's free all the time. */
export function tableState(hall: Hall, snapshot: TablesSnapshot, table: string, slot: string): PlaceState {
  const states = visit(snapshot, table, slot).map((place) => hall.of(place).state);
  return (["blocked", "sold", "held"] as const).find((state) => states.includes(state)) ?? "free";
}

export function fits({ min, max }: Table, party: number): boolean {
  return min <= party && party <= max;
}

/** The parties that some table takes. */
export function partiesOf({ tables }: TablesSnapshot): { min: number; max: number } {
  return {
    min: Math.min(...tables.map(({ min }) => min)),
    max: Math.max(...tables.map(({ max }) => max)),
  };
}

export function offerOf(hall: Hall, snapshot: TablesSnapshot, slot: string, party: number): Offer {
  const free = snapshot.tables
    .filter((table) => fits(table, party) && tableState(hall, snapshot, table.table, slot) === "free")
    .sort((one, other) => one.max - other.max);
  return { slot, free: free.length, best: free[0] ?? null };
}
