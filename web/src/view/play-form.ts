import type { Texts } from "../i18n/texts";
import type { Moves, NewPlay } from "../scores/operator";
import type { Board } from "../scores/protocol";
import { byId, make } from "./dom";
import { onPress, setReady } from "./focus";

const RUNNERS = ["batter", "first", "second", "third"] as const;

/** The buttons, in the order of how often they are needed. */
const GROUPS = [
  ["group_pitch", ["ball", "strike", "foul"]],
  ["group_hit", ["single", "double", "triple", "home_run"]],
  ["group_on", ["walk", "hit_by_pitch", "error", "fielders_choice"]],
  ["group_out", ["ground_out", "fly_out", "line_out", "double_play", "sacrifice_bunt", "sacrifice_fly"]],
  ["group_run", ["steal", "caught_stealing", "picked_off", "wild_pitch", "passed_ball", "balk", "throwing_error"]],
  ["group_match", ["undo", "note", "start", "end"]],
] as const;

/** Where the next play is put together: a button tells it, with the text and the moves that were chosen before. */
export class PlayForm {
  readonly #text = byId("play-text", "input");
  readonly #runners = byId("runners", "fieldset");
  readonly #buttons = byId("play-buttons", "div");
  /** The plays that can be, on the board that is there. */
  readonly #can = new Set<string>();
  #busy = false;

  constructor(
    private readonly texts: Texts,
    tell: (play: NewPlay) => void,
  ) {
    byId("play-form", "form").addEventListener("submit", (event) => event.preventDefault());
    for (const runner of RUNNERS) this.#select(runner).append(...this.#places(runner));
    this.#buttons.append(...GROUPS.map(([group, plays]) => this.#group(texts.operator[group], plays, tell)));
  }

  /** Offers what can be, on this board. */
  show(board: Board): void {
    const live = board.status === "live";
    for (const [n, runner] of RUNNERS.entries()) {
      const label = this.#select(runner).parentElement;
      if (label !== null) label.hidden = !live || (n > 0 && board.bases[n - 1] !== true);
    }
    this.#can.clear();
    for (const what of GROUPS.flatMap(([, plays]) => plays)) {
      const always = what === "undo" || (what === "note" && board.status !== "final");
      if (always || (what === "start" ? board.status === "scheduled" : live)) this.#can.add(what);
    }
    this.#paint();
  }

  /** The play was taken: its text and moves are no longer wanted. */
  clear(): void {
    this.#text.value = "";
    for (const runner of RUNNERS) this.#select(runner).value = "";
  }

  /** While a play is on its way no other is told. */
  set busy(busy: boolean) {
    this.#busy = busy;
    this.#paint();
  }

  #paint(): void {
    for (const button of this.#buttons.querySelectorAll<HTMLButtonElement>("button")) {
      const can = this.#can.has(button.dataset.what ?? "");
      setReady(button, can && !this.#busy);
      // What can't be is no stop of the tab key, but the button that was pressed keeps the focus: "Start" can't be pressed twice.
      button.disabled = !can && button !== document.activeElement;
    }
  }

  #select(runner: (typeof RUNNERS)[number]): HTMLSelectElement {
    const select = this.#runners.querySelector<HTMLSelectElement>(`select[name="${runner}"]`);
    if (select === null) throw new Error(`the page has no choice for ${runner}`);
    return select;
  }

  #places(runner: (typeof RUNNERS)[number]): HTMLOptionElement[] {
    const { operator, scores } = this.texts;
    const places = [
      ["", operator.as_usual],
      ["first", scores.first],
      ["second", scores.second],
      ["third", scores.third],
      ["home", operator.to_home],
      ["out", operator.to_out],
    ] as const;
    const behind = places.findIndex(([place]) => place === runner);
    return places
      .filter((_, n) => n === 0 || n >= behind)
      .map(([place, text]) => {
        const option = make("option", "", text);
        option.value = place;
        return option;
      });
  }

  #group(title: string, plays: readonly (keyof Texts["play"])[], tell: (play: NewPlay) => void): HTMLElement {
    const group = make("fieldset", "play-group", make("legend", "", title));
    for (const what of plays) {
      const { operator, play } = this.texts;
      const named = what === "undo" || what === "start" || what === "end" ? operator[what] : play[what];
      const button = make("button", "", named);
      button.type = "button";
      button.dataset.what = what;
      onPress(button, () => tell(this.#play(what)));
      group.append(button);
    }
    return group;
  }

  #play(what: string): NewPlay {
    const text = this.#text.value.trim();
    const moves: Moves = {};
    for (const runner of RUNNERS) {
      const select = this.#select(runner);
      if (select.value !== "" && select.parentElement?.hidden === false) moves[runner] = select.value;
    }
    return { what, ...(Object.keys(moves).length === 0 ? {} : { moves }), ...(text === "" ? {} : { text }) };
  }
}
