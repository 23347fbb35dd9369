import { byId, part } from "./dom";

/** A panel beside the messages, which a button opens and shuts. Only one of them is open at a time. */
export class Side {
  static #open: Side | null = null;

  readonly #panel: HTMLElement;
  readonly #button: HTMLButtonElement;

  /** `opened` is called each time it has been opened, with the focus on the button that shuts it. */
  constructor(
    id: string,
    private readonly opened: () => void,
  ) {
    this.#panel = byId(id, "aside");
    this.#button = byId(`open-${id}`, "button");
    this.#button.addEventListener("click", () => (this.isOpen ? this.close() : this.open()));
    part(this.#panel, ".close-side").addEventListener("click", () => this.close());
    this.#panel.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.isComposing) return;
      event.preventDefault();
      this.close();
    });
  }

  get isOpen(): boolean {
    return !this.#panel.hidden;
  }

  open(): void {
    Side.#open?.close();
    Side.#open = this;
    this.#show(true);
    part(this.#panel, ".close-side").focus();
    this.opened();
  }

  close(): void {
    if (!this.isOpen) return;
    Side.#open = null;
    const focused = this.#panel.contains(document.activeElement);
    this.#show(false);
    if (focused) this.#button.focus();
  }

  #show(shown: boolean): void {
    this.#panel.hidden = !shown;
    this.#button.setAttribute("aria-expanded", String(shown));
    // The messages make room for it, where there is room.
    this.#panel.parentElement?.classList.toggle("beside", shown);
  }
}

/** Whether a panel covers the messages. The style sheet makes room beside them from the same width on. */
export function covers(): boolean {
  return !matchMedia("(min-width: 1000px)").matches;
}
