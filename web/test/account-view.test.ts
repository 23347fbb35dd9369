// @vitest-environment happy-dom
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { AccountApi } from "../src/account/account-api";
import { textsOf } from "../src/i18n/texts";
import { Backoff } from "../src/net/backoff";
import type { Ask, AskHttp } from "../src/net/http";
import { AccountView } from "../src/view/account";
import { byId } from "../src/view/dom";
import { VirtualClock } from "./virtual-clock";

const texts = textsOf("en");

beforeEach(() => {
  const html = readFileSync(join(import.meta.dirname, "../../server/templates/account.html"), "utf8");
  document.body.innerHTML = html.split("{% block body %}")[1]?.replace(/\{%.*?%\}/g, "") ?? "";
  delete document.body.dataset.account;
});

/** The page, and a server that answers by method and path; not at all where the answer is null. */
function setUp(answers: Record<string, [status: number, body: unknown] | null>) {
  const asked: Ask[] = [];
  const remembered: (string | null)[] = [];
  const http: AskHttp = (ask, answered) => {
    asked.push(ask);
    const answer = answers[`${ask.method} ${ask.path}`];
    const [status, body] = answer ?? [401, { code: "sign_in_required" }];
    answered(answer === null ? null : { status, body, etag: null });
    return () => {};
  };
  const clock = new VirtualClock();
  const view = new AccountView({
    ...{ language: "en", texts, api: new AccountApi(http), clock, random: () => 0.5 },
    remember: (name) => remembered.push(name),
  });
  return { asked, remembered, view, answers, clock };
}

const submit = async (id: string, values: Record<string, string>) => {
  for (const [field, value] of Object.entries(values)) byId(field, "input").value = value;
  byId(id, "form").dispatchEvent(new Event("submit", { cancelable: true }));
  await settled();
};
const settled = () => new Promise((resolve) => setTimeout(resolve));
const shown = () => [byId("guest", "div").hidden, byId("member", "div").hidden, byId("sign-out", "button").hidden];
const KIM = { name: "Kim", role: "member", rooms: [{ room: "lobby", role: "moderator" }] };

describe("the page of one's own account", () => {
  it("offers guests to sign up or in, and those who did what they can do", async () => {
    const { view, answers, remembered } = setUp({ "POST /api/sign-in": [200, KIM] });
    await view.load();
    expect([shown(), document.body.dataset.account]).toEqual([[false, true, true], ""]);
    Object.assign(answers, { "GET /api/account": [200, KIM], "GET /api/account/tokens": [200, { tokens: [] }] });
    await submit("sign-in", { "sign-in-name": "Kim", "sign-in-password": "correct horse" });
    expect([shown(), document.body.dataset.account]).toEqual([[true, false, false], "Kim"]);
    expect(byId("state", "span").textContent).toContain("Kim");
    expect(byId("role", "span").textContent).toContain("lobby");
    expect(byId("sign-in-password", "input").value, "no password stays on the page").toBe("");
    answers["POST /api/sign-out"] = [204, null];
    byId("sign-out", "button").click();
    await settled();
    expect([shown(), remembered]).toEqual([
      [false, true, true],
      [null, "Kim", null],
    ]);
  });

  it("says why it can't be done, and when it may be tried again", async () => {
    const refusal = { code: "too_many_tries", retry_after_ms: 65_000 };
    const { view, asked } = setUp({ "POST /api/accounts": [429, refusal] });
    await view.load();
    await submit("sign-up", { "sign-up-name": "Kim" });
    expect(
      asked.filter(({ method }) => method === "POST"),
      "a password is missing",
    ).toEqual([]);
    expect(byId("sign-up-problem", "p").textContent).toBe(texts.account.missing);
    await submit("sign-up", { "sign-up-name": "Kim", "sign-up-password": "x" });
    expect(byId("sign-up-problem", "p").textContent).toBe(`${texts.problem.too_many_tries} (1:05 left)`);
  });

  it("shows a token's secret once, and takes tokens back", async () => {
    const token = { id: 4, label: "<b>bot", created_at: 1, last_used_at: null };
    const { view, answers, asked } = setUp({
      "GET /api/account": [200, KIM],
      "GET /api/account/tokens": [200, { tokens: [] }],
      "POST /api/account/tokens": [201, { id: 4, label: "bot", token: "mdg_secret" }],
      "DELETE /api/account/tokens/4": [204, null],
    });
    await view.load();
    answers["GET /api/account/tokens"] = [200, { tokens: [token] }];
    await submit("token-form", { "token-label": "<b>bot" });
    expect([byId("secret", "div").hidden, document.querySelector("#secret code")?.textContent]).toEqual([
      false,
      "mdg_secret",
    ]);
    expect(document.querySelector("#tokens [data-token] .who")?.textContent).toBe("<b>bot");
    answers["GET /api/account/tokens"] = [200, { tokens: [] }];
    document.querySelector<HTMLButtonElement>("#tokens button")?.click();
    await settled();
    expect(asked.some(({ method, path }) => method === "DELETE" && path === "/api/account/tokens/4")).toBe(true);
    expect(document.querySelector("#tokens [data-token]")).toBeNull();
    expect([byId("secret", "div").hidden, document.querySelector("#secret code")?.textContent]).toEqual([true, ""]);
  });

  it("asks on while the server is away, and at once when somebody wants it", async () => {
    const { view, answers, clock, asked } = setUp({ "GET /api/account": null });
    const trouble = () => [byId("trouble", "div").hidden, document.querySelector("#trouble p")?.textContent];
    await view.load();
    expect([trouble(), byId("state", "span").textContent]).toEqual([[false, texts.account.unreachable], ""]);
    clock.advance(Backoff.FIRST_MS);
    await settled();
    expect([asked.length, trouble()]).toEqual([2, [false, texts.account.unreachable]]);
    Object.assign(answers, { "GET /api/account": [200, KIM], "GET /api/account/tokens": [200, { tokens: [] }] });
    byId("try-now", "button").focus();
    byId("try-now", "button").click();
    await settled();
    expect([trouble(), shown()]).toEqual([
      [true, ""],
      [true, false, false],
    ]);
    expect(document.activeElement?.id, "the button is gone").toBe("account-title");
    view.wake();
    clock.advance(60_000);
    await settled();
    expect(asked.filter(({ path }) => path === "/api/account").length, "that was the answer").toBe(3);
  });

  it("keeps the focus of who waits for the server, and has a place for it where that goes", async () => {
    const { view, answers } = setUp({
      "POST /api/sign-in": [200, KIM],
      "POST /api/account/tokens": [201, { id: 4, label: "bot", token: "mdg_secret" }],
      "POST /api/account/password": [403, { code: "password_wrong" }],
      "DELETE /api/account/tokens/4": [204, null],
    });
    await view.load();
    const [signIn, makeToken, change] = ["sign-in", "token-form", "password-form"].map((form) =>
      document.querySelector<HTMLButtonElement>(`#${form} [type=submit]`),
    );
    const tokens = (...ids: number[]) => ids.map((id) => ({ id, label: `${id}`, created_at: 1, last_used_at: null }));
    Object.assign(answers, { "GET /api/account": [200, KIM] });
    answers["GET /api/account/tokens"] = [200, { tokens: tokens(4, 5, 6) }];
    signIn?.focus();
    await submit("sign-in", { "sign-in-name": "Kim", "sign-in-password": "correct horse" });
    expect(document.activeElement?.id).toBe("account-title");
    makeToken?.focus();
    await submit("token-form", { "token-label": "bot" });
    expect(document.activeElement).toBe(makeToken);
    change?.focus();
    await submit("password-form", { "password-now": "x", "password-new": "correct horse" });
    expect([document.activeElement, change?.getAttribute("aria-disabled")]).toEqual([change, null]);
    answers["GET /api/account/tokens"] = [200, { tokens: tokens(5, 6) }];
    const revoke = document.querySelector<HTMLButtonElement>("#tokens button");
    revoke?.focus();
    revoke?.click();
    await settled();
    expect(document.activeElement?.closest("li")?.dataset.token, "the next one").toBe("5");
  });

  it("says once that the password was changed, and still who is signed in", async () => {
    const { view, asked } = setUp({
      "GET /api/account": [200, KIM],
      "GET /api/account/tokens": [200, { tokens: [] }],
      "POST /api/account/password": [204, null],
    });
    await view.load();
    const fields = { "password-now": "x", "password-new": "correct horse" };
    const [first] = [submit("password-form", fields), submit("password-form", fields)];
    await first;
    expect(asked.filter(({ method }) => method === "POST").length, "pressed twice").toBe(1);
    expect(byId("password-done", "p").textContent).toBe(texts.account.password_changed);
    expect(byId("state", "span").textContent).toContain("Kim");
  });
});
