// @vitest-environment happy-dom
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { AccountApi } from "../src/account/account-api";
import { textsOf } from "../src/i18n/texts";
import type { Ask, AskHttp } from "../src/net/http";
import { AccountView } from "../src/view/account";
import { byId } from "../src/view/dom";

const texts = textsOf("en");

beforeEach(() => {
  const html = readFileSync(join(import.meta.dirname, "../../server/templates/account.html"), "utf8");
  document.body.innerHTML = html.split("{% block body %}")[1]?.replace(/\{%.*?%\}/g, "") ?? "";
  delete document.body.dataset.account;
});

/** The page, and a server that answers by method and path. */
function setUp(answers: Record<string, [status: number, body: unknown]>) {
  const asked: Ask[] = [];
  const remembered: (string | null)[] = [];
  const http: AskHttp = (ask, answered) => {
    asked.push(ask);
    const [status, body] = answers[`${ask.method} ${ask.path}`] ?? [401, { code: "sign_in_required" }];
    answered({ status, body, etag: null });
    return () => {};
  };
  const view = new AccountView("en", texts, new AccountApi(http), (name) => remembered.push(name));
  return { asked, remembered, view, answers };
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
  });
});
