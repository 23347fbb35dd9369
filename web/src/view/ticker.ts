import type { Language, Texts } from "../i18n/texts";
import type { Line } from "../scores/protocol";
import { tellInning, tellPlay } from "../scores/telling";
import { byId, make } from "./dom";

/** Plays that are only a pitch: there are many, and they stand back. */
const PITCHES = ["ball", "strike", "foul"];

/** What happened, the newest on top. Screen readers are told what is new. */
export class Ticker {
  readonly #list = byId("plays", "ol");
  #newest = 0;

  constructor(
    private readonly language: Language,
    private readonly texts: Texts,
  ) {}

  show(lines: readonly Line[]): void {
    const offsets = new Set(lines.map((line) => String(line.offset)));
    for (const item of [...this.#list.children] as HTMLElement[]) {
      if (!offsets.has(item.dataset.offset ?? "")) item.remove();
    }
    const here = new Set([...this.#list.children].map((item) => (item as HTMLElement).dataset.offset));
    const before = this.#newest;
    for (const line of lines) {
      if (here.has(String(line.offset))) continue;
      this.#list.prepend(this.#item(line, before > 0 && line.offset > before));
    }
    this.#newest = lines.at(-1)?.offset ?? 0;
  }

  #item(line: Line, news: boolean): HTMLLIElement {
    const { language, texts } = this;
    const item = make("li", "play");
    item.dataset.offset = String(line.offset);
    item.dataset.what = line.what;
    if (PITCHES.includes(line.what) && line.text === undefined) item.classList.add("pitch");
    if (news) item.classList.add("new");
    const time = make("time", "", new Intl.DateTimeFormat(language, { timeStyle: "short" }).format(line.at));
    time.dateTime = new Date(line.at).toISOString();
    item.append(
      make("span", "when", tellInning(line, texts)),
      make("span", "told", tellPlay(line, language, texts)),
      make("span", "score", `${line.away} : ${line.home}`),
      time,
    );
    return item;
  }
}
