import type { Cancel } from "./clock";

/** One request. `body` goes as JSON; a `query` value that is undefined isn't said. */
export interface Ask {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  path: string;
  query?: Record<string, string | number | undefined>;
  body?: object;
  /** Further headers, such as who asks. */
  headers?: Record<string, string>;
  /** Asks for what is newer than the answer that had this tag. */
  etag?: string;
  /** The browser may keep the answer, as its headers say. */
  kept?: boolean;
  /** The session in whose name it is asked, for what needs no account. */
  bearer?: string;
  /** Goes out even if the page is left meanwhile. */
  keepalive?: boolean;
  /** How long to wait for the answer, in milliseconds. */
  patienceMs: number;
}

export interface Answer {
  status: number;
  /** The JSON value of the body; null when it has none, or something else. */
  body: unknown;
  etag: string | null;
}

/** Asks. `answered` comes once, with null when there was no answer in time, and never after the request was cancelled. */
export type AskHttp = (ask: Ask, answered: (answer: Answer | null) => void) => Cancel;

/** Asks, for those who wait in one place for the answer; null when there was none in time. */
export function inquire(http: AskHttp, ask: Ask): Promise<Answer | null> {
  return new Promise((resolve) => void http(ask, resolve));
}

/** Asks the server at `origin` by the browser's `fetch`; with `include` as whoever is signed in there. */
export function httpTo(origin: string, credentials: "omit" | "include" = "omit"): AskHttp {
  return (ask, answered) => {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), ask.patienceMs);
    let over = false;
    const end = (answer: Answer | null) => {
      clearTimeout(timer);
      if (over) return;
      over = true;
      answered(answer);
    };
    request(origin, ask, credentials, abort.signal).then(end, () => end(null));
    return () => {
      over = true;
      clearTimeout(timer);
      abort.abort();
    };
  };
}

/** The address of a request, as text. */
export function addressOf(origin: string, { path, query = {} }: Pick<Ask, "path" | "query">): string {
  const said = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]));
  const search = new URLSearchParams(said).toString();
  return `${origin.replace(/\/+$/, "")}${path}${search === "" ? "" : `?${search}`}`;
}

async function request(
  origin: string,
  ask: Ask,
  credentials: RequestCredentials,
  signal: AbortSignal,
): Promise<Answer> {
  const headers: Record<string, string> = { ...ask.headers };
  if (ask.body !== undefined) headers["Content-Type"] = "application/json";
  if (ask.bearer !== undefined) headers.Authorization = `Bearer ${ask.bearer}`;
  if (ask.etag !== undefined) headers["If-None-Match"] = ask.etag;
  const response = await fetch(addressOf(origin, ask), {
    method: ask.method,
    headers,
    signal,
    // The tag is this page's own; a copy in the browser's cache would only be a second one.
    cache: ask.kept ? "default" : "no-store",
    credentials,
    keepalive: ask.keepalive ?? false,
    ...(ask.body === undefined ? {} : { body: JSON.stringify(ask.body) }),
  });
  const text = await response.text();
  return { status: response.status, body: parse(text), etag: response.headers.get("ETag") };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
