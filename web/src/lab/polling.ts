import { fields, isMessage, isPosition, type Lane, type LaneEvents, type LaneSite, type Position, pause } from "./lane";

/** Asks for JSON; fails when there is no answer. */
export type Ask = (url: string, signal: AbortSignal) => Promise<{ status: number; body: unknown }>;

/** Seconds that an answer may wait: under the half minute after which proxies commonly lose patience. */
const WAIT_S = 25;

/** The wait after an answer that waited for nothing, in milliseconds: a server that doesn't wait mustn't be besieged. */
const EMPTY_PAUSE_MS = 100;

/**
 * Asks again and again. With `interval`, which gives milliseconds, the answer comes at once and the next question after
 * that time; without, the answer comes when there is something, and the next question at once.
 */
export function openPolling(site: LaneSite, ask: Ask, events: LaneEvents, interval: (() => number) | null): Lane {
  const gone = new AbortController();
  let at: Position | null = null;
  let cancel = () => {};

  const again = (milliseconds: number) => {
    cancel = site.clock.after(milliseconds, () => void question());
  };

  const question = async () => {
    const wait = await round().catch(() => {
      if (!gone.signal.aborted) events.state("waiting");
      return pause(site.random);
    });
    if (!gone.signal.aborted) again(wait);
  };

  /** One question and its answer; returns how long to wait before the next. */
  const round = async (): Promise<number> => {
    const { status, body } = await ask(address(), gone.signal);
    if (!isPosition(body) || (status !== 200 && status !== 410)) throw new Error(`status ${status}`);
    if (gone.signal.aborted) return 0;
    const { more, news } = take(status, body);
    events.state("live");
    if (more || (news && interval === null)) return 0;
    return interval?.() ?? EMPTY_PAUSE_MS;
  };

  const address = () => {
    const query = new URLSearchParams();
    // At first only where the room stands.
    if (at === null) query.set("limit", "1");
    else {
      query.set("after", String(at.offset));
      query.set("epoch", at.epoch);
      query.set("limit", "200");
      if (interval === null) query.set("wait", `${WAIT_S}s`);
    }
    return `${site.http}/api/rooms/${encodeURIComponent(site.room)}/messages?${query}`;
  };

  const take = (status: number, body: Position): { more: boolean; news: boolean } => {
    const first = at === null;
    at = { offset: body.offset, epoch: body.epoch };
    const { messages, more } = fields(body);
    const news = Array.isArray(messages) ? messages.filter(isMessage) : [];
    if (first || status === 410) {
      events.position(at);
      return { more: true, news: true };
    }
    for (const message of news) events.heard(message);
    if (news.length === 0) events.noNews();
    return { more: more === true, news: news.length > 0 };
  };

  events.state("connecting");
  void question();
  return {
    close() {
      gone.abort();
      cancel();
    },
  };
}
