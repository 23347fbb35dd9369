/** How long painting waits for a frame, in milliseconds. */
const LONGEST_FRAME_MS = 100;

/** Gathers calls into one per frame. Pages out of sight get no frames, but must not fall behind without end. */
export function onceAFrame(run: () => void): () => void {
  let due = false;
  return () => {
    if (due) return;
    due = true;
    const once = () => {
      if (!due) return;
      due = false;
      cancelAnimationFrame(frame);
      clearTimeout(timer);
      run();
    };
    const frame = requestAnimationFrame(once);
    const timer = setTimeout(once, LONGEST_FRAME_MS);
  };
}
