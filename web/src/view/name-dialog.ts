import { checkName } from "../chat/rules";
import type { Texts } from "../i18n/texts";
import { byId, setText } from "./dom";
import { problemText } from "./problem";

/** What the dialog returns when a name was taken. */
const CHOSEN = "chosen";

/** Asks for a name. The browser's own modal dialog: it keeps the focus and closes on Escape. */
export class NameDialog {
  readonly #dialog = byId("name-dialog", "dialog");
  readonly #input = byId("name-input", "input");
  readonly #problem = byId("name-problem", "p");

  /** `dismissed` is called when it closes without a name. */
  constructor(
    private readonly texts: Texts,
    chosen: (name: string) => void,
    dismissed: () => void,
  ) {
    byId("name-form", "form").addEventListener("submit", (event) => {
      event.preventDefault();
      const checked = checkName(this.#input.value);
      if (!checked.ok) {
        setText(this.#problem, texts.problem[checked.problem]);
        this.#input.setAttribute("aria-invalid", "true");
        return;
      }
      this.#dialog.close(CHOSEN);
      chosen(checked.value);
    });
    // Enter that ends a composition is the input method's, not the form's (Safari reports it as 229).
    this.#input.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.isComposing || event.keyCode === 229)) event.preventDefault();
    });
    byId("name-cancel", "button").addEventListener("click", () => this.#dialog.close());
    // However it closes: Escape presses no button.
    this.#dialog.addEventListener("close", () => {
      if (this.#dialog.returnValue !== CHOSEN) dismissed();
    });
  }

  /** `code` says what is wrong with the name. */
  open(name: string, code?: string): void {
    setText(this.#problem, code === undefined ? "" : problemText(this.texts, code));
    byId("name-sign-in", "a").hidden = code !== "name_reserved";
    this.#dialog.returnValue = "";
    this.#input.removeAttribute("aria-invalid");
    this.#input.value = name;
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#input.select();
  }
}
