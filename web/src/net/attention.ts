import type { Cancel } from "./clock";

/** Whether somebody can see the page. */
export interface Attention {
  readonly away: boolean;
  /** Calls `run` each time that changes, until cancelled. */
  onChange(run: () => void): Cancel;
}

export const pageAttention: Attention = {
  get away() {
    return document.hidden;
  },
  onChange(run) {
    document.addEventListener("visibilitychange", run);
    return () => document.removeEventListener("visibilitychange", run);
  },
};
