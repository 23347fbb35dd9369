/** How many author colours the style sheet has. */
export const COLOURS = 10;

/** The colour of a name: the same on every page, for everyone. */
export function colourOf(name: string): number {
  // FNV-1a: spreads similar names such as guest-1 and guest-2.
  let hash = 0x811c9dc5;
  for (let index = 0; index < name.length; index += 1) {
    hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  }
  return ((hash >>> 16) ^ (hash & 0xffff)) % COLOURS;
}

/** What stands for a name where there is room for one character: its first as people see it, an emoji included. */
export function initialOf(name: string): string {
  const segmenter = "Segmenter" in Intl ? new Intl.Segmenter() : null;
  const first = segmenter === null ? [...name][0] : [...segmenter.segment(name)][0]?.segment;
  return (first ?? "?").toLocaleUpperCase();
}
