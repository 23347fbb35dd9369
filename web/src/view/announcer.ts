import type { Confirmed } from "../chat/timeline";
import { fill, type Language, plural, type Texts } from "../i18n/texts";
import { byId, make } from "./dom";

/**
 * Reads new messages out to screen readers. The list itself is no live region, or every older page would be read;
 * a flood is counted instead of read.
 */
export class Announcer {
  /** Messages collected before they are announced, in milliseconds. */
  static readonly COLLECT_MS = 700;
  /** Most messages read out at once. */
  static readonly MAX_READ = 3;

  readonly #region = byId("announcer", "div");
  #collected: Confirmed[] = [];

  constructor(
    private readonly language: Language,
    private readonly texts: Texts,
  ) {}

  say(messages: readonly Confirmed[]): void {
    if (this.#collected.length === 0) setTimeout(() => this.#announce(), Announcer.COLLECT_MS);
    this.#collected.push(...messages);
  }

  #announce(): void {
    const { said, new_one, new_other } = this.texts.chat;
    const messages = this.#collected;
    this.#collected = [];
    const lines =
      messages.length > Announcer.MAX_READ
        ? [plural(this.language, messages.length, new_one, new_other)]
        : messages.map(({ author, text }) => fill(said, { name: author, text }));
    this.#region.replaceChildren(...lines.map((line) => make("p", "", line)));
  }
}
