// @vitest-environment happy-dom
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_DEPTH, MAX_OPEN, plainText, readMarkdown, safeHref } from "../src/chat/markdown";
import { TEXT_CHARS } from "../src/chat/rules";
import { renderMarkdown } from "../src/view/markdown";

/** The elements of a message, as text that people can compare. Never a way to put anything on a page. */
function shown(text: string, mentions: string[] = [], me = ""): string {
  const holder = document.createElement("div");
  holder.append(...renderMarkdown(text, mentions, me));
  return holder.innerHTML
    .replaceAll(/ (target|rel|title|dir)="[^"]*"/g, "")
    .replaceAll("<bdi>", "")
    .replaceAll("</bdi>", "");
}

describe("the Markdown of messages", () => {
  it.each([
    ["plain", "plain"],
    ["two\nlines", "two\nlines"],
    ["**bold** and *it* and _it_", "<strong>bold</strong> and <em>it</em> and <em>it</em>"],
    ["***both***", "<strong><em>both</em></strong>"],
    ["**bold *both* bold**", "<strong>bold <em>both</em> bold</strong>"],
    ["안녕**하세**요", "안녕<strong>하세</strong>요"],
    ["snake_case_name and 2 * 3 * 4", "snake_case_name and 2 * 3 * 4"],
    ["**open and *open", "**open and *open"],
    ["*open **closed**", "*open <strong>closed</strong>"],
    ["** no ** _ no _ **** __", "** no ** _ no _ **** __"],
    ["`a *b*` and ``x ` y``", "<code>a *b*</code> and <code>x ` y</code>"],
    ["`open", "`open"],
    ["\\*not\\* \\`code\\`", "*not* `code`"],
    ["> said\n> more\nanswer", "<blockquote><p>said\nmore</p></blockquote><p>answer</p>"],
    ["> > deep", "<blockquote><blockquote><p>deep</p></blockquote></blockquote>"],
    ["- a\n- *b*", "<ul><li>a</li><li><em>b</em></li></ul>"],
    ["3. c\n4. d", '<ol start="3"><li>c</li><li>d</li></ol>'],
    ["-no list\n1.no list", "-no list\n1.no list"],
    ["```js\nif (a < b) {\n  **x**\n}\n```\nafter", "<pre><code>if (a &lt; b) {\n  **x**\n}</code></pre><p>after</p>"],
    ["```\nopen", "```\nopen"],
    ["[a *b](https://a.example/x)", '<a href="https://a.example/x">a *b</a>'],
    ["[m](mailto:a@b.example)", '<a href="mailto:a@b.example">m</a>'],
    ["see https://a.example/b_c_d?e=1.", 'see <a href="https://a.example/b_c_d?e=1">https://a.example/b_c_d?e=1</a>.'],
    ["(https://a.example/x_(y))", '(<a href="https://a.example/x_(y)">https://a.example/x_(y)</a>)'],
    ["xhttps://a.example", "xhttps://a.example"],
  ])("%j", (text, html) => {
    expect(shown(text)).toBe(html);
  });

  it("marks whom the server has found mentioned, the longest name first, and oneself", () => {
    expect(shown("@Kim Lee and @Kim, @Park; a@Kim", ["Kim", "Kim Lee"], "Kim")).toBe(
      '<span class="mention">@Kim Lee</span> and <span class="mention me">@Kim</span>, @Park; a@Kim',
    );
  });

  it("opens links in a page that knows nothing of this one, and says where they lead", () => {
    const [anchor] = renderMarkdown("[here](https://a.example/)", [], "") as HTMLAnchorElement[];
    expect(anchor?.rel.split(" ")).toContain("noopener");
    expect([anchor?.target, anchor?.title]).toEqual(["_blank", "https://a.example/"]);
  });

  it.each([
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "java\tscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "file:///etc/passwd",
    "blob:a.example",
    "//a.example",
    "/sign-out",
    "https://",
    "https:\\\\",
  ])("lets no such address through: %j", (address) => {
    expect(safeHref(address)).toBeNull();
    expect(shown(`[x](${address})`)).not.toContain("<a");
  });

  /** What has got through somebody's filter at some time, and this parser's own marks around it. */
  const CORPUS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<a href='javascript:alert(1)'>x</a>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<details open ontoggle=alert(1)>",
    "<form><button formaction=javascript:alert(1)>x",
    "[x](javascript:alert(1))",
    "[x](JAVASCRIPT&#58;alert(1))",
    '[x](https://a.example/" onmouseover="alert(1))',
    "[<img src=x onerror=alert(1)>](https://a.example)",
    "![x](https://a.example/track.png)",
    'https://a.example/"onmouseover=alert(1)',
    "https://a.example/<script>alert(1)</script>",
    "**<b onclick=alert(1)>**",
    "`<script>alert(1)</script>`",
    "```\n</code></pre><script>alert(1)</script>\n```",
    "> <script>alert(1)</script>",
    "- <script>alert(1)</script>",
    "```<img/onerror=alert(1)>\nx\n```",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<!--><script>alert(1)</script>-->",
    "]]><script>alert(1)</script>",
    "@<img src=x onerror=alert(1)>",
  ];
  const ALLOWED = ["P", "BLOCKQUOTE", "UL", "OL", "LI", "PRE", "CODE", "STRONG", "EM", "A", "SPAN", "BDI"];
  const ATTRIBUTES = ["href", "target", "rel", "title", "dir", "start", "class"];

  const isInert = (text: string) => {
    const holder = document.createElement("div");
    holder.append(...renderMarkdown(text, [text.slice(1, 40)], "Kim"));
    for (const element of holder.querySelectorAll("*")) {
      expect(ALLOWED).toContain(element.tagName);
      for (const { name } of element.attributes) expect(ATTRIBUTES).toContain(name);
      const href = element.getAttribute("href");
      if (href !== null) expect(href).toMatch(/^(https?:\/\/|mailto:)/);
    }
  };

  it.each(CORPUS)("makes nothing but harmless elements of %j", (text) => {
    isInert(text);
    const holder = document.createElement("div");
    holder.append(...renderMarkdown(text, [], ""));
    if (text.startsWith("<")) expect(holder.textContent).toBe(text);
  });

  it("makes nothing but harmless elements of anything that is put together of such", () => {
    const marks = [
      "*",
      "**",
      "_",
      "`",
      "```\n",
      "> ",
      "- ",
      "1. ",
      "[",
      "](",
      ")",
      "\\",
      "@",
      "\n",
      "https://a.example/",
    ];
    const parts = fc.oneof(fc.constantFrom(...marks), fc.constantFrom(...CORPUS), fc.string({ unit: "binary" }));
    fc.assert(fc.property(fc.array(parts, { maxLength: 30 }), (all) => isInert(all.join(""))));
  });

  it("loses nothing: text without marks is shown to the letter", () => {
    const text = fc.string({ unit: "grapheme", minLength: 1 }).filter((one) => !/[*_`[\\@>\-\d\n]|https?:/.test(one));
    fc.assert(fc.property(text, (one) => one.trim() === "" || plainText(readMarkdown(one)) === one));
  });

  it("keeps what turns the direction apart from what is around it", () => {
    for (const turning of ["\u202e", "\u2066", "\u200f", "\u061c"]) {
      for (const text of [
        `a${turning}b`,
        `**a${turning}b**`,
        `[a${turning}b](https://a.example)`,
        `- a${turning}b`,
        `\`a${turning}b\``,
      ]) {
        const holder = document.createElement("div");
        holder.append(...renderMarkdown(text, [], ""));
        const walker = document.createTreeWalker(holder, NodeFilter.SHOW_TEXT);
        for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
          if (node.nodeValue?.includes(turning)) expect(node.parentElement?.closest("bdi"), text).not.toBeNull();
        }
      }
    }
  });

  it("reads quotes and marks only so deep, and the rest as text", () => {
    const depth = (html: string, tag: string) => html.split(`<${tag}>`).length - 1;
    expect(depth(shown(`${"> ".repeat(MAX_DEPTH + 3)}x`), "blockquote")).toBe(MAX_DEPTH);
    const opened = Array.from({ length: MAX_OPEN + 5 }, (_, place) => (place % 2 ? "**a " : "*a ")).join("");
    expect(depth(shown(`${opened}b${"***".repeat(MAX_OPEN)}`), "strong")).toBeLessThanOrEqual(MAX_OPEN);
  });

  it("comes to an end with what makes careless readers look again and again", () => {
    for (const unit of ["*a ", "`", "``a`", "[", "[a](", "> ", "_a*b**", "@", "https://", "\\", "- ", "```\n", "<"]) {
      const text = unit.repeat(Math.ceil(TEXT_CHARS / unit.length)).slice(0, TEXT_CHARS);
      expect(plainText(readMarkdown(text, ["x"])).length).toBeLessThanOrEqual(TEXT_CHARS);
    }
  });
});
