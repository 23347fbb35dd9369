import type { Cancel } from "../net/clock";

/** Calls `run` before the screen is next painted; a browser's `requestAnimationFrame`. */
export type NextFrame = (run: () => void) => Cancel;

export const animationFrame: NextFrame = (run) => {
  const frame = requestAnimationFrame(run);
  return () => cancelAnimationFrame(frame);
};

/** Paints at most once a frame, however often it's asked to. */
export class Painter {
  #cancel: Cancel | null = null;

  constructor(
    private readonly next: NextFrame,
    private readonly paint: () => void,
  ) {}

  ask(): void {
    this.#cancel ??= this.next(() => {
      this.#cancel = null;
      this.paint();
    });
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }
}
