import { byId, setText } from "./dom";

/** How long a notice stays, in milliseconds: enough to read a sentence or two. */
const STAYS_MS = 7000;

/** Says something once, for a while, where it is seen and heard whatever else goes on. */
export class Notice {
  readonly #line = byId("notice", "p");
  #timer: ReturnType<typeof setTimeout> | undefined;

  say(text: string): void {
    clearTimeout(this.#timer);
    setText(this.#line, text);
    this.#timer = setTimeout(() => setText(this.#line, ""), STAYS_MS);
  }
}
