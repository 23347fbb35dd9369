/** Where somebody is writing a name after an `@`. */
export interface Wanted {
  /** Of the `@`. */
  start: number;
  /** What there is of the name. */
  query: string;
}

/** Names offered at once; more are narrowed down by writing on. */
export const MAX_OFFERED = 8;
/** Characters of a name, as in the protocol. */
const NAME_CHARS = 40;

/** The name that is being written where the caret is, if one is. */
export function wantedAt(text: string, caret: number): Wanted | null {
  const start = text.lastIndexOf("@", caret - 1);
  if (start === -1 || caret - start - 1 > NAME_CHARS) return null;
  const query = text.slice(start + 1, caret);
  // In a mail address there is something before the `@`.
  const before = text[start - 1];
  if (query.includes("\n") || query.startsWith(" ") || (before !== undefined && /[\p{L}\p{N}]/u.test(before)))
    return null;
  return { start, query };
}

/** Names that may be meant, in their order. A syllable that is still being put together counts by the letters that it has so far. */
export function offered(names: readonly string[], query: string): string[] {
  const wanted = beginnings(query.toLocaleLowerCase());
  return names
    .filter((name) => wanted.some((one) => name.toLocaleLowerCase().normalize("NFD").startsWith(one)))
    .slice(0, MAX_OFFERED);
}

/** The letters of Hangul as keyboards give them: those that begin a syllable, and those that end one, in Unicode's order. */
const FIRST = [..."ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"];
const LAST = [..."ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"];
const FIRST_AT = 0x1100;
const LAST_AT = 0x11a8;

/** The query in single letters; if a letter ends it, that may as well begin the next syllable. */
function beginnings(query: string): string[] {
  const letters = [...query.normalize("NFD")].map(firstLetter);
  const last = letters.at(-1)?.codePointAt(0) ?? 0;
  const ending = LAST[last - LAST_AT];
  const plain = letters.join("");
  if (ending === undefined) return [plain];
  return [plain, [...letters.slice(0, -1), firstLetter(ending)].join("")];
}

function firstLetter(letter: string): string {
  const place = FIRST.indexOf(letter);
  return place === -1 ? letter : String.fromCodePoint(FIRST_AT + place);
}
