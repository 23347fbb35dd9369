/**
 * A browser that runs.
 *
 * @typedef {object} Browser
 * @property {string} name
 * @property {(options?: PageOptions) => Promise<Page>} open a page that shares no storage with any other
 * @property {() => Promise<void>} close
 */

/**
 * @typedef {object} PageOptions
 * @property {{ width: number, height: number }} [viewport] in CSS pixels
 * @property {number} [scale] device pixels per CSS pixel (not WebKit)
 * @property {"light" | "dark"} [scheme] what the system prefers (Chromium only)
 */

/**
 * What the tests need of every engine, and no more.
 *
 * @typedef {object} Page
 * @property {string} engine
 * @property {(url: string) => Promise<unknown>} goto returns when the page has loaded
 * @property {() => Promise<unknown>} reload the same
 * @property {<A extends unknown[], T>(run: string | ((...args: A) => T), ...args: A) => Promise<Awaited<T>>} evaluate
 *   runs a function, or the statements of a text, in the page and beyond its content security policy; arguments and
 *   result are JSON
 * @property {(selector: string) => Promise<unknown>} click
 * @property {(selector: string, text: string) => Promise<unknown>} type key by key; not every driver has keys for characters beyond U+FFFF
 * @property {(keys: string) => Promise<unknown>} press in whatever has the focus: `Enter`, `Shift+Tab`
 * @property {(viewport: { width: number, height: number }) => Promise<unknown>} resize in CSS pixels; WebKit's window
 *   never gets narrower than its tool bar, about 450
 * @property {() => Promise<Buffer>} screenshot a PNG of the viewport
 * @property {() => readonly string[]} problems uncaught errors, and what the console complains of (not WebKit: its
 *   driver doesn't tell)
 * @property {() => Promise<unknown>} close
 */

/** A call of `run` with `args` as text, which every driver takes; of a text, its statements. */
export function expression(run, args) {
  if (typeof run === "string") return `(() => {${run}\n})()`;
  return `(${run})(${args.map((arg) => JSON.stringify(arg)).join(", ")})`;
}
