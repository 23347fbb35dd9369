/** Undoes a scheduled call; harmless when the call has already happened. */
export type Cancel = () => void;

/** Time as an argument, so that tests own it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `run` once, `milliseconds` from now, unless cancelled first. */
  after(milliseconds: number, run: () => void): Cancel;
}

/** Longer timers end at once in browsers: they count in 32 bits. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  after(milliseconds, run) {
    const timer = setTimeout(run, milliseconds);
    return () => clearTimeout(timer);
  },
};
