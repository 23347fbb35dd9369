import { parse } from "./protocol";

/** An answer, read to its end. */
export interface Answer {
  status: number;
  /** What the JSON says; `null` if there is none. */
  body: unknown;
  /** Bytes of the body. */
  bytes: number;
  etag: string | null;
  /** Seconds until it makes sense to ask again. */
  pollAfter: number | null;
  /** Seconds until the server is ready to be asked again. */
  retryAfter: number | null;
  /** Milliseconds since what it tells happened. */
  age: number | null;
}

export interface Request {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  signal?: AbortSignal;
}

/** Asks; fails when there is no answer. */
export type Ask = (url: string, request: Request) => Promise<Answer>;

/** By the browser's `fetch`. Its cache is left out: the page says itself what it knows already. */
export const ask: Ask = async (url, request) => {
  const response = await fetch(url, { cache: "no-store", credentials: "omit", ...request });
  const text = await response.text();
  const seconds = (name: string) => number(response.headers.get(name));
  return {
    status: response.status,
    body: parse(text),
    bytes: byteLength(text),
    etag: response.headers.get("etag"),
    pollAfter: seconds("poll-after"),
    retryAfter: seconds("retry-after"),
    age: number(response.headers.get("data-age")),
  };
};

export function byteLength(text: string): number {
  return new TextEncoder().encode(text).byteLength;
}

function number(text: string | null): number | null {
  return text !== null && /^\d+$/.test(text) ? Number(text) : null;
}
