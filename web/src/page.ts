import { isLanguage, type Language, type Texts, textsOf } from "./i18n/texts";

/** What the server tells a page, as data attributes of `<body>`. */
export interface Page {
  language: Language;
  texts: Texts;
  /** Origin of the back server's sockets, such as `ws://127.0.0.1:3000`. */
  backWs: string;
  /** The same for HTTP. */
  backHttp: string;
}

export function readPage(body: HTMLElement): Page {
  const language = isLanguage(body.dataset.lang) ? body.dataset.lang : "en";
  return {
    language,
    texts: textsOf(language),
    backWs: body.dataset.back ?? "",
    backHttp: body.dataset.backHttp ?? "",
  };
}

/** The language button: remembers the other language in a cookie, which the server reads, and loads the page in it. */
export function enableLanguageSwitch(): void {
  const button = document.querySelector<HTMLButtonElement>("#language");
  button?.addEventListener("click", () => {
    const language = button.dataset.to;
    if (!isLanguage(language)) return;
    // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API needs HTTPS and isn't in every browser
    document.cookie = `lang=${language}; path=/; max-age=31536000; samesite=lax`;
    const url = new URL(location.href);
    // A language in the address would win over the cookie.
    url.searchParams.delete("lang");
    if (url.href === location.href) location.reload();
    else location.replace(url);
  });
}
