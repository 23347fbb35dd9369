/**
 * What input methods do to a field when someone types 하, adds the consonant of 한 and presses Enter once: the events
 * of one platform in its order, as seen there. `text` is what the field has gained after the step.
 *
 * @typedef {{ type: string, text?: string, [field: string]: unknown }} Step
 */

const key = (type, name, code, keyCode, isComposing) => ({ type, key: name, code, keyCode, isComposing });
const composed = (text) => [
  { type: "compositionupdate", data: text },
  { type: "beforeinput", inputType: "insertCompositionText", data: text, isComposing: true },
  { type: "input", inputType: "insertCompositionText", data: text, isComposing: true, text },
];
const start = { type: "compositionstart", data: "" };
const end = { type: "compositionend", data: "한" };
const enterTaken = key("keydown", "Process", "Enter", 229, true);
const enterAgain = key("keydown", "Enter", "Enter", 13, false);
const enterUp = key("keyup", "Enter", "Enter", 13, false);

/** The keydown is named `Process`, or as the letter, and comes before what it does. */
const letters = [
  ["KeyG", "ㅎ"],
  ["KeyK", "하"],
  ["KeyS", "한"],
].flatMap(([code, text], index) => [
  key("keydown", "Process", code, 229, index > 0),
  ...(index === 0 ? [start] : []),
  ...composed(text),
  key("keyup", code.at(-1).toLowerCase(), code, code.charCodeAt(3), true),
]);

/** Safari reports a key after what it did. */
const lettersSafari = [
  ["KeyG", "ㅎ"],
  ["KeyK", "하"],
  ["KeyS", "한"],
].flatMap(([code, text], index) => [
  ...(index === 0 ? [start] : []),
  ...composed(text),
  key("keydown", code.at(-1).toLowerCase(), code, 229, true),
  key("keyup", code.at(-1).toLowerCase(), code, code.charCodeAt(3), true),
]);

/** @type {Record<string, readonly Step[]>} */
export const HANGUL_THEN_ENTER = {
  "Chrome on Windows": [...letters, enterTaken, end, enterAgain, enterUp],
  "Chrome on macOS": [...letters, key("keydown", "Enter", "Enter", 229, true), end, enterAgain, enterUp],
  "Firefox on Windows": [...letters, enterTaken, ...composed("한"), end, enterAgain, enterUp],
  "Firefox on macOS": [...letters, enterTaken, end, enterUp],
  "Safari on macOS": [...lettersSafari, end, key("keydown", "Enter", "Enter", 229, false), enterUp],
  "ibus on Linux": [...letters, end, enterAgain, enterUp],
  "a slow input method": [...letters, enterTaken, enterUp, end],
};

/**
 * Plays the steps in a page, into the field that has the focus. A driver can't load an input method into a browser,
 * so these are the events it would cause; an Enter that nobody stops starts a line, as it would.
 *
 * @param {import("./browsers/page.mjs").Page} page
 * @param {readonly Step[]} steps
 */
export function play(page, steps) {
  return page.evaluate(async (steps) => {
    const field = document.activeElement;
    const before = field.value;
    const kinds = { k: KeyboardEvent, c: CompositionEvent, b: InputEvent, i: InputEvent };
    for (const { type, text, ...fields } of steps) {
      if (text !== undefined) field.value = before + text;
      const event = new kinds[type[0]](type, {
        bubbles: true,
        cancelable: type !== "input",
        composed: true,
        ...fields,
      });
      if (event.keyCode !== (fields.keyCode ?? event.keyCode)) throw new Error(`the browser says ${event.keyCode}`);
      const goesOn = field.dispatchEvent(event);
      if (goesOn && type === "keydown" && fields.keyCode === 13) field.value += "\n";
      // Input methods live in another process: the page gets to run in between.
      await new Promise((next) => setTimeout(next));
    }
  }, steps);
}
