import { plainText, readMarkdown } from "../chat/markdown";
import type { StoredMessage } from "../chat/protocol";
import type { Found, Result } from "../chat/room-api";
import { type Language, plural, type Texts } from "../i18n/texts";
import { colourOf } from "./author";
import { byId, make, setText } from "./dom";
import { cut } from "./message-view";
import { problemText } from "./problem";
import { covers, Side } from "./side";

/** Messages of one answer. */
const PAGE = 20;
/** Most characters that are shown of a message. */
const SHOWN_CHARS = 200;

export interface SearchActions {
  search(words: string, before: number | undefined, limit: number): Promise<Result<Found>>;
  goTo(offset: number): void;
}

/** Looks for messages by the words in them, and leads to them. */
export class SearchPanel {
  readonly #side: Side;
  readonly #words = byId("words", "input");
  readonly #state = byId("search-state", "p");
  readonly #list = byId("found", "ol");
  readonly #more = byId("more-found", "button");
  readonly #time: Intl.DateTimeFormat;
  /** What is being looked for, the last that was found, and how many so far. */
  #asked = "";
  #last: number | undefined;
  #count = 0;

  constructor(
    private readonly language: Language,
    private readonly texts: Texts,
    private readonly actions: SearchActions,
  ) {
    this.#time = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
    this.#side = new Side("search", () => this.#words.select());
    byId("search-form", "form").addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#search(this.#words.value.trim());
    });
    this.#more.addEventListener("click", () => void this.#next());
  }

  async #search(words: string): Promise<void> {
    this.#asked = words;
    this.#last = undefined;
    this.#count = 0;
    this.#list.replaceChildren();
    this.#more.hidden = true;
    if (words === "") return setText(this.#state, "");
    setText(this.#state, this.texts.search.searching);
    await this.#next();
  }

  async #next(): Promise<void> {
    const words = this.#asked;
    const result = await this.actions.search(words, this.#last, PAGE);
    // Something else is being looked for by now.
    if (words !== this.#asked) return;
    if (!result.ok) {
      this.#more.hidden = true;
      return setText(this.#state, problemText(this.texts, result.code));
    }
    const { messages, more } = result.value;
    const first = this.#list.childElementCount;
    this.#list.append(...messages.map((message) => this.#item(message)));
    this.#last = messages.at(-1)?.offset;
    this.#count += messages.length;
    this.#more.hidden = !more || messages.length === 0;
    const { none, found_one, found_other, found_more } = this.texts.search;
    const some = more ? found_more : plural(this.language, this.#count, found_one, found_other);
    setText(this.#state, this.#count === 0 ? none : some);
    // Who pressed for more goes on reading there.
    if (first > 0) this.#list.children[first]?.querySelector("button")?.focus();
  }

  #item({ offset, author, text, at }: StoredMessage): HTMLLIElement {
    const time = make("time", "time", this.#time.format(at));
    time.dateTime = new Date(at).toISOString();
    const said = make("bdi", "said", cut(plainText(readMarkdown(text)), SHOWN_CHARS));
    const button = make("button", "hit", make("span", "head", make("bdi", "author", author), " ", time), said);
    button.type = "button";
    button.dataset.offset = String(offset);
    button.addEventListener("click", () => {
      if (covers()) this.#side.close();
      this.actions.goTo(offset);
    });
    const item = make("li", "", button);
    item.dataset.colour = String(colourOf(author));
    return item;
  }
}
