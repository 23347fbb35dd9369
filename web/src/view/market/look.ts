/** The colours of a chart as the sheet has them. A canvas can't follow the sheet by itself. */
export interface Look {
  ink: string;
  soft: string;
  line: string;
  surface: string;
  accent: string;
  up: string;
  down: string;
  upTint: string;
  downTint: string;
  averages: readonly string[];
  other: string;
}

export function readLook(place: Element): Look {
  const style = getComputedStyle(place);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: colour("ink"),
    soft: colour("ink-soft"),
    line: colour("line"),
    surface: colour("surface"),
    accent: colour("pine"),
    up: colour("up"),
    down: colour("down"),
    upTint: colour("up-tint"),
    downTint: colour("down-tint"),
    averages: ["average-1", "average-2", "average-3"].map(colour),
    other: colour("other"),
  };
}

/** Calls `changed` each time the page or the system goes over to another scheme. */
export function onLookChange(changed: () => void): void {
  new MutationObserver(changed).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
}
