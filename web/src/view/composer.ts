import { countChars, TEXT_CHARS } from "../chat/rules";
import { type Language, plural, type Texts } from "../i18n/texts";
import { EnterKey, type Verdict } from "../input/enter-key";
import { byId, setText } from "./dom";

export interface ComposerActions {
  /** Takes the text, or says why not in a sentence. */
  send(text: string): string | null;
  /** The draft has changed, or was left. */
  drafted(draft: string, left: boolean): void;
}

/** The field to write in: grows with the text, sends on Enter with any input method, counts when it gets tight. */
export class Composer {
  /** Characters left at which counting starts. */
  static readonly COUNT_FROM = 400;

  readonly #form = byId("composer", "form");
  readonly #field = byId("text", "textarea");
  readonly #problem = byId("problem", "p");
  readonly #count = byId("count", "p");
  readonly #enter = new EnterKey();

  constructor(
    private readonly language: Language,
    private readonly texts: Texts,
    private readonly actions: ComposerActions,
    draft: string,
  ) {
    // What was typed while the page was loading stays.
    if (this.#field.value === "") this.#field.value = draft;
    this.#listen();
    this.#resize();
    this.#recount();
  }

  focus(): void {
    this.#field.focus({ preventScroll: true });
  }

  set placeholder(text: string) {
    this.#field.placeholder = text;
  }

  /** Nothing can be said here; the reason stays in sight. */
  close(reason: string): void {
    this.#field.readOnly = true;
    this.#field.placeholder = reason;
    byId("send", "button").disabled = true;
    setText(this.#problem, reason);
  }

  #listen(): void {
    const field = this.#field;
    const enter = this.#enter;
    const obey = (event: Event, verdict: Verdict) => {
      if (verdict.prevent) event.preventDefault();
      if (verdict.send === "now") this.#send();
      // Once the browser has finished with the composition: clearing the field earlier brings the syllable back.
      if (verdict.send === "settled") setTimeout(() => this.#send());
    };
    field.addEventListener("keydown", (event) => obey(event, enter.keydown(event)));
    field.addEventListener("keyup", (event) => enter.keyup(event));
    field.addEventListener("compositionstart", () => enter.compositionstart());
    field.addEventListener("compositionupdate", (event) => enter.compositionupdate(event.data));
    field.addEventListener("compositionend", (event) => obey(event, enter.compositionend(event.data, event.timeStamp)));
    field.addEventListener("beforeinput", (event) => obey(event, enter.beforeinput(event.inputType)));
    field.addEventListener("input", () => this.#edited());
    field.addEventListener("blur", () => {
      enter.blur();
      this.actions.drafted(field.value, true);
    });
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submitted();
    });
    // A press on the button must not take the focus: on a phone the keyboard would go away.
    byId("send", "button").addEventListener("pointerdown", (event) => {
      if (document.activeElement === field) event.preventDefault();
    });
  }

  #submitted(): void {
    if (!this.#enter.composing) return this.#send();
    // Leaving the field makes every input method commit what it holds.
    this.#field.blur();
    setTimeout(() => {
      this.#send();
      this.focus();
    });
  }

  #send(): void {
    const draft = this.#field.value;
    if (draft.trim() === "") return;
    const problem = this.actions.send(draft);
    this.#say(problem);
    if (problem !== null) return;
    this.#field.value = "";
    this.#edited();
  }

  #edited(): void {
    this.#say(null);
    this.#resize();
    this.#recount();
    this.actions.drafted(this.#field.value, false);
  }

  #say(problem: string | null): void {
    setText(this.#problem, problem ?? "");
    if (problem === null) this.#field.removeAttribute("aria-invalid");
    else this.#field.setAttribute("aria-invalid", "true");
  }

  #resize(): void {
    this.#field.style.height = "auto";
    this.#field.style.height = `${this.#field.scrollHeight}px`;
  }

  #recount(): void {
    const left = TEXT_CHARS - countChars(this.#field.value);
    const { chars_left_one, chars_left_other, chars_over_one, chars_over_other } = this.texts.chat;
    this.#count.classList.toggle("over", left < 0);
    if (left > Composer.COUNT_FROM) setText(this.#count, "");
    else if (left >= 0) setText(this.#count, plural(this.language, left, chars_left_one, chars_left_other));
    else setText(this.#count, plural(this.language, -left, chars_over_one, chars_over_other));
  }
}
