import type { Storage } from "./storage";

/**
 * Whether this tab is a copy of another one that is still open. Duplicating a tab copies its session storage, and two
 * tabs with one session would not hear each other: the server keeps a session's messages from itself.
 *
 * Each tab holds a lock named after its id. A copy finds the lock taken, and becomes a tab of its own.
 */
export async function claimTab(storage: Storage, newId: () => string): Promise<"own" | "copy"> {
  const known = storage.getItem(KEY);
  if (known !== null && (await lock(known, PATIENCE_MS))) return "own";
  const fresh = newId();
  try {
    storage.setItem(KEY, fresh);
  } catch {
    // A full storage: the next load of this tab takes another id, as a new tab would.
  }
  await lock(fresh, PATIENCE_MS);
  return known === null ? "own" : "copy";
}

const KEY = "madang.tab";

/** On a reload the old page may take a moment to let go of its lock, in milliseconds. */
const PATIENCE_MS = 500;

/** Takes the lock and keeps it as long as the page lives. True too where the browser has no locks to ask. */
async function lock(id: string, patience: number): Promise<boolean> {
  const locks: LockManager | undefined = navigator.locks;
  if (locks === undefined) return true;
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(patience);
    locks
      .request(`madang.tab.${id}`, { signal }, () => {
        resolve(true);
        return new Promise<never>(() => {});
      })
      // Refused for another reason than that it is taken: nobody can say that this is a copy.
      .catch(() => resolve(!signal.aborted));
  });
}
