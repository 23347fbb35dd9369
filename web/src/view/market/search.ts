import { type Language, plural, type Texts } from "../../i18n/texts";
import { FOUND } from "../../market/book";
import type { Desk } from "../../market/desk";
import type { Listing } from "../../market/protocol";
import type { Cancel, Clock } from "../../net/clock";
import { byId, make, setText } from "../dom";

/** Whoever types isn't done yet, in milliseconds. */
export const TYPING_MS = 150;

/** The field that finds symbols by their name, and what it has found. */
export class Search {
  readonly #field = byId("search", "input");
  readonly #list = byId("found", "ul");
  readonly #count = byId("found-count", "p");
  #found: readonly Listing[] = [];
  #at = -1;
  #cancel: Cancel = () => {};
  /** Whether what has been typed since isn't found yet. */
  #pending = false;
  /** Whether Enter came before the answer did: the first that it finds is meant, not what an earlier search had found. */
  #hasty = false;

  constructor(
    private readonly language: Language,
    private readonly texts: Texts,
    private readonly desk: Desk,
    private readonly clock: Clock,
    private readonly chosen: (listing: Listing) => void,
  ) {
    this.#field.addEventListener("input", () => this.#typed());
    this.#field.addEventListener("keydown", (event) => this.#key(event));
    // The option that is pressed must still be there.
    this.#field.addEventListener("blur", () => this.close());
    this.#list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.#list.addEventListener("click", ({ target }) => {
      const option = target instanceof Element ? target.closest<HTMLElement>("[data-symbol]") : null;
      this.#choose(this.#found.find(({ symbol }) => symbol === option?.dataset.symbol));
    });
  }

  focus(): void {
    this.#field.focus();
    this.#field.select();
  }

  /** The same, unless somebody is at something else: what had the focus is there, and can be seen. */
  focusIfFree(): void {
    const { activeElement: at } = document;
    if (at === null || at === document.body || at.getClientRects().length === 0) this.focus();
  }

  close(): void {
    this.#forget();
    this.#show([]);
    setText(this.#count, "");
    this.#count.className = "only-heard";
  }

  #forget(): void {
    this.#cancel();
    this.#pending = false;
    this.#hasty = false;
  }

  #typed(): void {
    this.#forget();
    const search = this.#field.value.trim();
    if (search === "") {
      this.close();
      return;
    }
    this.#pending = true;
    this.#cancel = this.clock.after(TYPING_MS, () => {
      this.#cancel = this.desk.listings(search, FOUND, (found) => {
        this.#show(found ?? []);
        const { found_none, found_one, found_other } = this.texts.market;
        const count = this.#found.length;
        setText(this.#count, count === 0 ? found_none : plural(this.language, count, found_one, found_other));
        // A list says itself what is in it; that there is none has to be seen, too.
        this.#count.className = count === 0 ? "hint" : "only-heard";
        this.#pending = false;
        if (this.#hasty) this.#choose(this.#found[0]);
      });
    });
  }

  #show(found: readonly Listing[]): void {
    this.#found = found;
    this.#list.replaceChildren(
      ...found.map(({ symbol, name }) => {
        const option = make("li", "", make("strong", "", symbol), " ", make("span", "", name[this.language]));
        option.id = `found-${symbol}`;
        option.role = "option";
        option.dataset.symbol = symbol;
        return option;
      }),
    );
    this.#list.hidden = found.length === 0;
    this.#field.setAttribute("aria-expanded", String(found.length > 0));
    this.#select(found.length > 0 ? 0 : -1);
  }

  #select(at: number): void {
    this.#at = at;
    for (const [place, option] of [...this.#list.children].entries()) {
      option.setAttribute("aria-selected", String(place === at));
    }
    const chosen = this.#list.children[at];
    if (chosen === undefined) this.#field.removeAttribute("aria-activedescendant");
    else this.#field.setAttribute("aria-activedescendant", chosen.id);
    chosen?.scrollIntoView({ block: "nearest" });
  }

  #key(event: KeyboardEvent): void {
    // An Enter that ends a Hangul composition chooses nothing.
    if (event.isComposing) return;
    const count = this.#found.length;
    if (event.key === "Escape") this.close();
    else if (event.key === "Enter" && this.#pending) this.#hasty = true;
    else if (event.key === "Enter") this.#choose(this.#found[this.#at]);
    else if (event.key === "ArrowDown" && count > 0) this.#select((this.#at + 1) % count);
    else if (event.key === "ArrowUp" && count > 0) this.#select((this.#at + count - 1) % count);
    else return;
    event.preventDefault();
  }

  #choose(listing: Listing | undefined): void {
    if (listing === undefined) return;
    this.#field.value = "";
    this.close();
    this.chosen(listing);
  }
}
