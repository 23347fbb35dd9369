import { fill, type Texts } from "../i18n/texts";

/** A readable sentence for a code of the protocol or of this page. */
export function problemText(texts: Texts, code: string): string {
  const known = code !== "other" && Object.hasOwn(texts.problem, code);
  return known ? texts.problem[code as keyof Texts["problem"]] : fill(texts.problem.other, { code });
}
