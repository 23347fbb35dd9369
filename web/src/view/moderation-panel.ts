import type { Deed, Moderation, Order, Report, Sanction } from "../chat/moderation";
import type { Result } from "../chat/room-api";
import { fill, type Language, type Texts } from "../i18n/texts";
import { byId, isolate, make, setText } from "./dom";
import { cut } from "./message-view";
import { ModeratorsView } from "./moderators";
import { problemText } from "./problem";
import { covers, Side } from "./side";

export interface ModerationActions {
  read(): Promise<Result<Moderation>>;
  order(order: Order): Promise<Result<true>>;
  goTo(offset: number): void;
}

/** For those who keep order in a room: what is set, who is sanctioned, what was reported and done. */
export class ModerationPanel {
  readonly #button = byId("open-moderation", "button");
  readonly #state = byId("moderation-state", "p");
  readonly #slow = byId("slow", "input");
  readonly #words = byId("filter", "textarea");
  readonly #moderators: ModeratorsView;
  readonly #side: Side;
  readonly #time: Intl.DateTimeFormat;

  constructor(
    language: Language,
    private readonly texts: Texts,
    private readonly actions: ModerationActions,
  ) {
    this.#time = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
    this.#side = new Side("moderation", () => void this.refresh());
    this.#moderators = new ModeratorsView(texts, (name, role) => void this.#order({ action: "role", name, role }));
    byId("slow-form", "form").addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#order({ action: "slow", seconds: Math.max(0, Math.trunc(Number(this.#slow.value) || 0)) });
    });
    byId("words-form", "form").addEventListener("submit", (event) => {
      event.preventDefault();
      const words = this.#words.value.split("\n").flatMap((line) => line.trim() || []);
      void this.#order({ action: "words", words });
    });
  }

  /** Whether who looks keeps order here, and whether they say who else does. */
  show(allowed: boolean, isAdmin: boolean): void {
    this.#button.hidden = !allowed;
    this.#moderators.allow(isAdmin);
    if (!allowed) this.#side.close();
  }

  /** Something may have changed: look again, if anybody sees it. */
  async refresh(): Promise<void> {
    if (!this.#side.isOpen) return;
    const result = await this.actions.read();
    if (!result.ok) return setText(this.#state, problemText(this.texts, result.code));
    this.#fill(result.value);
  }

  async #order(order: Order): Promise<void> {
    const result = await this.actions.order(order);
    setText(this.#state, result.ok ? this.texts.moderation.done : problemText(this.texts, result.code));
    if (result.ok) await this.refresh();
  }

  #fill({ moderators, slowSeconds, words, sanctions, reports, log }: Moderation): void {
    // What somebody is writing stays.
    if (document.activeElement !== this.#slow) this.#slow.value = String(slowSeconds);
    if (document.activeElement !== this.#words) this.#words.value = words.join("\n");
    this.#moderators.fill(moderators);
    this.#list(byId("reports", "ul"), reports, (report) => this.#report(report));
    this.#list(byId("sanctions", "ul"), sanctions, (sanction) => this.#sanction(sanction));
    this.#list(byId("log", "ol"), log, (deed) => this.#deed(deed));
  }

  #list<T>(list: HTMLElement, all: readonly T[], item: (one: T) => HTMLLIElement): void {
    const none = make("li", "none", this.texts.moderation.none);
    list.replaceChildren(...(all.length === 0 ? [none] : all.map(item)));
  }

  #report(report: Report): HTMLLIElement {
    const { moderation } = this.texts;
    const { id, offset, author, text, reason, by, at } = report;
    const go = make("button", "hit", make("bdi", "author", author), " ", make("bdi", "said", cut(text)));
    go.type = "button";
    go.addEventListener("click", () => {
      if (covers()) this.#side.close();
      this.actions.goTo(offset);
    });
    const done = make("button", "quiet", moderation.resolve);
    done.type = "button";
    done.addEventListener("click", () => void this.#order({ action: "resolve", report: id }));
    const told = by === "" ? moderation.reported_by_guest : moderation.reported;
    const why = fill(told, { by: isolate(by), time: this.#time.format(at) });
    const item = make("li", "", go, make("p", "note", why, ...this.#reason(reason)), done);
    item.dataset.report = String(id);
    return item;
  }

  #sanction({ kind, name, by, reason, until }: Sanction): HTMLLIElement {
    const { moderation } = this.texts;
    const lift = make("button", "quiet", moderation.lift);
    lift.type = "button";
    lift.addEventListener("click", () => void this.#order({ action: kind === "ban" ? "unban" : "unmute", name }));
    const time = until === undefined ? moderation.for_ever : fill(moderation.until, { time: this.#time.format(until) });
    const who = make("p", "", make("bdi", "who", name), ` · ${moderation[`is_${kind}`]} · ${time}`);
    const why = make("p", "note", fill(moderation.by, { by: isolate(by) }), ...this.#reason(reason));
    const item = make("li", "", who, why, lift);
    item.dataset.sanction = kind;
    item.dataset.name = name;
    return item;
  }

  #deed({ action, name, by, reason, at }: Deed): HTMLLIElement {
    const { moderation } = this.texts;
    const key = `did_${action}`;
    const known = Object.hasOwn(moderation, key) ? moderation[key as keyof typeof moderation] : `${action}: {name}`;
    const what = fill(known, { name: isolate(name) });
    const note = `${fill(moderation.by, { by: isolate(by) })} · ${this.#time.format(at)}`;
    return make("li", "", make("p", "", what), make("p", "note", note, ...this.#reason(reason)));
  }

  #reason(reason: string): (Node | string)[] {
    return reason === "" ? [] : [" · ", make("bdi", "", reason)];
  }
}
