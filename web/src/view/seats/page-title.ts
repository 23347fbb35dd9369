/** The title of the page. While nobody looks at the page it says first what they are wanted for. */
export class PageTitle {
  #name = document.title;
  #call: string | null = null;

  constructor() {
    document.addEventListener("visibilitychange", () => this.#paint());
  }

  set name(name: string) {
    this.#name = name;
    this.#paint();
  }

  set call(call: string | null) {
    this.#call = call;
    this.#paint();
  }

  #paint(): void {
    const title = document.hidden && this.#call !== null ? `${this.#call} · ${this.#name}` : this.#name;
    if (document.title !== title) document.title = title;
  }
}
