import { fill, type Texts } from "../../i18n/texts";
import { behind, type Cost, cost } from "../../lab/cost";
import { LANES, type LaneName } from "../../lab/lane";
import type { Reading } from "../../lab/meter";
import type { Figures, LaneFigures } from "../../lab/run";
import { byId, part, setText } from "../dom";
import type { Units } from "./units";

/** What stands where there is no number. */
const NONE = "–";

/** The figures of all lanes, and what they cost compared with each other. */
export class Table {
  readonly #table = byId("lanes", "table");
  readonly #summary = byId("summary", "p");

  constructor(
    private readonly units: Units,
    private readonly texts: Texts,
  ) {}

  show(figures: Figures, readings: Record<LaneName, Reading>): void {
    const costs = new Map<LaneName, Cost | null>();
    for (const lane of LANES) {
      const onLine = figures.lanes[lane];
      costs.set(lane, cost(onLine, readings[lane]));
      this.#row(lane, figures, onLine, readings[lane], costs.get(lane) ?? null);
    }
    this.#compare(costs, readings);
  }

  #row(lane: LaneName, figures: Figures, { line, simulated }: LaneFigures, reading: Reading, cost: Cost | null): void {
    const { units } = this;
    const row = part(this.#table, `[data-lane="${lane}"]`);
    row.dataset.state = reading.state;
    const { latency } = reading;
    const carrier = reading.carrier === null ? "" : ` (${this.texts.way[carrierName(reading.carrier)]})`;
    const cells: Record<string, string> = {
      state: this.texts.lab[`state_${reading.state}`] + carrier,
      requests: units.count(line.requests),
      up: units.bytes(line.bytes_up),
      down: units.bytes(line.bytes_down),
      events: units.count(reading.events),
      p50: latency === null ? NONE : units.milliseconds(latency.p50),
      p95: latency === null ? NONE : units.milliseconds(latency.p95),
      p99: latency === null ? NONE : units.milliseconds(latency.p99),
      late: units.count(reading.late),
      missed: units.count(reading.missed),
      behind: units.count(behind(figures.published, reading)),
      "per-event-requests": cost === null ? NONE : units.share(cost.requests),
      "per-event-bytes": cost === null ? NONE : units.bytes(cost.bytes),
      simulated: this.#simulated(simulated),
    };
    for (const [name, text] of Object.entries(cells)) setText(part(row, `[data-cell="${name}"]`), text);
  }

  #simulated({ clients, connected, latency, missed }: LaneFigures["simulated"]): string {
    if (clients === 0) return NONE;
    return fill(this.texts.lab.simulated_value, {
      connected: this.units.count(connected),
      clients: this.units.count(clients),
      p95: latency === null ? NONE : this.units.milliseconds(latency.p95_us / 1000),
      missed: this.units.count(missed),
    });
  }

  /** One sentence in numbers, once the two that it compares have some. */
  #compare(costs: Map<LaneName, Cost | null>, readings: Record<LaneName, Reading>): void {
    const polling = costs.get("polling");
    const socket = costs.get("websocket");
    const slow = readings.polling.latency;
    const fast = readings.websocket.latency;
    this.#summary.hidden = !polling || !socket || slow === null || fast === null;
    if (!polling || !socket || slow === null || fast === null) return;
    const values = {
      polling_bytes: this.units.bytes(polling.bytes),
      websocket_bytes: this.units.bytes(socket.bytes),
      polling_requests: this.units.share(polling.requests),
      polling_delay: this.units.milliseconds(slow.p50),
      websocket_delay: this.units.milliseconds(fast.p50),
      empty: this.units.count(readings.polling.noNews),
    };
    setText(this.#summary, fill(this.texts.lab.summary, values));
  }
}

function carrierName(carrier: string): "websocket" | "polling" {
  return carrier === "websocket" ? "websocket" : "polling";
}
