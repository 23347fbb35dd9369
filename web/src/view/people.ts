import { fill, type Language, plural, type Texts } from "../i18n/texts";
import { colourOf, initialOf } from "./author";
import { byId, isolate, make, setText } from "./dom";

/** Who is here, and who types. */
export class PeopleView {
  /** Names listed; a bigger crowd is counted. */
  static readonly MAX_LISTED = 100;

  readonly #list = byId("people", "ul");
  readonly #count = byId("people-count", "p");
  readonly #typing = byId("typing", "p");
  #painted = "";

  constructor(
    private readonly language: Language,
    private readonly texts: Texts,
  ) {}

  /** `current`: whether the room says so now; otherwise it is what was true before the connection was lost. */
  show(members: readonly string[], name: string, typing: readonly string[], current: boolean): void {
    this.#showTyping(typing);
    this.#list.classList.toggle("stale", !current);
    const { people_one, people_other } = this.texts.chat;
    setText(this.#count, !current ? "" : plural(this.language, members.length, people_one, people_other));
    const wanted = JSON.stringify([members, name]);
    if (wanted === this.#painted) return;
    this.#painted = wanted;
    const names = [...members].sort(
      (a, b) => Number(b === name) - Number(a === name) || a.localeCompare(b, this.language),
    );
    const items = names.slice(0, PeopleView.MAX_LISTED).map((one) => this.#person(one, one === name));
    const rest = names.length - items.length;
    if (rest > 0) items.push(make("li", "rest", fill(this.texts.chat.more_people, { count: rest })));
    this.#list.replaceChildren(...items);
  }

  #person(name: string, own: boolean): HTMLLIElement {
    const avatar = make("span", "avatar", initialOf(name));
    avatar.setAttribute("aria-hidden", "true");
    const item = make("li", "person", avatar, make("bdi", "person-name", name));
    item.dataset.colour = String(colourOf(name));
    item.dataset.name = name;
    if (own) item.append(make("span", "you", this.texts.chat.you));
    return item;
  }

  #showTyping(names: readonly string[]): void {
    const { typing_1, typing_2, typing_many } = this.texts.chat;
    const [a = "", b = ""] = names;
    const text = ["", fill(typing_1, { a: isolate(a) }), fill(typing_2, { a: isolate(a), b: isolate(b) })][
      names.length
    ];
    setText(this.#typing, text ?? fill(typing_many, { count: names.length }));
  }
}
