/**
 * Where the line between read and unread is drawn: at what was new when somebody came, or came back to the page. What arrives while they
 * look is no longer unread.
 */
export class UnreadLine {
  #place = 0;
  #settled = false;

  /** What comes behind this offset is unread; 0 without a line. */
  get place(): number {
    return this.#place;
  }

  /** They are here: they had read up to `read`, if that is known, and the newest that others have said is at `newest`. */
  came(read: number | null, newest: number): void {
    if (this.#settled || read === null) return;
    this.#settled = true;
    this.#place = read > 0 && newest > read ? read : 0;
  }

  /** They look away, having read up to `read`: from there on it is unread. */
  left(read: number): void {
    this.#place = read;
    this.#settled = true;
  }

  /** They look again. */
  cameBack(newest: number): void {
    if (newest <= this.#place) this.#place = 0;
  }

  /** They have said something themselves, or the room is another one now: nothing is unread. */
  clear(): void {
    this.#place = 0;
  }
}
