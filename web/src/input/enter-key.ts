/** What the composer must do about one event. */
export interface Verdict {
  /** Keep the browser from inserting a line break. */
  prevent: boolean;
  /**
   * `now`: the text is complete, send it. `settled`: send it as soon as this event has been dealt with, when the
   * browser has put the last syllable into the field. At most one of the two per press of the key.
   */
  send: "no" | "now" | "settled";
}

/** The fields of a `KeyboardEvent` that matter here. `timeStamp` is in milliseconds. */
export interface KeyInput {
  key: string;
  code: string;
  keyCode: number;
  isComposing: boolean;
  shiftKey: boolean;
  altKey: boolean;
  repeat: boolean;
  timeStamp: number;
}

/**
 * Decides what Enter means in a field that sends on Enter, with and without an input method (IME).
 *
 * Korean has no candidate window: Enter during a composition ends the last syllable *and* means "send", so one press
 * sends one message, after `compositionend`. In Japanese and Chinese, and when Hangul is being turned into Hanja,
 * Enter picks a candidate and sends nothing.
 *
 * Platforms differ in what one press delivers. Chrome and Firefox report a keydown (229) and then `compositionend`;
 * Safari the other way round, with the 229 keydown no longer "composing"; for Hangul some then deliver a second
 * keydown (13) for the same press and some don't. Hence a press is *spent* once it has been judged: everything more
 * that comes of it is swallowed until the key is released.
 */
export class EnterKey {
  /**
   * How long after a press, in milliseconds, further events may still be its echo: they arrive within a few
   * milliseconds, while some input methods keep the keyup to themselves, so waiting for it alone could block the key.
   */
  static readonly ECHO_MS = 400;

  #composing = false;
  /** What is, or was last, being composed. */
  #composed = "";
  /** When the last composition ended. */
  #endedAt = Number.NEGATIVE_INFINITY;
  #hanja = false;
  /** Enter was pressed during a Hangul composition, which hasn't ended yet. */
  #sendPending = false;
  /** When the press was judged that hasn't been released yet. */
  #spentAt: number | null = null;
  /** A key is down whose identity a virtual keyboard keeps to itself. */
  #unidentified = false;

  get composing(): boolean {
    return this.#composing;
  }

  keydown(event: KeyInput): Verdict {
    this.#unidentified = event.key === "Unidentified" && event.keyCode === 229;
    if (!isEnter(event)) {
      this.#spentAt = null;
      this.#noteHanja(event);
      return IGNORE;
    }
    if (this.#isEcho(event)) return { prevent: !event.shiftKey, send: "no" };
    // Shift+Enter is a line break; Alt+Enter opens the Hanja candidates on macOS.
    if (event.altKey && this.#composing) this.#hanja = true;
    if (event.shiftKey || event.altKey) return IGNORE;
    this.#spentAt = event.timeStamp;
    if (this.#composing || event.isComposing) {
      this.#sendPending = !this.#hanja && isHangul(this.#composed);
      return IGNORE;
    }
    // Safari: this is the press that has just ended the composition. Its own time may be the earlier one.
    const endedComposition = event.keyCode === 229 && event.timeStamp - this.#endedAt < EnterKey.ECHO_MS;
    if (endedComposition && !isHangul(this.#composed)) return { prevent: true, send: "no" };
    return { prevent: true, send: "now" };
  }

  /** A send that is pending stays so: input methods that work asynchronously end the composition after the keyup. */
  keyup(event: Pick<KeyInput, "key" | "code">): void {
    this.#unidentified = false;
    if (isEnterName(event)) this.#spentAt = null;
  }

  compositionstart(): void {
    this.#composing = true;
    this.#composed = "";
    this.#hanja = false;
    this.#sendPending = false;
  }

  compositionupdate(data: string): void {
    // The composition goes on after Enter: the key was used for something else, such as a candidate.
    if (data !== this.#composed) this.#sendPending = false;
    if (data !== "") this.#composed = data;
  }

  compositionend(data: string, timeStamp: number): Verdict {
    const send = this.#sendPending && (data === "" || isHangul(data));
    this.#composing = false;
    this.#endedAt = timeStamp;
    if (data !== "") this.#composed = data;
    // Hanja that went through a candidate window must not look like Hangul to Safari's late keydown.
    if (this.#hanja) this.#composed = "";
    this.#hanja = false;
    this.#sendPending = false;
    return send ? { prevent: false, send: "settled" } : IGNORE;
  }

  /** A line break about to be inserted, from whatever source. */
  beforeinput(inputType: string): Verdict {
    if (inputType !== "insertLineBreak" && inputType !== "insertParagraph") return IGNORE;
    if (this.#spentAt !== null) return { prevent: true, send: "no" };
    // Virtual keyboards that name no key: the line break is the only sign of Enter.
    if (this.#unidentified && !this.#composing) return { prevent: true, send: "now" };
    return IGNORE;
  }

  /** The field lost the focus: the rest of the press will go elsewhere. */
  blur(): void {
    this.#composing = false;
    this.#hanja = false;
    this.#sendPending = false;
    this.#spentAt = null;
    this.#unidentified = false;
  }

  #isEcho(event: KeyInput): boolean {
    if (event.repeat) return true;
    return this.#spentAt !== null && event.timeStamp - this.#spentAt < EnterKey.ECHO_MS;
  }

  /** The Hanja key (Lang2, or the right Ctrl of Korean Windows keyboards) opens candidates, Escape closes them. */
  #noteHanja(event: KeyInput): void {
    if (!this.#composing) return;
    if (event.key === "HanjaMode" || event.code === "Lang2" || event.code === "ControlRight") this.#hanja = true;
    else if (event.key === "Escape" || event.code === "Escape") this.#hanja = false;
  }
}

const IGNORE: Verdict = { prevent: false, send: "no" };

/** While an input method handles the key, Windows names it `Process` and only `code` tells which it is. */
function isEnter(event: KeyInput): boolean {
  return event.keyCode === 13 || isEnterName(event);
}

function isEnterName(event: Pick<KeyInput, "key" | "code">): boolean {
  return (
    event.key === "Enter" || ((event.key === "Process" || event.key === "") && /^(Numpad)?Enter$/.test(event.code))
  );
}

/** Nothing but Hangul: syllables, or jamo that form none yet. */
function isHangul(text: string): boolean {
  return /^\p{Script=Hangul}+$/u.test(text);
}
