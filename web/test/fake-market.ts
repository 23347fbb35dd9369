import { Market } from "../src/market/client";
import { Desk } from "../src/market/desk";
import { type MarketCommand, readEvent } from "../src/market/protocol";
import type { LineEvents, Way } from "../src/market/way";
import type { Answer, Ask, AskHttp } from "../src/net/http";
import { VirtualClock } from "./virtual-clock";

/** A bar as the back writes it. */
export type Written = [number, number, number, number, number, number, number];

/** The bar of a minute, with a close. */
export function bar(minute: number, close: number, volume = 10): Written {
  return [minute * 60_000, 100, Math.max(100, close), Math.min(100, close), close, volume, 0];
}

export function quote(symbol: string, price: number, more: object = {}) {
  const day = { open: 100, high: 130, low: 90, previous_close: 100, volume: 5, state: "open" };
  return { type: "quote", symbol, scale: 2, at: 1000, price, ...day, ...more };
}

/** One connection as the back has it. */
interface FakeLine {
  events: LineEvents;
  said: MarketCommand[];
  watched: Set<string>;
  chart: string | null;
  paused: boolean;
  closed: boolean;
}

/** A back with one market: it answers, numbers its changes and sends them to whoever charts them, as the contract says. */
export class FakeMarket {
  /** Digits behind the point of its prices. */
  scale = 2;
  readonly bars = new Map<string, Written[]>();
  readonly lines: FakeLine[] = [];
  readonly asked: string[] = [];
  listings: object[] = [];
  /** Symbols that nobody may watch. */
  readonly unknown = new Set<string>();
  /** Why. */
  refusal = "symbol_unknown";
  epoch = "one";
  /** Requests aren't answered before `answer` is called. */
  slow = false;
  /** Nobody answers at all. */
  down = false;
  #changes = new Map<string, Written[]>();
  #waiting: (() => void)[] = [];

  readonly ask: AskHttp = (ask, answered) => {
    this.asked.push(`${ask.path}?${new URLSearchParams(said(ask))}`);
    let over = false;
    const answer = () => {
      if (!over) answered(this.down ? null : this.#answerTo(ask));
    };
    if (this.slow) this.#waiting.push(answer);
    else answer();
    return () => {
      over = true;
    };
  };

  readonly way: Way = (events) => {
    const line = { events, said: [], watched: new Set<string>(), chart: null, paused: false, closed: false };
    this.lines.push(line);
    return {
      send: (command) => this.#hear(line, command),
      close: () => {
        line.closed = true;
      },
    };
  };

  /** The connection that was opened last. */
  get line(): FakeLine {
    const line = this.lines.at(-1);
    if (line === undefined) throw new Error("nobody has connected");
    return line;
  }

  answer(order: "oldest first" | "newest first" = "oldest first"): void {
    const waiting = this.#waiting.splice(0);
    for (const answer of order === "oldest first" ? waiting : waiting.reverse()) answer();
  }

  /** A bar is as it is now. `lost`: nobody hears of it, which must not happen. */
  change(key: string, changed: Written, lost = false): void {
    const bars = this.bars.get(key) ?? [];
    const others = bars.filter(([at]) => at !== changed[0]);
    this.bars.set(
      key,
      [...others, changed].sort((a, b) => a[0] - b[0]),
    );
    const changes = [...(this.#changes.get(key) ?? []), changed];
    this.#changes.set(key, changes);
    if (!lost) for (const line of this.lines) if (line.chart === key) this.#sendChange(line, key, changes.length);
  }

  quote(symbol: string, price: number, more: object = {}): void {
    for (const line of this.lines) if (line.watched.has(symbol)) this.send(line, quote(symbol, price, more));
  }

  /** All connections end, and what comes has nothing to do with what was. */
  restart(): void {
    this.epoch += "+";
    this.#changes.clear();
    for (const line of this.lines.splice(0)) line.events.closed();
  }

  send(line: FakeLine, event: object): void {
    if (!line.closed && !line.paused) line.events.received(readEvent(event));
  }

  #hear(line: FakeLine, command: MarketCommand): void {
    line.said.push(command);
    if (command.type === "pause") line.paused = true;
    else if (command.type === "resume") {
      line.paused = false;
      this.#watching(line, [...line.watched]);
    } else if (command.type === "watch") {
      if (command.add.some((symbol) => this.unknown.has(symbol))) {
        this.send(line, { type: "error", code: this.refusal });
        return;
      }
      for (const symbol of command.add) line.watched.add(symbol);
      for (const symbol of command.remove) line.watched.delete(symbol);
      this.#watching(line, command.add);
    } else if (command.symbol === null) line.chart = null;
    else {
      const { symbol, interval, offset, epoch } = command;
      const key = `${symbol} ${interval}`;
      const now = (this.#changes.get(key) ?? []).length;
      const recovered = epoch === this.epoch && offset <= now;
      line.chart = key;
      this.send(line, { type: "charting", symbol, interval, offset: now, epoch: this.epoch, recovered });
      if (recovered) for (let missed = offset + 1; missed <= now; missed += 1) this.#sendChange(line, key, missed);
    }
  }

  #watching(line: FakeLine, symbols: string[]): void {
    const quotes = symbols.map((symbol) => quote(symbol, 100));
    this.send(line, { type: "watching", symbols: [...line.watched], quotes });
  }

  #sendChange(line: FakeLine, key: string, offset: number): void {
    const [symbol, interval] = key.split(" ");
    this.send(line, { type: "bar", symbol, interval, offset, bar: this.#changes.get(key)?.[offset - 1] });
  }

  #answerTo({ path, query = {} }: Ask): Answer {
    if (path === "/api/market/symbols") return answerOf({ symbols: this.listings });
    const symbol = path.split("/").at(-1);
    const key = `${symbol} ${query.interval}`;
    const bars = this.bars.get(key);
    if (bars === undefined) return { status: 404, body: { code: "symbol_unknown" }, etag: null };
    const older = bars.filter(([at]) => query.before === undefined || at < Number(query.before));
    const page = older.slice(-Number(query.limit));
    const position = { offset: (this.#changes.get(key) ?? []).length, epoch: this.epoch };
    return answerOf({
      symbol,
      interval: query.interval,
      scale: this.scale,
      bars: page,
      gaps: [],
      more: page.length < older.length,
      ...(query.before === undefined ? { position } : {}),
    });
  }
}

/** A page of that market, with the clock that it lives by. `random` 1 would wait longest, 0 not at all. */
export function visitor(back: FakeMarket, random = () => 0.5) {
  const clock = new VirtualClock();
  const painted = { times: 0 };
  const changed = () => {
    painted.times += 1;
  };
  const market = new Market({ way: back.way, desk: new Desk(back.ask), clock, random, changed });
  const closes = () => market.chart.shown?.bars.list.map(({ close }) => close);
  return { market, clock, closes, painted };
}

function said({ query = {} }: Ask): Record<string, string> {
  return Object.fromEntries(
    Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, `${value}`]])),
  );
}

function answerOf(body: object): Answer {
  return { status: 200, body, etag: null };
}
