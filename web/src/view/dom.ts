/** The element with `id`, which the template promises. */
export function byId<K extends keyof HTMLElementTagNameMap>(id: string, tag: K): HTMLElementTagNameMap[K] {
  const element = document.getElementById(id);
  if (element === null || element.localName !== tag) throw new Error(`the page has no <${tag} id="${id}">`);
  return element as HTMLElementTagNameMap[K];
}

/** A part of `parent`, which the template promises. */
export function part(parent: ParentNode, selector: string): HTMLElement {
  const element = parent.querySelector<HTMLElement>(selector);
  if (element === null) throw new Error(`the page has no ${selector}`);
  return element;
}

/** A new element. Text from people enters the page only as text nodes, through here or `setText`. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (className !== "") element.className = className;
  element.append(...children);
  return element;
}

/** Writes only what differs, so that screen readers and selections are left in peace. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Keeps the direction of a name from turning the sentence around it. */
export function isolate(name: string): string {
  return `\u2068${name}\u2069`;
}
