import { describe, expect, it } from "vitest";
import { EnterKey, type KeyInput, type Verdict } from "../src/input/enter-key";

/** The events of one platform, in its order. Times are 5 ms apart unless an event says otherwise. */
type Step =
  | ({ down: string } & Partial<KeyInput>)
  | { up: string; at?: number }
  | { start: true }
  | { update: string }
  | { end: string }
  | { input: string }
  | { blur: true }
  | { wait: number };

/** Plays the events; says how often a message would go, and how often a line would break. */
function play(steps: readonly Step[]): { sends: number; breaks: number; settled: number } {
  const enter = new EnterKey();
  const result = { sends: 0, breaks: 0, settled: 0 };
  let now = 1000;
  let composing = false;
  const count = (verdict: Verdict) => {
    if (verdict.send !== "no") result.sends += 1;
    if (verdict.send === "settled") result.settled += 1;
    return verdict;
  };
  for (const step of steps) {
    now += 5;
    if ("wait" in step) now += step.wait;
    else if ("down" in step) {
      const { down, ...fields } = step;
      const event: KeyInput = {
        key: down,
        code: down,
        keyCode: down === "Enter" ? 13 : 65,
        isComposing: composing,
        shiftKey: false,
        altKey: false,
        repeat: false,
        timeStamp: now,
        ...fields,
      };
      const verdict = count(enter.keydown(event));
      // A key the input method took (229) inserts nothing itself.
      if (down === "Enter" && event.keyCode === 13 && !verdict.prevent && verdict.send === "no") result.breaks += 1;
    } else if ("up" in step) enter.keyup({ key: step.up, code: step.up });
    else if ("start" in step) {
      composing = true;
      enter.compositionstart();
    } else if ("update" in step) enter.compositionupdate(step.update);
    else if ("end" in step) {
      composing = false;
      count(enter.compositionend(step.end, now));
    } else if ("input" in step) {
      const verdict = count(enter.beforeinput(step.input));
      if (!verdict.prevent && verdict.send === "no" && step.input === "insertLineBreak") result.breaks += 1;
    } else enter.blur();
  }
  return result;
}

const SENT_ONCE = { sends: 1, breaks: 0 };
const NOT_SENT = { sends: 0, breaks: 0 };

/** A syllable being composed: 요. */
const hangul: Step[] = [
  { down: "Process", code: "KeyD", keyCode: 229 },
  { start: true },
  { update: "ㅇ" },
  { up: "d" },
  { down: "Process", code: "KeyY", keyCode: 229 },
  { update: "요" },
  { up: "y" },
];
/** Safari reports the key after what it did. */
const hangulSafari: Step[] = [
  { start: true },
  { update: "ㅇ" },
  { down: "d", keyCode: 229 },
  { up: "d" },
  { update: "요" },
  { down: "y", keyCode: 229 },
  { up: "y" },
];
const japanese: Step[] = [{ start: true }, { update: "にほん" }, { update: "日本" }];
const chinese: Step[] = [{ start: true }, { update: "ni'hao" }];

describe("without an input method", () => {
  it("sends on Enter", () => expect(play([{ down: "Enter" }, { up: "Enter" }])).toMatchObject(SENT_ONCE));
  it("sends on the Enter of the number pad", () =>
    expect(play([{ down: "Enter", code: "NumpadEnter" }])).toMatchObject(SENT_ONCE));
  it("breaks the line on Shift+Enter, also when held", () =>
    expect(
      play([{ down: "Enter", shiftKey: true }, { down: "Enter", shiftKey: true, repeat: true }, { up: "Enter" }]),
    ).toMatchObject({ sends: 0, breaks: 2 }));
  it("sends once however long Enter is held", () =>
    expect(
      play([
        { down: "Enter" },
        { wait: 500 },
        { down: "Enter", repeat: true },
        { input: "insertLineBreak" },
        { down: "Enter", repeat: true },
        { up: "Enter" },
      ]),
    ).toMatchObject(SENT_ONCE));
  it("sends again on a second press", () =>
    expect(play([{ down: "Enter" }, { up: "Enter" }, { down: "Enter" }, { up: "Enter" }]).sends).toBe(2));
  it("recognises a second press when the release of the first was kept by an input method", () =>
    expect(play([{ down: "Enter" }, { wait: 500 }, { down: "Enter" }]).sends).toBe(2));
  it("doesn't send what was pasted with a line break", () =>
    expect(play([{ down: "v" }, { input: "insertFromPaste" }, { up: "v" }])).toMatchObject(NOT_SENT));
  it("sends the pasted text on the next Enter", () =>
    expect(play([{ input: "insertFromPaste" }, { down: "Enter" }, { up: "Enter" }])).toMatchObject(SENT_ONCE));
});

describe("Hangul: one Enter sends one message, with its last syllable", () => {
  const platforms: Record<string, Step[]> = {
    "Chrome on Windows: a second keydown follows the commit": [
      ...hangul,
      { down: "Process", code: "Enter", keyCode: 229 },
      { end: "요" },
      { down: "Enter" },
      { up: "Enter" },
    ],
    "Chrome on macOS: a second keydown, named Enter both times": [
      ...hangul,
      { down: "Enter", keyCode: 229 },
      { end: "요" },
      { down: "Enter" },
      { input: "insertLineBreak" },
      { up: "Enter" },
    ],
    "Chrome with an input method that keeps the second keydown": [
      ...hangul,
      { down: "Enter", keyCode: 229 },
      { end: "요" },
      { up: "Enter" },
    ],
    "Chrome where the input method breaks the line itself": [
      ...hangul,
      { down: "Enter", keyCode: 229 },
      { end: "요" },
      { input: "insertLineBreak" },
      { up: "Enter" },
    ],
    "Firefox on macOS": [...hangul, { down: "Process", code: "Enter", keyCode: 229 }, { end: "요" }, { up: "Enter" }],
    "Firefox on Windows: a second keydown follows": [
      ...hangul,
      { down: "Process", code: "Enter", keyCode: 229 },
      { update: "요" },
      { end: "요" },
      { down: "Enter" },
      { up: "Enter" },
    ],
    "Safari: the keydown comes after the end, as 229": [
      ...hangulSafari,
      { end: "요" },
      { down: "Enter", keyCode: 229 },
      { up: "Enter" },
    ],
    "Safari with a second keydown": [
      ...hangulSafari,
      { end: "요" },
      { down: "Enter", keyCode: 229 },
      { down: "Enter" },
      { up: "Enter" },
    ],
    "ibus: committed before the key is passed on": [...hangul, { end: "요" }, { down: "Enter" }, { up: "Enter" }],
    "an asynchronous input method: the end after the release": [
      ...hangul,
      { down: "Process", code: "Enter", keyCode: 229 },
      { up: "Enter" },
      { end: "요" },
    ],
    "the release of the last letter after Enter": [
      ...hangul.slice(0, -1),
      { down: "Process", code: "Enter", keyCode: 229 },
      { up: "y" },
      { end: "요" },
      { down: "Enter" },
      { up: "Enter" },
    ],
    "Enter held down": [
      ...hangul,
      { down: "Enter", keyCode: 229 },
      { end: "요" },
      { down: "Enter" },
      { wait: 500 },
      { down: "Enter", repeat: true },
      { down: "Enter", repeat: true },
      { up: "Enter" },
    ],
    "an unfinished syllable": [
      { start: true },
      { update: "ㅋ" },
      { down: "Enter", keyCode: 229 },
      { end: "ㅋ" },
      { up: "Enter" },
    ],
  };
  for (const [name, steps] of Object.entries(platforms)) {
    it(name, () => expect(play(steps)).toMatchObject(SENT_ONCE));
  }

  it("waits for the syllable where the composition ends after the key", () => {
    const result = play([...hangul, { down: "Enter", keyCode: 229 }, { end: "요" }, { up: "Enter" }]);
    expect(result.settled).toBe(1);
  });

  it("sends the next message by the next press", () => {
    const once: Step[] = [
      ...hangul,
      { down: "Enter", keyCode: 229 },
      { end: "요" },
      { down: "Enter" },
      { up: "Enter" },
    ];
    expect(play([...once, ...once]).sends).toBe(2);
  });

  it("doesn't send on Shift+Enter", () =>
    expect(
      play([
        ...hangul,
        { down: "Enter", keyCode: 229, shiftKey: true },
        { end: "요" },
        { down: "Enter", shiftKey: true },
        { up: "Enter" },
      ]),
    ).toMatchObject({ sends: 0, breaks: 1 }));

  it("doesn't send when the field is left during the composition", () =>
    expect(play([...hangul, { end: "요" }, { blur: true }])).toMatchObject(NOT_SENT));

  it("forgets a pending Enter when the field is left first", () =>
    expect(play([...hangul, { down: "Enter", keyCode: 229 }, { blur: true }, { end: "요" }])).toMatchObject(NOT_SENT));

  it("doesn't send what is pasted during a composition", () =>
    expect(play([...hangul, { end: "요" }, { down: "v" }, { input: "insertFromPaste" }])).toMatchObject(NOT_SENT));
});

describe("Enter picks a candidate and sends nothing", () => {
  const platforms: Record<string, Step[]> = {
    "Japanese, Chrome and Firefox": [...japanese, { down: "Enter", keyCode: 229 }, { end: "日本" }, { up: "Enter" }],
    "Japanese kana, unconverted": [
      { start: true },
      { update: "にほん" },
      { down: "Process", code: "Enter", keyCode: 229 },
      { end: "にほん" },
      { up: "Enter" },
    ],
    "Japanese, Safari": [...japanese, { end: "日本" }, { down: "Enter", keyCode: 229 }, { up: "Enter" }],
    "Chinese pinyin": [...chinese, { down: "Process", code: "Enter", keyCode: 229 }, { end: "nihao" }, { up: "Enter" }],
    "Hanja, by the result": [...hangul, { down: "Enter", keyCode: 229 }, { end: "樂" }, { up: "Enter" }],
    "Hanja, Safari": [...hangulSafari, { end: "樂" }, { down: "Enter", keyCode: 229 }, { up: "Enter" }],
    "Hanja key, Hangul chosen all the same": [
      ...hangul,
      { down: "HanjaMode", keyCode: 25 },
      { down: "Process", code: "Enter", keyCode: 229 },
      { end: "요" },
      { up: "Enter" },
    ],
    "Option+Enter on macOS opens the candidates": [
      ...hangul,
      { down: "Enter", keyCode: 229, altKey: true },
      { up: "Enter" },
      { down: "Enter", keyCode: 229 },
      { end: "요" },
      { up: "Enter" },
    ],
    "the composition goes on after Enter": [
      ...hangul,
      { down: "Enter", keyCode: 229 },
      { up: "Enter" },
      { update: "용" },
      { end: "용" },
    ],
  };
  for (const [name, steps] of Object.entries(platforms)) {
    it(name, () => expect(play(steps)).toMatchObject(NOT_SENT));
    it(`${name}; the next Enter sends`, () =>
      expect(play([...steps, { wait: 10 }, { down: "Enter" }, { up: "Enter" }])).toMatchObject(SENT_ONCE));
  }

  it("sends Hangul again after the Hanja window was closed with Escape", () =>
    expect(
      play([
        ...hangul,
        { down: "HanjaMode", keyCode: 25 },
        { down: "Process", code: "Escape", keyCode: 229 },
        { down: "Enter", keyCode: 229 },
        { end: "요" },
        { up: "Enter" },
      ]),
    ).toMatchObject(SENT_ONCE));
});

describe("virtual keyboards", () => {
  it("send by the line break when the key has no name", () =>
    expect(
      play([{ down: "Unidentified", code: "", keyCode: 229 }, { input: "insertLineBreak" }, { up: "Unidentified" }]),
    ).toMatchObject(SENT_ONCE));
  it("break the line when no key was pressed, as dictation does", () =>
    expect(play([{ input: "insertLineBreak" }])).toMatchObject({ sends: 0, breaks: 1 }));
});

it("a 229 long after any composition is an ordinary Enter", () => {
  expect(play([{ down: "Enter", keyCode: 229 }, { up: "Enter" }])).toMatchObject(SENT_ONCE);
  expect(play([...japanese, { end: "日本" }, { wait: 1000 }, { down: "Enter", keyCode: 229 }])).toMatchObject(
    SENT_ONCE,
  );
});
