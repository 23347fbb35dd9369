import type { LaneName } from "./lane";

/** What a run does, as the server has it. */
export interface Plan {
  rate: number;
  payload: number;
  clients: number;
  latency_ms: number;
  loss: number;
  offline: boolean;
  interval_ms: number;
}

/** What passed through a line. */
export interface Counted {
  connections: number;
  open: number;
  refused: number;
  requests: number;
  bytes_up: number;
  bytes_down: number;
}

/** What the simulated clients of a lane heard. */
export interface Simulated {
  clients: number;
  connected: number;
  events: number;
  late: number;
  missed: number;
  latency: { p50_us: number; p95_us: number; p99_us: number; max_us: number } | null;
}

export interface LaneFigures {
  port: number;
  line: Counted;
  simulated: Simulated;
}

/** What a run did so far. */
export interface Figures {
  run: string;
  room: string;
  now_us: number;
  age_ms: number;
  published: number;
  plan: Plan;
  lanes: Record<LaneName, LaneFigures>;
}

/** Why the server did something not: its code, and its sentence. */
export class Refusal extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** The runs of a back. */
export class Runs {
  constructor(private readonly back: string) {}

  begin(plan: Plan): Promise<Figures> {
    return this.#ask("POST", "/runs", plan) as Promise<Figures>;
  }

  change(run: string, plan: Partial<Plan>): Promise<Figures> {
    return this.#ask("PATCH", `/runs/${run}`, plan) as Promise<Figures>;
  }

  figures(run: string): Promise<Figures> {
    return this.#ask("GET", `/runs/${run}`) as Promise<Figures>;
  }

  end(run: string): Promise<Figures> {
    return this.#ask("DELETE", `/runs/${run}`) as Promise<Figures>;
  }

  /** The server's time in milliseconds. */
  async now(): Promise<number> {
    const { now_us } = (await this.#ask("GET", "/clock")) as { now_us: number };
    return now_us / 1000;
  }

  async #ask(method: string, path: string, body?: object): Promise<unknown> {
    const answer = await fetch(`${this.back}/api/lab${path}`, {
      method,
      cache: "no-store",
      // A page that is being closed still says that its run is over.
      keepalive: method === "DELETE",
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
    const said: unknown = await answer.json();
    if (answer.ok) return said;
    const { code, message } = said as { code?: string; message?: string };
    throw new Refusal(code ?? String(answer.status), message ?? answer.statusText);
  }
}
