import { offered, type Wanted, wantedAt } from "../chat/completion";
import { byId, make } from "./dom";

/**
 * Offers names while one is written after an `@`. Tab takes the first, or the one that the arrows have chosen; Enter takes a chosen one and
 * sends the message otherwise, so that who isn't interested isn't held up.
 */
export class MentionList {
  readonly #field = byId("text", "textarea");
  readonly #list = byId("mentions", "ul");
  #wanted: Wanted | null = null;
  #names: string[] = [];
  #chosen = -1;

  /** `names` gives those who may be meant. */
  constructor(private readonly names: () => readonly string[]) {
    const field = this.#field;
    field.addEventListener("input", () => this.#look());
    field.addEventListener("click", () => this.#look());
    field.addEventListener("blur", () => this.#close());
    // Before the field's other keys.
    field.addEventListener("keydown", (event) => this.#key(event), { capture: true });
    // A press must not take the focus from the field.
    this.#list.addEventListener("pointerdown", (event) => event.preventDefault());
  }

  #look(): void {
    const { value, selectionStart, selectionEnd } = this.#field;
    const wanted = selectionStart === selectionEnd ? wantedAt(value, selectionStart) : null;
    const names = wanted === null ? [] : offered(this.names(), wanted.query);
    // A name that stands there in full needs no help.
    if (wanted === null || names.length === 0 || (names.length === 1 && names[0] === wanted.query))
      return this.#close();
    this.#wanted = wanted;
    this.#names = names;
    this.#choose(-1);
    this.#list.hidden = false;
  }

  #close(): void {
    this.#wanted = null;
    this.#list.hidden = true;
    this.#field.removeAttribute("aria-activedescendant");
  }

  #choose(place: number): void {
    this.#chosen = place;
    this.#list.replaceChildren(
      ...this.#names.map((name, index) => {
        const option = make("li", "", make("bdi", "", name));
        option.id = `mention-${index}`;
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", String(index === place));
        option.addEventListener("click", () => this.#take(index));
        return option;
      }),
    );
    if (place === -1) this.#field.removeAttribute("aria-activedescendant");
    else this.#field.setAttribute("aria-activedescendant", `mention-${place}`);
  }

  #key(event: KeyboardEvent): void {
    if (this.#wanted === null) return;
    const composing = event.isComposing || event.keyCode === 229;
    if (event.key === "Tab" && !event.shiftKey) {
      event.preventDefault();
      return composing ? this.#takeSettled() : this.#take(Math.max(0, this.#chosen));
    }
    if (composing) return;
    const { length } = this.#names;
    if (event.key === "ArrowDown") this.#choose((this.#chosen + 1) % length);
    else if (event.key === "ArrowUp") this.#choose((Math.max(this.#chosen, 0) + length - 1) % length);
    else if (event.key === "Enter" && this.#chosen !== -1) this.#take(this.#chosen);
    else if (event.key === "Escape") this.#close();
    else return;
    event.preventDefault();
  }

  /** Leaving the field makes an input method commit what it holds. */
  #takeSettled(): void {
    const name = this.#names[Math.max(0, this.#chosen)];
    const start = this.#wanted?.start;
    this.#field.blur();
    setTimeout(() => {
      this.#field.focus({ preventScroll: true });
      if (name !== undefined && start !== undefined) this.#put(name, start);
    });
  }

  #take(place: number): void {
    const name = this.#names[place];
    if (name !== undefined && this.#wanted !== null) this.#put(name, this.#wanted.start);
  }

  #put(name: string, start: number): void {
    const field = this.#field;
    field.setRangeText(`@${name} `, start, field.selectionStart, "end");
    this.#close();
    field.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: "insertReplacementText" }));
  }
}
