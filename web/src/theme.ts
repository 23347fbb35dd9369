// The colour scheme. A classic script in the head, because it must run before the first paint: no flash of the wrong
// scheme, and no inline script either. It imports nothing, so that it stays one file.
{
  const KEY = "madang.theme";
  const root = document.documentElement;
  const themes = ["auto", "light", "dark"] as const;
  type Theme = (typeof themes)[number];

  const stored = (): Theme => {
    try {
      return themes.find((theme) => theme === localStorage.getItem(KEY)) ?? "auto";
    } catch {
      // Storage can be forbidden; the system's scheme it is then.
      return "auto";
    }
  };

  const apply = (theme: Theme) => {
    root.dataset.theme = theme;
    const button = document.querySelector<HTMLButtonElement>("#theme");
    const name = button?.querySelector("[data-theme-name]");
    if (button && name) name.textContent = button.dataset[theme] ?? theme;
  };

  apply(stored());
  document.addEventListener("DOMContentLoaded", () => {
    apply(stored());
    document.querySelector("#theme")?.addEventListener("click", () => {
      const next = themes[(themes.indexOf(stored()) + 1) % themes.length] ?? "auto";
      try {
        localStorage.setItem(KEY, next);
      } catch {
        // Not remembered, but applied.
      }
      apply(next);
    });
  });
  // Another tab has changed it.
  addEventListener("storage", (event) => {
    if (event.key === KEY) apply(stored());
  });
}
