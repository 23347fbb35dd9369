import { type Block, type Inline, readMarkdown } from "../chat/markdown";
import { make } from "./dom";

/** Characters that turn the direction of what follows: what has one in it is kept apart, so that it can't turn its surroundings. */
const TURNING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

/** A message as elements. Every text in it is a text node; an address is one that the parser has let through. */
export function renderMarkdown(text: string, mentions: readonly string[], me: string): Node[] {
  const [only, ...more] = readMarkdown(text, mentions);
  // Most messages are one paragraph, which needs no element of its own.
  if (only?.kind === "paragraph" && more.length === 0) return inline(only.children, me);
  return only === undefined ? [] : [only, ...more].map((block) => blockOf(block, me));
}

function blockOf(block: Block, me: string): HTMLElement {
  switch (block.kind) {
    case "paragraph":
      return turned(make("p", "", ...inline(block.children, me)));
    case "quote":
      return make("blockquote", "", ...block.children.map((one) => blockOf(one, me)));
    case "list": {
      const list = make(
        block.ordered ? "ol" : "ul",
        "",
        ...block.items.map((item) => turned(make("li", "", ...inline(item, me)))),
      );
      if (list instanceof HTMLOListElement && block.start !== 1) list.start = block.start;
      return list;
    }
    case "code":
      return make("pre", "", make("code", "", textOf(block.text)));
  }
}

function inline(nodes: readonly Inline[], me: string): Node[] {
  return nodes.map((node) => nodeOf(node, me));
}

function nodeOf(node: Inline, me: string): Node {
  switch (node.kind) {
    case "text":
      return textOf(node.text);
    case "code":
      return make("code", "", textOf(node.text));
    case "mention":
      return make("span", node.name === me ? "mention me" : "mention", "@", make("bdi", "", node.name));
    case "bold":
      return make("strong", "", ...inline(node.children, me));
    case "italic":
      return make("em", "", ...inline(node.children, me));
    case "link":
      return link(node, me);
  }
}

function link({ href, children }: Inline & { kind: "link" }, me: string): HTMLElement {
  const anchor = make("a", "", make("bdi", "", ...inline(children, me)));
  anchor.href = href;
  anchor.target = "_blank";
  anchor.rel = "noopener noreferrer nofollow";
  // Where it leads, whatever it says.
  anchor.title = href;
  return anchor;
}

function textOf(text: string): Node {
  return TURNING.test(text) ? make("bdi", "", text) : document.createTextNode(text);
}

/** Each paragraph has the direction of its own first letter. */
function turned<E extends HTMLElement>(element: E): E {
  element.dir = "auto";
  return element;
}
