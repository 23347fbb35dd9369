import { atomAt, CodeEnds, isWord } from "./markdown-atoms";

export { safeHref } from "./markdown-atoms";

/** A part of a message that starts on a line of its own. */
export type Block =
  | { kind: "paragraph"; children: Inline[] }
  | { kind: "quote"; children: Block[] }
  | { kind: "list"; ordered: boolean; start: number; items: Inline[][] }
  | { kind: "code"; text: string };

/** A part of a line. A text may hold line breaks. */
export type Inline =
  | { kind: "text"; text: string }
  | { kind: "code"; text: string }
  | { kind: "mention"; name: string }
  | { kind: "bold" | "italic"; children: Inline[] }
  | { kind: "link"; href: string; children: Inline[] };

/** Quotes within quotes that are still read as such; deeper ones are text. */
export const MAX_DEPTH = 5;
/** Marks that may wait for their end at once; more are text. */
export const MAX_OPEN = 20;

/**
 * Reads a message as a small part of Markdown: **bold**, *italic*, `code`, code blocks, quotes, lists and links. There is no HTML in it, so
 * whatever looks like that is text. What isn't closed is text, too. `mentions` are the names that the server has found in it.
 */
export function readMarkdown(text: string, mentions: readonly string[] = []): Block[] {
  return readBlocks(text.split("\n"), byLength(mentions), 0);
}

/** What is left of a message when its marks are taken away: for those who listen, and where there is one line for it. */
export function plainText(blocks: readonly Block[]): string {
  return blocks.map(plainBlock).join("\n");
}

const FENCE = /^```[\w+#.-]*\s*$/;
const QUOTE = /^> ?/;
const ITEM = /^(?:[-*]|(\d{1,9})[.)])[ \t]+(?=\S)/;

function readBlocks(lines: readonly string[], mentions: readonly string[], depth: number): Block[] {
  const blocks: Block[] = [];
  let paragraph: string[] = [];
  const endParagraph = () => {
    while (paragraph.at(-1)?.trim() === "") paragraph.pop();
    if (paragraph.length > 0) {
      blocks.push({ kind: "paragraph", children: readInline(paragraph.join("\n"), mentions) });
    }
    paragraph = [];
  };
  for (let line = 0; line < lines.length; ) {
    const found = blockAt(lines, line, mentions, depth);
    if (found === null) {
      const text = lines[line] ?? "";
      // Blank lines within a message are its author's business, those around other blocks are not.
      if (text.trim() !== "" || paragraph.length > 0) paragraph.push(text);
      line += 1;
      continue;
    }
    endParagraph();
    blocks.push(found.block);
    line = found.next;
  }
  endParagraph();
  return blocks;
}

/** The block that starts at a line and isn't a paragraph. */
function blockAt(
  lines: readonly string[],
  line: number,
  mentions: readonly string[],
  depth: number,
): { block: Block; next: number } | null {
  const first = lines[line] ?? "";
  if (FENCE.test(first)) {
    const end = lines.findIndex((text, place) => place > line && text.trimEnd() === "```");
    if (end !== -1) return { block: { kind: "code", text: lines.slice(line + 1, end).join("\n") }, next: end + 1 };
  }
  if (QUOTE.test(first) && depth < MAX_DEPTH) {
    const next = endOf(lines, line, (text) => QUOTE.test(text));
    const inner = lines.slice(line, next).map((text) => text.replace(QUOTE, ""));
    return { block: { kind: "quote", children: readBlocks(inner, mentions, depth + 1) }, next };
  }
  const number = ITEM.exec(first)?.[1];
  if (ITEM.test(first)) {
    const ordered = number !== undefined;
    const next = endOf(lines, line, (text) => {
      const item = ITEM.exec(text);
      return item !== null && (item[1] !== undefined) === ordered;
    });
    const items = lines.slice(line, next).map((text) => readInline(text.replace(ITEM, ""), mentions));
    return { block: { kind: "list", ordered, start: Number(number ?? 1), items }, next };
  }
  return null;
}

function endOf(lines: readonly string[], start: number, is: (text: string) => boolean): number {
  let end = start;
  while (end < lines.length && is(lines[end] ?? "")) end += 1;
  return end;
}

/** A mark that something may begin with, and where its content is. */
interface Opened {
  mark: "**" | "*" | "_";
  nodes: Inline[];
}

/** Goes over the text once; each mark is either the end of what the last one like it began, or begins something itself. */
function readInline(text: string, mentions: readonly string[]): Inline[] {
  const closers = new CodeEnds(text);
  const stack: Opened[] = [];
  const root: Inline[] = [];
  const nodes = () => stack.at(-1)?.nodes ?? root;
  let place = 0;
  while (place < text.length) {
    const atom = atomAt(text, place, mentions, closers);
    const mark = atom === null ? markAt(text, place, stack.at(-1)) : null;
    if (atom !== null) {
      add(nodes(), atom.node);
      place = atom.next;
    } else if (mark !== null) {
      if (!close(text, place, mark, stack, root)) open(text, place, mark, stack, root);
      place += mark.length;
    } else {
      const next = nextSpecial(text, place + 1);
      addText(nodes(), text.slice(place, next));
      place = next;
    }
  }
  while (stack.length > 0) giveUp(stack, root);
  return root;
}

/** Begins something, or is text. */
function open(text: string, place: number, mark: Opened["mark"], stack: Opened[], root: Inline[]): void {
  if (stack.length < MAX_OPEN && canOpen(text, place, mark)) stack.push({ mark, nodes: [] });
  else addText(stack.at(-1)?.nodes ?? root, mark);
}

const SPECIAL = /[*_`[\\@h]/g;

function nextSpecial(text: string, place: number): number {
  SPECIAL.lastIndex = place;
  return SPECIAL.exec(text)?.index ?? text.length;
}

function markAt(text: string, place: number, last: Opened | undefined): Opened["mark"] | null {
  // Of three asterisks that end something the first are those of what began last.
  if (last?.mark === "*" && text.startsWith("***", place)) return "*";
  if (text.startsWith("**", place)) return "**";
  const char = text[place];
  return char === "*" || char === "_" ? char : null;
}

/** A mark begins something if a word follows; `_` isn't one within a word, such as a file's name. */
function canOpen(text: string, place: number, mark: string): boolean {
  const after = text[place + mark.length];
  if (after === undefined || /\s/.test(after)) return false;
  return mark !== "_" || !isWord(text[place - 1]);
}

function canClose(text: string, place: number, mark: string): boolean {
  const before = text[place - 1];
  if (before === undefined || /\s/.test(before)) return false;
  return mark !== "_" || !isWord(text[place + 1]);
}

/** Ends what the last mark like this one began. What was begun since then is text. */
function close(text: string, place: number, mark: Opened["mark"], stack: Opened[], root: Inline[]): boolean {
  const index = stack.findLastIndex((one) => one.mark === mark);
  if (index === -1 || !canClose(text, place, mark)) return false;
  while (stack.length > index + 1) giveUp(stack, root);
  const opened = stack.pop();
  if (opened === undefined) return false;
  const parent = stack.at(-1)?.nodes ?? root;
  if (opened.nodes.length === 0) addText(parent, mark + mark);
  else parent.push({ kind: mark === "**" ? "bold" : "italic", children: opened.nodes });
  return true;
}

/** The last mark began nothing: it is text, and so is what follows it. */
function giveUp(stack: Opened[], root: Inline[]): void {
  const opened = stack.pop();
  if (opened === undefined) return;
  const parent = stack.at(-1)?.nodes ?? root;
  addText(parent, opened.mark);
  for (const node of opened.nodes) add(parent, node);
}

function add(nodes: Inline[], node: Inline): void {
  if (node.kind === "text") addText(nodes, node.text);
  else nodes.push(node);
}

function addText(nodes: Inline[], text: string): void {
  const last = nodes.at(-1);
  if (last?.kind === "text") last.text += text;
  else if (text !== "") nodes.push({ kind: "text", text });
}

/** The longest name that fits is meant. */
function byLength(names: readonly string[]): string[] {
  return [...names].sort((a, b) => b.length - a.length);
}

function plainBlock(block: Block): string {
  switch (block.kind) {
    case "paragraph":
      return plainInline(block.children);
    case "quote":
      return plainText(block.children);
    case "list":
      return block.items.map(plainInline).join("\n");
    case "code":
      return block.text;
  }
}

function plainInline(nodes: readonly Inline[]): string {
  return nodes
    .map((node) => {
      if (node.kind === "mention") return `@${node.name}`;
      return "text" in node ? node.text : plainInline(node.children);
    })
    .join("");
}
