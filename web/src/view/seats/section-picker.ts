import { make, setText } from "../dom";

/** What a section is called, and what it costs and has left. */
export interface SectionTold {
  section: string;
  name: string;
  about: string;
}

/** The sections of a hall as buttons that lead to them: a hall is larger than a phone. */
export class SectionPicker {
  readonly #buttons = new Map<string, HTMLButtonElement>();

  /** `go` is told whether a key was pressed rather than a mouse or finger. */
  constructor(
    private readonly root: HTMLElement,
    private readonly go: (section: string, byKey: boolean) => void,
  ) {}

  show(sections: readonly SectionTold[]): void {
    this.root.hidden = sections.length < 2;
    const names = sections.map(({ section }) => section);
    if (names.join("\n") !== [...this.#buttons.keys()].join("\n")) this.#draw(names);
    for (const { section, name, about } of sections) {
      const [called, told] = this.#buttons.get(section)?.children ?? [];
      if (called !== undefined) setText(called, name);
      if (told !== undefined) setText(told, about);
    }
  }

  #draw(sections: readonly string[]): void {
    this.#buttons.clear();
    for (const section of sections) {
      const button = make("button", "section-pick", make("strong", ""), make("span", ""));
      button.type = "button";
      button.dataset.section = section;
      button.addEventListener("click", ({ detail }) => this.go(section, detail === 0));
      this.#buttons.set(section, button);
    }
    this.root.replaceChildren(...this.#buttons.values());
  }
}
