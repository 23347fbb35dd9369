import type { Texts } from "../i18n/texts";
import { byId, setText } from "./dom";
import { problemText } from "./problem";

/** What is asked before something is done. */
export interface Question {
  title: string;
  /** What it is about. */
  about: string;
  /** The word on the button. */
  button: string;
  /** Whether it's asked for how long. */
  time?: boolean;
  /** Whether it's asked why, and has to be said. */
  reason?: "asked" | "needed";
}

export interface AnswerGiven {
  /** Without an end if undefined. */
  seconds?: number;
  reason: string;
}

/** Asks before something is done that others will feel. It stays open until that is done, or says why it isn't. */
export class AskDialog {
  readonly #dialog = byId("ask", "dialog");
  readonly #time = byId("ask-time", "select");
  readonly #reason = byId("ask-reason", "input");
  readonly #problem = byId("ask-problem", "p");
  #busy = false;
  #do: (answer: AnswerGiven) => Promise<string | null> = async () => null;

  constructor(private readonly texts: Texts) {
    byId("ask-form", "form").addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#submit();
    });
    byId("ask-cancel", "button").addEventListener("click", () => this.#dialog.close());
  }

  /** `run` does it, and returns the code of why it couldn't. */
  ask(question: Question, run: (answer: AnswerGiven) => Promise<string | null>): void {
    const { title, about, button, time = false, reason } = question;
    this.#do = run;
    setText(byId("ask-title", "h2"), title);
    setText(byId("ask-about", "p"), about);
    setText(byId("ask-do", "button"), button);
    for (const element of [this.#time, byId("ask-time-label", "label")]) element.hidden = !time;
    for (const element of [this.#reason, byId("ask-reason-label", "label")]) element.hidden = reason === undefined;
    this.#reason.required = reason === "needed";
    this.#reason.value = "";
    this.#become(false);
    setText(this.#problem, "");
    this.#dialog.showModal();
  }

  async #submit(): Promise<void> {
    // Pressed twice, it would be done twice.
    if (this.#busy) return;
    const seconds = this.#time.hidden || this.#time.value === "" ? {} : { seconds: Number(this.#time.value) };
    const reason = this.#reason.value.trim();
    if (this.#reason.required && reason === "") {
      this.#reason.focus();
      return setText(this.#problem, this.texts.problem.reason_missing);
    }
    const run = this.#do;
    this.#become(true);
    const code = await run({ ...seconds, reason });
    // Something else is asked by now.
    if (run !== this.#do) return;
    this.#become(false);
    if (code === null) this.#dialog.close();
    else setText(this.#problem, problemText(this.texts, code));
  }
  #become(busy: boolean): void {
    this.#busy = busy;
    byId("ask-do", "button").setAttribute("aria-disabled", String(busy));
  }
}
