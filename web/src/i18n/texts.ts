import en from "./en.json";
import ko from "./ko.json";

/** Every text of the pages; the templates use the same tables. */
export type Texts = typeof en;
export type Language = "en" | "ko";

const tables: Record<Language, Texts> = { en, ko };

export function isLanguage(value: unknown): value is Language {
  return value === "en" || value === "ko";
}

export function textsOf(language: Language): Texts {
  return tables[language];
}

/** Puts values into the `{name}` places of a text. A place without a value stays visible, as a mistake should. */
export function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (place, name: string) => String(values[name] ?? place));
}

/** The form for `count` of a language that knows one and other; Korean has the same for both. */
export function plural(language: Language, count: number, one: string, other: string): string {
  const rule = new Intl.PluralRules(language).select(count);
  return fill(rule === "one" ? one : other, { count: new Intl.NumberFormat(language).format(count) });
}
