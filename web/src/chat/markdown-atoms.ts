import type { Inline } from "./markdown";

const ESCAPED = /\\([\\*_`[\]()>~#@-])/y;
const LINK = /\[([^[\]\n]{1,500})\]\(([^\s()<>]{1,2000})\)/y;
const ADDRESS = /https?:\/\/[^\s<>"`]{1,2000}/y;
/** What stands after an address rather than in it. */
const AFTER_ADDRESS = /[.,:;!?'*_~)\]}]+$/;

export interface Atom {
  node: Inline;
  /** Where it goes on behind it. */
  next: number;
}

/** What begins at `place` and ends without marks within: code, a link, a name. Null for anything else. */
export function atomAt(text: string, place: number, mentions: readonly string[], ends: CodeEnds): Atom | null {
  switch (text[place]) {
    case "`":
      return ends.at(place);
    case "\\":
      return escapedAt(text, place);
    case "[":
      return linkAt(text, place);
    case "@":
      return mentionAt(text, place, mentions);
    case "h":
      return addressAt(text, place);
    default:
      return null;
  }
}

export function isWord(char: string | undefined): boolean {
  return char !== undefined && /[\p{L}\p{N}]/u.test(char);
}

function escapedAt(text: string, place: number): Atom | null {
  const escaped = at(ESCAPED, text, place);
  return escaped === null ? null : { node: { kind: "text", text: escaped[1] ?? "" }, next: place + 2 };
}

function linkAt(text: string, place: number): Atom | null {
  const link = at(LINK, text, place);
  const href = safeHref(link?.[2] ?? "");
  if (link === null || href === null) return null;
  const children: Inline[] = [{ kind: "text", text: link[1] ?? "" }];
  return { node: { kind: "link", href, children }, next: place + link[0].length };
}

function mentionAt(text: string, place: number, mentions: readonly string[]): Atom | null {
  const name = isWord(text[place - 1]) ? undefined : mentions.find((one) => text.startsWith(one, place + 1));
  return name === undefined ? null : { node: { kind: "mention", name }, next: place + 1 + name.length };
}

function addressAt(text: string, place: number): Atom | null {
  const found = isWord(text[place - 1]) ? null : at(ADDRESS, text, place);
  const address = trimmed(found?.[0] ?? "");
  const href = safeHref(address);
  if (href === null) return null;
  return { node: { kind: "link", href, children: [{ kind: "text", text: address }] }, next: place + address.length };
}

function at(pattern: RegExp, text: string, place: number): RegExpExecArray | null {
  pattern.lastIndex = place;
  return pattern.exec(text);
}

/** Without what belongs to the sentence around it; a closing bracket stays where it closes one of the address. */
function trimmed(address: string): string {
  const short = address.replace(AFTER_ADDRESS, "");
  return address[short.length] === ")" && short.includes("(") && !short.includes(")") ? `${short})` : short;
}

/** The address, if following it does no harm: others run scripts, or reach into this machine. */
export function safeHref(address: string): string | null {
  try {
    const { protocol, href } = new URL(address);
    return ["http:", "https:", "mailto:"].includes(protocol) ? href : null;
  } catch {
    return null;
  }
}

/** Finds where code ends that begins with some number of backticks, without looking twice for what isn't there. */
export class CodeEnds {
  readonly #none = new Set<number>();

  constructor(private readonly text: string) {}

  at(place: number): Atom {
    const run = this.#runAt(place);
    const start = place + run;
    const end = this.#none.has(run) ? -1 : this.#find(run, start);
    if (end === -1) {
      this.#none.add(run);
      return { node: { kind: "text", text: "`".repeat(run) }, next: start };
    }
    const inner = this.text.slice(start, end);
    // A blank on both sides lets code begin or end with a backtick.
    const code = /^ .*[^ ].* $/s.test(inner) ? inner.slice(1, -1) : inner;
    return { node: { kind: "code", text: code }, next: end + run };
  }

  #find(run: number, from: number): number {
    for (let place = this.text.indexOf("`", from); place !== -1; place = this.text.indexOf("`", place)) {
      const length = this.#runAt(place);
      if (length === run) return place;
      place += length;
    }
    return -1;
  }

  #runAt(place: number): number {
    let end = place;
    while (this.text[end] === "`") end += 1;
    return end - place;
  }
}
