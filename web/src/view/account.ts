import type { Account, AccountApi, Token } from "../account/account-api";
import type { Result } from "../chat/room-api";
import { fill, type Language, type Texts } from "../i18n/texts";
import { byId, isolate, make, part, setText } from "./dom";
import { timeLeft } from "./hold-line";
import { problemText } from "./problem";

/** The page of one's own account: signing up, in and out, the password, and tokens for programs. */
export class AccountView {
  readonly #state = byId("state", "span");
  readonly #secret = byId("secret", "div");
  readonly #time: Intl.DateTimeFormat;

  constructor(
    language: Language,
    private readonly texts: Texts,
    private readonly api: AccountApi,
    /** Remembers who is signed in, if anybody is, for pages that needn't ask otherwise. */
    private readonly remember: (name: string | null) => void,
  ) {
    this.#time = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
    this.#form("sign-in", ["sign-in-name", "sign-in-password"], async ([name, password]) => {
      return this.#entered(await api.signIn(name, password));
    });
    this.#form("sign-up", ["sign-up-name", "sign-up-password"], async ([name, password]) => {
      return this.#entered(await api.signUp(name, password));
    });
    this.#form("password-form", ["password-now", "password-new"], async ([now, fresh]) => {
      const result = await api.changePassword(now, fresh);
      if (result.ok) setText(this.#state, texts.account.password_changed);
      return result;
    });
    this.#form("token-form", ["token-label"], async ([label]) => {
      const result = await api.makeToken(label);
      if (result.ok) await this.#made(result.value);
      return result;
    });
    byId("sign-out", "button").addEventListener("click", () => void this.#signOut());
  }

  /** Asks who is signed in, and shows what they can do. */
  async load(): Promise<void> {
    const result = await this.api.me();
    if (!result.ok) setText(this.#state, this.#sentence(result));
    else if (result.value === null) this.showGuest();
    else await this.#showMember(result.value);
  }

  /** A form of fields that are all needed. `run` does what it is for. */
  #form<const F extends readonly string[]>(
    id: string,
    fields: F,
    run: (values: { [K in keyof F]: string }) => Promise<Result<unknown>>,
  ): void {
    const inputs = fields.map((field) => byId(field, "input"));
    const form = byId(id, "form");
    const problem = part(form, ".problem");
    const button = part(form, "[type=submit]") as HTMLButtonElement;
    const submit = async () => {
      const missing = inputs.find((input) => input.value === "");
      if (missing !== undefined) return missing.focus();
      setText(problem, "");
      button.disabled = true;
      const result = await run(inputs.map((input) => input.value) as { [K in keyof F]: string });
      button.disabled = false;
      if (result.ok) for (const input of inputs) input.value = "";
      else setText(problem, this.#sentence(result));
    };
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void submit();
    });
    // Enter that ends a composition is the input method's, not the form's.
    form.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.isComposing || event.keyCode === 229)) event.preventDefault();
    });
  }

  async #entered(result: Result<Account>): Promise<Result<Account>> {
    // What the account may do is said to those who are signed in.
    if (result.ok) await this.load();
    return result;
  }

  async #signOut(): Promise<void> {
    const result = await this.api.signOut();
    if (result.ok) this.showGuest();
    else setText(this.#state, this.#sentence(result));
  }

  /** Shows what somebody can do who isn't signed in. */
  showGuest(): void {
    document.body.dataset.account = "";
    this.remember(null);
    setText(this.#state, "");
    setText(byId("role", "span"), "");
    byId("guest", "div").hidden = false;
    for (const element of [byId("member", "div"), byId("sign-out", "button")]) element.hidden = true;
    this.#secret.hidden = true;
    setText(part(this.#secret, "code"), "");
  }

  async #showMember({ name, role, rooms }: Account): Promise<void> {
    const { signed_in, role_admin, role_moderator } = this.texts.account;
    const kept = rooms.map(({ room }) => isolate(room)).join(", ");
    document.body.dataset.account = name;
    this.remember(name);
    setText(this.#state, fill(signed_in, { name: isolate(name) }));
    setText(
      byId("role", "span"),
      role === "admin" ? role_admin : kept === "" ? "" : fill(role_moderator, { rooms: kept }),
    );
    byId("guest", "div").hidden = true;
    for (const element of [byId("member", "div"), byId("sign-out", "button")]) element.hidden = false;
    await this.#loadTokens();
  }

  async #loadTokens(): Promise<void> {
    const result = await this.api.tokens();
    if (!result.ok) return setText(this.#state, this.#sentence(result));
    const none = make("li", "none", this.texts.account.token_none);
    const items = result.value.map((token) => this.#token(token));
    byId("tokens", "ul").replaceChildren(...(items.length === 0 ? [none] : items));
  }

  #token({ id, label, createdAt, lastUsedAt }: Token): HTMLLIElement {
    const { token_revoke, token_revoke_what, token_never, token_used } = this.texts.account;
    const made = this.#time.format(createdAt);
    const used = lastUsedAt === undefined ? token_never : token_used;
    const note = fill(used, { made, used: lastUsedAt === undefined ? "" : this.#time.format(lastUsedAt) });
    const revoke = make("button", "quiet", token_revoke);
    revoke.type = "button";
    revoke.setAttribute("aria-label", fill(token_revoke_what, { label }));
    revoke.addEventListener("click", () => void this.#revoke(id));
    const item = make("li", "", make("p", "", make("bdi", "who", label)), make("p", "note", note), revoke);
    item.dataset.token = String(id);
    return item;
  }

  async #made(secret: string): Promise<void> {
    setText(part(this.#secret, "code"), secret);
    this.#secret.hidden = false;
    await this.#loadTokens();
  }

  async #revoke(id: Token["id"]): Promise<void> {
    const result = await this.api.revokeToken(id);
    if (!result.ok) setText(this.#state, this.#sentence(result));
    await this.#loadTokens();
    byId("token-label", "input").focus();
  }

  #sentence({ code, retryAfterMs }: Result<unknown> & { ok: false }): string {
    const left = timeLeft(retryAfterMs ?? 0);
    const wait = left === "" ? "" : ` (${fill(this.texts.connection.time_left, { time: left })})`;
    return `${problemText(this.texts, code)}${wait}`;
  }
}
