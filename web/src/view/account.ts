import type { Account, AccountApi } from "../account/account-api";
import { Persistence } from "../account/persistence";
import type { Result } from "../chat/room-api";
import { fill, type Language, type Texts } from "../i18n/texts";
import type { Clock } from "../net/clock";
import { enableForm, isBusy, refusal, whileBusy } from "./account-form";
import { AccountTokens } from "./account-tokens";
import { byId, isolate, part, setText } from "./dom";

export interface AccountSettings {
  language: Language;
  texts: Texts;
  api: AccountApi;
  clock: Clock;
  /** A number in [0, 1), for jitter. */
  random: () => number;
  /** Remembers who is signed in, if anybody is, for pages that needn't ask otherwise. */
  remember(name: string | null): void;
}

/** The page of one's own account: signing up, in and out, the password, and tokens for programs. */
export class AccountView {
  readonly #state = byId("state", "span");
  readonly #problem = byId("problem", "p");
  readonly #trouble = byId("trouble", "div");
  readonly #tryNow = byId("try-now", "button");
  readonly #guest = [byId("guest", "div")];
  readonly #member = [byId("member", "div"), byId("sign-out", "button")];
  readonly #tokens: AccountTokens;
  readonly #persistence: Persistence;

  constructor(private readonly settings: AccountSettings) {
    const { language, texts, api, clock, random } = settings;
    this.#tokens = new AccountTokens(language, texts, api);
    this.#persistence = new Persistence(
      () => this.#ask(),
      clock,
      random,
      (trying) => this.#tryNow.setAttribute("aria-disabled", String(trying)),
    );
    enableForm(texts, "sign-in", ["sign-in-name", "sign-in-password"], async ([name, password]) => {
      return this.#entered(await api.signIn(name, password));
    });
    enableForm(texts, "sign-up", ["sign-up-name", "sign-up-password"], async ([name, password]) => {
      return this.#entered(await api.signUp(name, password));
    });
    const done = byId("password-done", "p");
    enableForm(texts, "password-form", ["password-now", "password-new"], async ([now, fresh]) => {
      setText(done, "");
      const result = await api.changePassword(now, fresh);
      if (result.ok) setText(done, texts.account.password_changed);
      return result;
    });
    const signOut = byId("sign-out", "button");
    signOut.addEventListener("click", () => {
      if (!isBusy(signOut)) void whileBusy(signOut, () => this.#signOut());
    });
    this.#tryNow.addEventListener("click", () => this.wake());
  }

  /** Asks who is signed in, until the server says it, and shows what they can do. */
  load(): Promise<void> {
    return this.#persistence.ask();
  }

  /** Something suggests that the network is back. */
  wake(): void {
    this.#persistence.wake();
  }

  async #ask(): Promise<number | null> {
    const { api, texts } = this.settings;
    let result: Result<unknown> = await api.me();
    if (result.ok && result.value === null) this.showGuest();
    else if (result.ok) {
      this.#showMember(result.value as Account);
      result = await this.#tokens.load();
    }
    this.#showTrouble(
      result.ok ? "" : result.code === "no_answer" ? texts.account.unreachable : refusal(texts, result),
    );
    return result.ok ? null : (result.retryAfterMs ?? 0);
  }

  async #entered(result: Result<Account>): Promise<Result<Account>> {
    // What the account may do is said to those who are signed in.
    if (result.ok) await this.load();
    return result;
  }

  async #signOut(): Promise<void> {
    const result = await this.settings.api.signOut();
    if (result.ok) this.showGuest();
    setText(this.#problem, result.ok ? "" : refusal(this.settings.texts, result));
  }

  /** Shows what somebody can do who isn't signed in. */
  showGuest(): void {
    document.body.dataset.account = "";
    this.settings.remember(null);
    setText(this.#state, "");
    setText(byId("role", "span"), "");
    this.#swap(this.#member, this.#guest);
    this.#tokens.hideSecret();
    setText(byId("password-done", "p"), "");
  }

  #showMember({ name, role, rooms }: Account): void {
    const { signed_in, role_admin, role_moderator } = this.settings.texts.account;
    const kept = rooms.map(({ room }) => isolate(room)).join(", ");
    document.body.dataset.account = name;
    this.settings.remember(name);
    setText(this.#state, fill(signed_in, { name: isolate(name) }));
    setText(
      byId("role", "span"),
      role === "admin" ? role_admin : kept === "" ? "" : fill(role_moderator, { rooms: kept }),
    );
    this.#swap(this.#guest, this.#member);
  }

  /** Why it isn't known who is signed in, or what they have; nothing once it is. */
  #showTrouble(sentence: string): void {
    if (sentence !== "" && document.body.dataset.account === undefined) setText(this.#state, "");
    this.#replace([this.#trouble], sentence === "");
    setText(part(this.#trouble, "p"), sentence);
  }

  #swap(gone: readonly HTMLElement[], come: readonly HTMLElement[]): void {
    for (const element of come) element.hidden = false;
    this.#replace(gone, true);
  }

  /** Who did something in what goes now goes on at the top of the page. */
  #replace(elements: readonly HTMLElement[], hidden: boolean): void {
    const focused = hidden && elements.some((element) => element.contains(document.activeElement));
    for (const element of elements) element.hidden = hidden;
    if (focused) byId("account-title", "h1").focus();
  }
}
