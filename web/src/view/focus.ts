/**
 * Whether a button can be pressed. `disabled` would take the focus from whoever pressed it with the keyboard, in the middle of what they do;
 * this only says it, and `onPress` keeps to it.
 */
export function setReady(button: HTMLButtonElement, ready: boolean): void {
  button.setAttribute("aria-disabled", String(!ready));
}

export function isReady(button: HTMLButtonElement): boolean {
  return button.getAttribute("aria-disabled") !== "true";
}

/** Runs whenever a button is pressed that can be. */
export function onPress(button: HTMLButtonElement, run: () => void): void {
  button.addEventListener("click", () => {
    if (isReady(button)) run();
  });
}

/** What has the focus is about to go: it goes on to `to`, since it would fall to the top of the page. */
export function handOn(from: Element, to: HTMLElement, options?: FocusOptions): void {
  if (from.contains(document.activeElement)) focusOn(to, options);
}

/** The focus goes to something that may be a heading, which is no stop of the tab key all the same. */
export function focusOn(to: HTMLElement, options?: FocusOptions): void {
  if (to.tabIndex < 0) to.tabIndex = -1;
  to.focus(options);
}
