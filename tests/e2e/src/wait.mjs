import { AssertionError } from "node:assert";
import { setTimeout as pause } from "node:timers/promises";

/** How long anything may take that a person would wait for, in milliseconds; many times what it takes when idle. */
export const PATIENCE_MS = 15_000;

/**
 * Repeats `check` until none of its assertions fails any more, and returns what it returned. After `patience`
 * milliseconds the last failure is the test's. Every other error is final at once.
 *
 * @template T
 * @param {() => Promise<T> | T} check
 * @param {number} [patience]
 * @returns {Promise<T>}
 */
export async function eventually(check, patience = PATIENCE_MS) {
  const deadline = performance.now() + patience;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (!(error instanceof AssertionError) || performance.now() > deadline) throw error;
    }
    await pause(LOOK_EVERY_MS);
  }
}

/** A child process or a page is asked this often, in milliseconds: seldom enough to leave them time to get there. */
const LOOK_EVERY_MS = 25;
