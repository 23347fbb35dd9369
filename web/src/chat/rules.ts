/**
 * The limits of the chat protocol, checked here too so that a person learns of a mistake before anything is sent.
 * Lengths are counted in code points, as the server counts them.
 */
export const ROOM_CHARS = 64;
export const NAME_CHARS = 40;
export const TEXT_CHARS = 4000;

/** The same codes the server uses. */
export type RoomProblem = "room_invalid";
export type NameProblem = "name_invalid" | "name_too_long";
export type TextProblem = "text_empty" | "text_too_long";

export type Checked<Problem> = { ok: true; value: string } | { ok: false; problem: Problem };

const ROOM = /^[\p{L}\p{N}_-]{1,64}$/u;
const CONTROL = /[\p{Cc}\p{Bidi_Control}]/u;
/** Something that can be seen: neither white space nor a joiner, a filler or the like. */
const VISIBLE = /[^\s\p{Default_Ignorable_Code_Point}]/u;

/** Composed form (NFC), so that a room name typed on macOS and on Windows is one room. */
export function checkRoom(input: string): Checked<RoomProblem> {
  const value = input.trim().normalize("NFC");
  return ROOM.test(value) ? { ok: true, value } : { ok: false, problem: "room_invalid" };
}

export function checkName(input: string): Checked<NameProblem> {
  const value = input.trim().normalize("NFC");
  if (!VISIBLE.test(value) || CONTROL.test(value)) return { ok: false, problem: "name_invalid" };
  if (countChars(value) > NAME_CHARS) return { ok: false, problem: "name_too_long" };
  return { ok: true, value };
}

/** Trailing and leading blank lines go; everything else is the author's business. */
export function checkText(input: string): Checked<TextProblem> {
  const value = input
    .replace(/\r\n?/g, "\n")
    .trimEnd()
    .replace(/^\s*\n/, "");
  if (value.trim() === "") return { ok: false, problem: "text_empty" };
  if (countChars(value) > TEXT_CHARS) return { ok: false, problem: "text_too_long" };
  return { ok: true, value };
}

export function countChars(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}
