import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { fill, plural, textsOf } from "../src/i18n/texts";

type Table = Record<string, Record<string, string>>;
const en: Table = textsOf("en");
const ko: Table = textsOf("ko");
const flat = (table: Table) =>
  Object.entries(table).flatMap(([group, texts]) =>
    Object.entries(texts).map(([key, text]) => [`${group}.${key}`, text] as const),
  );
const places = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([place]) => place).sort();
const templates = new URL("../../server/templates/", import.meta.url);

describe("the texts", () => {
  it("are the same set in both languages, with the same places for values", () => {
    expect(flat(ko).map(([key]) => key)).toEqual(flat(en).map(([key]) => key));
    const korean = new Map(flat(ko));
    for (const [key, text] of flat(en)) expect(places(korean.get(key) ?? ""), key).toEqual(places(text));
  });

  it("hold everything that the templates ask for, and the templates hold no text of their own", () => {
    const known = new Set(flat(en).map(([key]) => key));
    for (const name of readdirSync(templates)) {
      const html = readFileSync(new URL(name, templates), "utf8");
      for (const [, key] of html.matchAll(/\{\{ t\.([\w.]+) \}\}/g)) expect(known, `${name}: ${key}`).toContain(key);
      const words = html.replace(/\{% block page %\}\w+|\{[{%].*?[%}]\}|<[^>]*>/gs, "").match(/\p{L}{2,}/gu);
      expect(words, name).toBeNull();
    }
  });

  it("fill in values and leave a missing one visible", () => {
    expect(fill("{a} and {b}", { a: "<i>$&</i>" })).toBe("<i>$&</i> and {b}");
    expect(plural("en", 1, "{count} person", "{count} people")).toBe("1 person");
    expect(plural("en", 1200, "{count} person", "{count} people")).toBe("1,200 people");
    expect(plural("ko", 1, "{count}명", "{count}명")).toBe("1명");
  });
});
