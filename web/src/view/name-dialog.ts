import { checkName } from "../chat/rules";
import type { Texts } from "../i18n/texts";
import { byId, setText } from "./dom";

/** Asks for a name. The browser's own modal dialog: it keeps the focus and closes on Escape. */
export class NameDialog {
  readonly #dialog = byId("name-dialog", "dialog");
  readonly #input = byId("name-input", "input");
  readonly #problem = byId("name-problem", "p");

  constructor(texts: Texts, chosen: (name: string) => void) {
    byId("name-form", "form").addEventListener("submit", (event) => {
      event.preventDefault();
      const checked = checkName(this.#input.value);
      if (!checked.ok) {
        setText(this.#problem, texts.problem[checked.problem]);
        this.#input.setAttribute("aria-invalid", "true");
        return;
      }
      this.#dialog.close();
      chosen(checked.value);
    });
    // Enter that ends a composition is the input method's, not the form's (Safari reports it as 229).
    this.#input.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.isComposing || event.keyCode === 229)) event.preventDefault();
    });
    byId("name-cancel", "button").addEventListener("click", () => this.#dialog.close());
  }

  open(name: string, problem = ""): void {
    setText(this.#problem, problem);
    this.#input.removeAttribute("aria-invalid");
    this.#input.value = name;
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#input.select();
  }
}
