import { readFileSync } from "node:fs";
import { join } from "node:path";
import { textsOf } from "../src/i18n/texts";

/** What the page says. */
export const texts = textsOf("en");

/** The template as the server would give it, less the values that nobody looks at here. */
export function loadChat(): void {
  const html = readFileSync(join(import.meta.dirname, "../../server/templates/chat.html"), "utf8");
  document.body.innerHTML = html.split("{% block body %}")[1]?.replace(/\{%.*?%\}/g, "") ?? "";
}

export const one = <E extends HTMLElement>(selector: string) => document.querySelector<E>(selector);
export const all = <E extends HTMLElement>(selector: string) => [...document.querySelectorAll<E>(selector)];
export const press = (target: Element | null, key: string, more: KeyboardEventInit = {}) => {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more });
  target?.dispatchEvent(event);
  return event;
};
export const settled = async () => {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
};
