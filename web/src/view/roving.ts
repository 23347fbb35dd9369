/**
 * Buttons of which there is one for each line of a long list: the keyboard's order has one of them, the last unless another was chosen, and
 * the arrows go to the others.
 */
export class Roving {
  #current: HTMLElement | null = null;

  constructor(
    private readonly list: HTMLElement,
    private readonly selector: string,
  ) {
    list.addEventListener("keydown", (event) => this.#move(event));
    list.addEventListener("focusin", ({ target }) => {
      if (target instanceof HTMLElement && target.matches(selector)) this.#choose(target);
    });
  }

  /** The list has changed. */
  settle(): void {
    if (this.#current?.isConnected && this.#current.contains(document.activeElement)) return;
    this.#choose(this.#all.at(-1) ?? null);
  }

  get #all(): HTMLElement[] {
    return [...this.list.querySelectorAll<HTMLElement>(this.selector)];
  }

  #choose(button: HTMLElement | null): void {
    if (this.#current !== null) this.#current.tabIndex = -1;
    this.#current = button;
    if (button !== null) button.tabIndex = 0;
  }

  #move(event: KeyboardEvent): void {
    if (!(event.target instanceof HTMLElement) || !event.target.matches(this.selector)) return;
    const all = this.#all;
    const place = all.indexOf(event.target);
    const next = { ArrowUp: place - 1, ArrowDown: place + 1, Home: 0, End: all.length - 1 }[event.key];
    const button = next === undefined ? undefined : all[next];
    if (button === undefined) return;
    event.preventDefault();
    button.focus();
  }
}
