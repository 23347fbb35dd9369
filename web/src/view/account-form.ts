import type { Result } from "../chat/room-api";
import { fill, type Texts } from "../i18n/texts";
import { byId, part, setText } from "./dom";
import { timeLeft } from "./hold-line";
import { problemText } from "./problem";

/**
 * A form of the account page, of fields that are all needed. `run` does what it is for, with what stands in them; it
 * isn't done twice at once.
 */
export function enableForm<const F extends readonly string[]>(
  texts: Texts,
  id: string,
  fields: F,
  run: (values: { [K in keyof F]: string }) => Promise<Result<unknown>>,
): void {
  const inputs = fields.map((field) => byId(field, "input"));
  const form = byId(id, "form");
  const problem = part(form, ".problem");
  const button = part(form, "[type=submit]");
  const submit = async () => {
    if (isBusy(button)) return;
    const missing = inputs.find((input) => input.value === "");
    setText(problem, missing === undefined ? "" : texts.account.missing);
    if (missing !== undefined) return missing.focus();
    const result = await whileBusy(button, () => run(inputs.map(({ value }) => value) as { [K in keyof F]: string }));
    if (result.ok) for (const input of inputs) input.value = "";
    else setText(problem, refusal(texts, result));
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

/** Marks a button as busy meanwhile. Disabled, it would lose the focus in the middle of what somebody does with the keyboard. */
export async function whileBusy<T>(button: HTMLElement, run: () => Promise<T>): Promise<T> {
  button.setAttribute("aria-disabled", "true");
  const result = await run();
  button.removeAttribute("aria-disabled");
  return result;
}

export function isBusy(button: HTMLElement): boolean {
  return button.getAttribute("aria-disabled") === "true";
}

/** Why the server did something not, as a sentence, and when it may be tried again. */
export function refusal(texts: Texts, { code, retryAfterMs }: Result<unknown> & { ok: false }): string {
  const left = timeLeft(retryAfterMs ?? 0);
  const wait = left === "" ? "" : ` (${fill(texts.connection.time_left, { time: left })})`;
  return `${problemText(texts, code)}${wait}`;
}
