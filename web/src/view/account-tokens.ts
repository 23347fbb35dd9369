import type { AccountApi, MadeToken, Token } from "../account/account-api";
import type { Result } from "../chat/room-api";
import { fill, type Language, type Texts } from "../i18n/texts";
import { enableForm, isBusy, refusal, whileBusy } from "./account-form";
import { byId, make, part, setText } from "./dom";

/** The tokens of an account: making one, whose secret is shown once, and taking them back. */
export class AccountTokens {
  readonly #list = byId("tokens", "ul");
  readonly #problem = byId("token-problem", "p");
  readonly #secret = byId("secret", "div");
  readonly #time: Intl.DateTimeFormat;
  /** Whose secret is shown. */
  #shown: Token["id"] | null = null;

  constructor(
    language: Language,
    private readonly texts: Texts,
    private readonly api: AccountApi,
  ) {
    this.#time = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
    enableForm(texts, "token-form", ["token-label"], async ([label]) => {
      const result = await api.makeToken(label);
      if (!result.ok) return result;
      this.#show(result.value);
      return this.load();
    });
  }

  async load(): Promise<Result<unknown>> {
    const result = await this.api.tokens();
    if (!result.ok) return result;
    const none = make("li", "none", this.texts.account.token_none);
    const items = result.value.map((token) => this.#item(token));
    this.#list.replaceChildren(...(items.length === 0 ? [none] : items));
    return result;
  }

  /** Nobody's secret is shown any more. */
  hideSecret(): void {
    this.#show(null);
  }

  #show(made: MadeToken | null): void {
    this.#shown = made?.id ?? null;
    setText(part(this.#secret, "code"), made?.secret ?? "");
    this.#secret.hidden = made === null;
  }

  #item({ id, label, createdAt, lastUsedAt }: Token): HTMLLIElement {
    const { token_revoke, token_revoke_what, token_never, token_used } = this.texts.account;
    const made = this.#time.format(createdAt);
    const used = lastUsedAt === undefined ? token_never : token_used;
    const note = fill(used, { made, used: lastUsedAt === undefined ? "" : this.#time.format(lastUsedAt) });
    const revoke = make("button", "quiet", token_revoke);
    revoke.type = "button";
    revoke.setAttribute("aria-label", fill(token_revoke_what, { label }));
    revoke.addEventListener("click", () => void this.#revoke(id, revoke));
    const item = make("li", "", make("p", "", make("bdi", "who", label)), make("p", "note", note), revoke);
    item.dataset.token = String(id);
    return item;
  }

  async #revoke(id: Token["id"], button: HTMLButtonElement): Promise<void> {
    if (isBusy(button)) return;
    const place = this.#buttons.indexOf(button);
    const result = await whileBusy(button, () => this.api.revokeToken(id));
    if (result.ok && id === this.#shown) this.hideSecret();
    const list = await this.load();
    const failed = [result, list].find((one) => !one.ok);
    setText(this.#problem, failed === undefined || failed.ok ? "" : refusal(this.texts, failed));
    // The row is gone, or is another element now: the focus goes to what is there instead.
    if (list.ok) (this.#buttons[place] ?? this.#buttons.at(-1) ?? byId("token-label", "input")).focus();
  }

  get #buttons(): HTMLButtonElement[] {
    return [...this.#list.querySelectorAll("button")];
  }
}
