import { fill, type Language, type Texts } from "../../i18n/texts";

/** Numbers with their units, in the reader's language. A line doesn't break between the two. */
export class Units {
  constructor(
    private readonly language: Language,
    private readonly texts: Texts,
  ) {}

  count(value: number): string {
    return this.#number(value, value < 100 && !Number.isInteger(value) ? 1 : 0);
  }

  /** With two digits that count, for what may be less than one. */
  share(value: number): string {
    return this.#number(value, value < 10 ? 2 : value < 100 ? 1 : 0);
  }

  percent(value: number): string {
    return new Intl.NumberFormat(this.language, { style: "percent" }).format(value);
  }

  milliseconds(value: number): string {
    if (value >= 1000) return `${this.#number(value / 1000, value < 10_000 ? 1 : 0)}\u00a0s`;
    return `${this.#number(value, value < 10 ? 1 : 0)}\u00a0ms`;
  }

  bytes(value: number): string {
    const steps = ["B", "kB", "MB", "GB"];
    let left = value;
    let step = 0;
    while (left >= 1000 && step < steps.length - 1) {
      left /= 1000;
      step += 1;
    }
    return `${this.#number(left, step > 0 && left < 100 ? 1 : 0)}\u00a0${steps[step]}`;
  }

  perSecond(value: number): string {
    return fill(this.texts.lab.per_second, { count: this.#number(value, value < 1 ? 1 : 0) });
  }

  #number(value: number, digits: number): string {
    return new Intl.NumberFormat(this.language, { maximumFractionDigits: digits }).format(value);
  }
}
