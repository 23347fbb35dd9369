import type { Plan } from "../../lab/run";
import { byId, part, setText } from "../dom";
import type { Units } from "./units";

/** What a slider can be moved to: few values, each ten steps of thought apart. */
const STEPS = {
  rate: [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200],
  payload: [0, 64, 256, 1024, 4096, 16_384],
  clients: [0, 5, 10, 50, 100, 250, 500, 1000],
  interval_ms: [100, 250, 500, 1000, 2000, 5000, 10_000, 30_000],
  latency_ms: [0, 10, 50, 100, 250, 500, 1000],
  loss: [0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3],
} as const;
type Slider = keyof typeof STEPS;
const SLIDERS = Object.keys(STEPS) as Slider[];

/** What a reader can follow: an event every two seconds, and whoever polls asks twice as often. */
const BEGINNING: Plan = {
  rate: 0.5,
  payload: 64,
  clients: 0,
  interval_ms: 1000,
  latency_ms: 0,
  loss: 0,
  offline: false,
};

/** The sliders, the switch and the buttons. */
export class Controls {
  #plan: Plan = BEGINNING;
  readonly #offline = byId("offline", "input");
  readonly #start = byId("start", "button");
  readonly #stop = byId("stop", "button");
  readonly #export = byId("export", "button");
  readonly #problem = byId("lab-problem", "p");

  constructor(
    private readonly units: Units,
    actions: { start(): void; stop(): void; changed(change: Partial<Plan>): void; export(): void },
  ) {
    for (const name of SLIDERS) {
      const slider = byId(name, "input");
      slider.max = String(STEPS[name].length - 1);
      slider.addEventListener("input", () => this.show({ ...this.#plan, [name]: STEPS[name][slider.valueAsNumber] }));
      slider.addEventListener("change", () => actions.changed({ [name]: this.#plan[name] }));
    }
    this.#offline.addEventListener("change", () => {
      this.show({ ...this.#plan, offline: this.#offline.checked });
      actions.changed({ offline: this.#plan.offline });
    });
    this.#start.addEventListener("click", actions.start);
    this.#stop.addEventListener("click", actions.stop);
    this.#export.addEventListener("click", actions.export);
    this.show(BEGINNING);
  }

  get plan(): Plan {
    return this.#plan;
  }

  show(plan: Plan): void {
    this.#plan = plan;
    for (const name of SLIDERS) {
      const slider = byId(name, "input");
      const steps: readonly number[] = STEPS[name];
      const nearest = steps.reduce((best, step) =>
        Math.abs(step - plan[name]) < Math.abs(best - plan[name]) ? step : best,
      );
      slider.value = String(steps.indexOf(nearest));
      const words = this.#words(name, plan[name]);
      slider.setAttribute("aria-valuetext", words);
      setText(part(document, `output[for="${name}"]`), words);
    }
    this.#offline.checked = plan.offline;
  }

  /** Between the press of the button and the server's answer. */
  starting(starting: boolean): void {
    this.#start.disabled = starting;
  }

  running(running: boolean): void {
    this.#start.hidden = running;
    this.#stop.hidden = !running;
    this.#export.disabled = false;
    // The one that was pressed is gone.
    if (document.activeElement === document.body) (running ? this.#stop : this.#start).focus();
  }

  problem(text: string): void {
    setText(this.#problem, text);
  }

  #words(name: Slider, value: number): string {
    const { units } = this;
    switch (name) {
      case "rate":
        return units.perSecond(value);
      case "payload":
        return units.bytes(value);
      case "clients":
        return units.count(value);
      case "loss":
        return units.percent(value);
      default:
        return units.milliseconds(value);
    }
  }
}
