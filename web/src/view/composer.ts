import { plainText, readMarkdown } from "../chat/markdown";
import { countChars, TEXT_CHARS } from "../chat/rules";
import { fill, type Language, plural, type Texts } from "../i18n/texts";
import { EnterKey, type Verdict } from "../input/enter-key";
import { byId, isolate, part, setText } from "./dom";
import { cut } from "./message-view";

export interface ComposerActions {
  /** Takes the text, or says why not in a sentence. `context` says what it is to be, if not a message for itself. */
  send(text: string, context: Context | null): string | null;
  /** The draft has changed, or was left. */
  drafted(draft: string, left: boolean): void;
  /** Somebody wants to change what they said last. */
  editLast(): void;
}

/** The message that is answered, or changed. */
export interface Context {
  kind: "reply" | "edit";
  offset: number;
  author: string;
  text: string;
}

/** The field to write in: grows with the text, sends on Enter with any input method, counts when it gets tight. */
export class Composer {
  /** Characters left at which counting starts. */
  static readonly COUNT_FROM = 400;

  readonly #form = byId("composer", "form");
  readonly #field = byId("text", "textarea");
  readonly #problem = byId("problem", "p");
  readonly #count = byId("count", "p");
  readonly #bar = byId("context", "div");
  readonly #enter = new EnterKey();
  #context: Context | null = null;
  #placeholder = "";
  /** The draft that waits while a message is being changed. */
  #waiting: string | null = null;

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
    const field = this.#field;
    field.focus({ preventScroll: true });
    // Chromium gives the focus back from a dialog without the caret, and what is typed then goes nowhere.
    field.setSelectionRange(field.selectionStart, field.selectionEnd);
  }

  /** What is written from now on answers a message, or takes its place; `null` for a message of its own again. */
  set context(context: Context | null) {
    if (this.#waiting !== null) this.#put(this.#waiting);
    this.#waiting = null;
    this.#context = context;
    if (context?.kind === "edit") {
      this.#waiting = this.#field.value;
      this.#put(context.text);
    }
    this.#bar.hidden = context === null;
    if (context === null) return;
    const { replying, editing } = this.texts.message;
    const title = context.kind === "edit" ? editing : fill(replying, { name: isolate(context.author) });
    setText(part(this.#bar, "[data-text]"), title);
    setText(part(this.#bar, "[data-quote]"), context.kind === "edit" ? "" : cut(plainText(readMarkdown(context.text))));
    this.focus();
  }

  get context(): Context | null {
    return this.#context;
  }

  /** Nothing can be said for now, or again, as stands beside it; what is written stays, and can be read and copied. */
  set closed(closed: boolean) {
    if (closed === this.#field.readOnly) return;
    this.#field.readOnly = closed;
    byId("send", "button").disabled = closed;
    this.#form.classList.toggle("closed", closed);
    this.#field.placeholder = closed ? "" : this.#placeholder;
    // What was wrong before is of no use now.
    this.#say(null);
  }

  set placeholder(text: string) {
    this.#placeholder = text;
    if (!this.#field.readOnly) this.#field.placeholder = text;
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
    field.addEventListener("keydown", (event) => {
      // What completes a name takes its keys first.
      if (event.defaultPrevented) return;
      if (this.#command(event)) return event.preventDefault();
      obey(event, enter.keydown(event));
    });
    byId("context-cancel", "button").addEventListener("click", () => {
      this.context = null;
      this.focus();
    });
    field.addEventListener("keyup", (event) => enter.keyup(event));
    field.addEventListener("compositionstart", () => enter.compositionstart());
    field.addEventListener("compositionupdate", (event) => enter.compositionupdate(event.data));
    field.addEventListener("compositionend", (event) => obey(event, enter.compositionend(event.data, event.timeStamp)));
    field.addEventListener("beforeinput", (event) => obey(event, enter.beforeinput(event.inputType)));
    field.addEventListener("input", () => this.#edited());
    field.addEventListener("blur", () => {
      enter.blur();
      this.actions.drafted(this.#draft, true);
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

  /** Escape leaves what it was about; up in an empty field goes to what was said last. */
  #command(event: KeyboardEvent): boolean {
    if (event.isComposing || event.keyCode === 229) return false;
    if (event.key === "Escape" && this.#context !== null) {
      this.context = null;
      return true;
    }
    if (event.key !== "ArrowUp" || this.#field.value !== "" || this.#context !== null) return false;
    this.actions.editLast();
    return true;
  }

  #put(text: string): void {
    this.#field.value = text;
    this.#say(null);
    this.#resize();
    this.#recount();
  }

  /** What is kept of what stands here: while a message is changed, what stood here before. */
  get #draft(): string {
    return this.#waiting ?? this.#field.value;
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
    if (draft.trim() === "" || this.#field.readOnly) return;
    const context = this.#context;
    const problem = this.actions.send(draft, context);
    this.#say(problem);
    if (problem !== null) return;
    this.#field.value = "";
    // A draft that waited comes back.
    this.context = null;
    this.#edited();
  }

  #edited(): void {
    this.#say(null);
    this.#resize();
    this.#recount();
    this.actions.drafted(this.#draft, false);
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
