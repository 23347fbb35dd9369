import type { Ask } from "../lab/polling";

/** Asks as the browser asks: it keeps an answer with its tag, and a server that has no news need not send it again. */
export const askJson: Ask = async (url, signal) => {
  const answer = await fetch(url, { cache: "no-cache", signal });
  return { status: answer.status, body: await answer.json() };
};
