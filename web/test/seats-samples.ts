import type { Answer, Ask, AskHttp } from "../src/net/http";
import { Commands } from "../src/seats/commands";
import { Person } from "../src/seats/person";
import type { Change, Hold, Seat, SeatsSnapshot, Section, TablesSnapshot, Waiting } from "../src/seats/protocol";
import { ServerTime } from "../src/seats/server-time";
import type { VirtualClock } from "./virtual-clock";

export const EPOCH = "0000000000000001";
/** The database's clock when a snapshot is taken. */
export const NOW = 1_795_000_000_000;

export function seat(place: string, more: Partial<Seat> = {}): Seat {
  const [row = "", number = "0"] = place.split("-");
  const [x, y] = [Number(number) * 10, (row.codePointAt(0) ?? 0) * 10];
  return { place, row, number: Number(number), x, y, accessible: false, state: "free", ...more };
}

export function section(id: string, rows: string, count: number, price = 1000): Section {
  const seats = [...rows].flatMap((row) => Array.from({ length: count }, (_, n) => seat(`${row}-${n + 1}`)));
  return { section: id, name: { en: `Section ${id}`, ko: `${id}석` }, price, currency: "KRW", seats };
}

/** Two sections: R with rows A and B, S with row C, of five seats each. */
export function seats(changes: readonly Change[] = [], more: Partial<SeatsSnapshot> = {}): SeatsSnapshot {
  const sections = [section("R", "AB", 5, 2000), section("S", "C", 5)];
  for (const change of changes) {
    const found = sections.flatMap(({ seats }) => seats).find(({ place }) => place === change.place);
    if (found !== undefined) Object.assign(found, change);
  }
  return {
    event: "concert",
    title: { en: "Winter concert", ko: "겨울 음악회" },
    venue: { en: "Yard Hall", ko: "마당홀" },
    mode: "seats",
    starts_at: NOW,
    now: NOW,
    hold_seconds: 120,
    hold_limit: 4,
    payment: true,
    position: { offset: 0, epoch: EPOCH },
    sections,
    ...more,
  };
}

export function tables(taken: readonly Change[] = [], more: Partial<TablesSnapshot> = {}): TablesSnapshot {
  const { sections: _, ...common } = seats();
  const table = (name: string, min: number, max: number, x: number, y: number) => {
    return { table: name, name, min, max, x, y, accessible: false };
  };
  return {
    ...common,
    event: "table",
    mode: "tables",
    payment: false,
    slot_minutes: 60,
    stay_slots: 2,
    date: "2026-12-01",
    dates: ["2026-12-01", "2026-12-02"],
    slots: ["2026-12-01T18:00", "2026-12-01T19:00", "2026-12-01T20:00"],
    tables: [table("T1", 1, 2, 0, 0), table("T2", 1, 4, 100, 0), table("T3", 3, 8, 0, 100)],
    taken: [...taken],
    ...more,
  };
}

export function hold(id: string, places: string[], more: Partial<Hold> = {}): Hold {
  const times = { expires_at: NOW + 120_000, extended: false };
  return { hold: id, event: "concert", places, state: "held", ...times, amount: 2000, currency: "KRW", ...more };
}

export function waiting(id: string, more: Partial<Waiting> = {}): Waiting {
  return { waiting: id, event: "concert", section: "R", count: 2, place: 12, state: "waiting", ...more };
}

/** What a message of the room says. */
export function told(offset: number, ...places: Change[]) {
  return { offset, text: JSON.stringify({ places, free: {} }) };
}

/** A server that answers when it's told to. */
export class FakeBack {
  readonly asked: { ask: Ask; answered: (answer: Answer | null) => void }[] = [];

  readonly http: AskHttp = (ask, answered) => {
    const one = { ask, answered };
    this.asked.push(one);
    return () => void this.asked.splice(this.asked.indexOf(one), 1);
  };

  /** Answers the oldest question to this path; null as a status is no answer. */
  async answer(path: string, status: number | null, body: unknown = {}): Promise<Ask> {
    await settle();
    const one = this.asked.find(({ ask }) => ask.path === path);
    if (one === undefined) throw new Error(`nobody asks ${path}: ${this.asked.map(({ ask }) => ask.path)}`);
    this.asked.splice(this.asked.indexOf(one), 1);
    one.answered(status === null ? null : { status, body: JSON.parse(JSON.stringify(body)), etag: null });
    await settle();
    return one.ask;
  }
}

/** Lets what waits for promises go on. */
export async function settle(): Promise<void> {
  for (let n = 0; n < 20; n += 1) await Promise.resolve();
}

const identity = JSON.stringify({ session: "secret", sender: "me" });

/** How somebody asks this server for something, and its time. */
export function asking(back: FakeBack, clock: VirtualClock) {
  const time = new ServerTime(clock);
  time.learn(clock.now(), NOW);
  const person = new Person({ getItem: () => identity, setItem: () => {}, removeItem: () => {} }, back.http);
  let keys = 0;
  const newKey = () => `key-${++keys}`;
  return { time, commands: new Commands({ http: back.http, person, time, clock, newKey, random: () => 0.5 }) };
}
