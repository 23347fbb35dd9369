import { byId } from "./dom";

/** On a narrow screen the panel of rooms and people is a drawer; on a wide one it is always there. */
export function enablePanel(): void {
  const panel = byId("panel", "aside");
  const room = byId("content", "main");
  const shade = byId("shade", "div");
  const open = byId("open-panel", "button");
  const close = byId("close-panel", "button");
  const narrow = matchMedia("(max-width: 760px)");

  const show = (shown: boolean) => {
    const drawer = narrow.matches;
    document.body.classList.toggle("panel-open", drawer && shown);
    shade.hidden = !(drawer && shown);
    // What can't be seen can't be reached by keyboard either.
    panel.inert = drawer && !shown;
    room.inert = drawer && shown;
    open.setAttribute("aria-expanded", String(shown));
  };

  show(false);
  narrow.addEventListener("change", () => show(false));
  open.addEventListener("click", () => {
    show(true);
    close.focus();
  });
  const dismiss = () => {
    show(false);
    open.focus();
  };
  close.addEventListener("click", dismiss);
  shade.addEventListener("click", dismiss);
  panel.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && narrow.matches) dismiss();
  });
}
