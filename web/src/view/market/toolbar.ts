import { STYLES, type Style } from "../../market/choice";
import { type Interval, isInterval } from "../../market/protocol";
import { byId, make } from "../dom";

/** What the tool bar says. */
export interface Tools {
  interval: Interval;
  style: Style;
  averages: boolean;
  log: boolean;
  /** The symbol to compare with. */
  compare: string | null;
}

/** The tools above the chart. */
export class Toolbar {
  readonly #form = byId("toolbar", "form");

  constructor(changed: (tools: Tools) => void) {
    this.#form.addEventListener("submit", (event) => event.preventDefault());
    this.#form.addEventListener("change", () => changed(this.read()));
  }

  read(): Tools {
    const data = new FormData(this.#form);
    const interval = data.get("interval");
    const compare = String(data.get("compare") ?? "");
    return {
      interval: isInterval(interval) ? interval : "1m",
      style: STYLES.find((style) => style === data.get("style")) ?? "candles",
      averages: data.has("averages"),
      log: data.has("log"),
      compare: compare === "" ? null : compare,
    };
  }

  show({ interval, style, averages, log }: Omit<Tools, "compare">): void {
    const radio = this.#form.querySelector<HTMLInputElement>(`[name=interval][value="${interval}"]`);
    if (radio !== null) radio.checked = true;
    this.#field("style", HTMLSelectElement).value = style;
    this.#field("averages", HTMLInputElement).checked = averages;
    this.#field("log", HTMLInputElement).checked = log;
  }

  /** What can be compared with; what is compared with stays, or nothing is. */
  others(symbols: readonly string[]): void {
    const field = this.#field("compare", HTMLSelectElement);
    const chosen = field.value;
    const [none] = field.options;
    const options = symbols.map((symbol) => {
      const option = make("option", "", symbol);
      option.value = symbol;
      return option;
    });
    field.replaceChildren(...(none === undefined ? [] : [none]), ...options);
    field.value = symbols.includes(chosen) ? chosen : "";
  }

  #field<T extends Element>(name: string, kind: new () => T): T {
    const field = this.#form.elements.namedItem(name);
    if (!(field instanceof kind)) throw new Error(`the tool bar has no ${name}`);
    return field;
  }
}
