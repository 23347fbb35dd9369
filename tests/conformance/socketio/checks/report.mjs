// How a run of checks is told, in Node and in a page: one line each, "ok NAME", "not ok NAME: why", or "known NAME: why"
// for what the reference server is known to get wrong.

/** How long anything may take, in milliseconds; many times what it takes when the machine is idle. */
export const PATIENCE_MS = 15_000;

export class Report {
  #tell;
  #server;

  /**
   * @param {(line: string) => void} tell
   * @param {"node" | "madang"} server which is judged
   */
  constructor(tell, server) {
    this.#tell = tell;
    this.#server = server;
  }

  /**
   * @param {string} name
   * @param {() => Promise<unknown>} run
   * @param {{ notNode?: string }} [options] why the reference server can't pass; then it must not
   * @returns {Promise<boolean>} whether it passed
   */
  async check(name, run, { notNode } = {}) {
    // Longer than any wait in it, so that a wait that fails says which.
    const reason = await within(run(), "the check", 3 * PATIENCE_MS).then(() => null, words);
    if (this.#server !== "node" || notNode === undefined) this.#tell(reason === null ? `ok ${name}` : `not ok ${name}: ${reason}`);
    else this.#tell(reason === null ? `not ok ${name}: Node passes, though: ${notNode}` : `known ${name}: ${notNode}`);
    return reason === null;
  }

  /** What isn't a check failed. */
  fail(name, error) {
    this.#tell(`not ok ${name}: ${words(error)}`);
  }
}

/** Fails when `promise` isn't settled in time. */
export async function within(promise, what, patience = PATIENCE_MS) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing for ${patience} ms`)), patience);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Every binary value of whatever type becomes the same type, so that values can be compared. */
export function plain(value) {
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (Array.isArray(value)) return value.map(plain);
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]));
  }
  return value;
}

/** Fails unless both are the same, whatever type their binary values have. */
export function same(actual, expected, what = "values") {
  const where = difference(plain(actual), plain(expected), "");
  if (where !== null) throw new Error(`${what} differ${where}`);
}

export function ok(condition, what) {
  if (!condition) throw new Error(what);
}

function words(error) {
  return String(error?.message ?? error).replace(/\s+/g, " ").slice(0, 400) || "failed";
}

function difference(actual, expected, path) {
  if (Object.is(actual, expected)) return null;
  const at = path ? ` at ${path}` : "";
  if (actual instanceof Uint8Array && expected instanceof Uint8Array) {
    if (actual.length !== expected.length) return `${at}: ${actual.length} bytes, not ${expected.length}`;
    const index = actual.findIndex((byte, place) => byte !== expected[place]);
    return index < 0 ? null : `${at}: byte ${index} is ${actual[index]}, not ${expected[index]}`;
  }
  const comparable = (value) => value !== null && typeof value === "object" && !(value instanceof Uint8Array);
  if (!comparable(actual) || !comparable(expected) || Array.isArray(actual) !== Array.isArray(expected)) {
    return `${at}: ${shown(actual)}, not ${shown(expected)}`;
  }
  const keys = new Set([...Object.keys(actual), ...Object.keys(expected)]);
  for (const key of keys) {
    if (!Object.hasOwn(actual, key)) return `${at}: no ${key}, which should be ${shown(expected[key])}`;
    if (!Object.hasOwn(expected, key)) return `${at}: ${key} is there, ${shown(actual[key])}`;
    const inner = difference(actual[key], expected[key], `${path}/${key}`);
    if (inner !== null) return inner;
  }
  return null;
}

function shown(value) {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 120 ? `${text.slice(0, 120)}… (${text.length} characters)` : text;
}
