import type { Texts } from "../i18n/texts";
import { byId, make } from "./dom";

/** Who keeps order in a room beside the admins; an admin makes others moderators, and takes it back. */
export class ModeratorsView {
  readonly #form = byId("moderator-form", "form");
  readonly #name = byId("moderator-name", "input");
  readonly #list = byId("moderators", "ul");
  #allowed = false;
  #names: readonly string[] = [];

  constructor(
    private readonly texts: Texts,
    private readonly appoint: (name: string, role: "moderator" | null) => void,
  ) {
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      const name = this.#name.value.trim();
      if (name === "") return this.#name.focus();
      this.#name.value = "";
      this.appoint(name, "moderator");
    });
  }

  /** Whether who looks may change who they are. */
  allow(allowed: boolean): void {
    if (allowed === this.#allowed) return;
    this.#allowed = allowed;
    this.#form.hidden = !allowed;
    this.#paint();
  }

  /** They are these. */
  fill(names: readonly string[]): void {
    this.#names = names;
    this.#paint();
  }

  #paint(): void {
    const none = make("li", "none", this.texts.moderation.none);
    this.#list.replaceChildren(...(this.#names.length === 0 ? [none] : this.#names.map((name) => this.#item(name))));
  }

  #item(name: string): HTMLLIElement {
    const item = make("li", "", make("p", "", make("bdi", "who", name)));
    item.dataset.name = name;
    if (!this.#allowed) return item;
    const dismiss = make("button", "quiet", this.texts.moderation.dismiss);
    dismiss.type = "button";
    dismiss.addEventListener("click", () => this.appoint(name, null));
    item.append(dismiss);
    return item;
  }
}
