import type { Result, Unread } from "../chat/room-api";
import { type Language, plural, type Texts } from "../i18n/texts";
import { byId, make } from "./dom";

/** How often the rooms are asked for, in milliseconds, while somebody can see the page. */
const EVERY_MS = 30_000;

/** Says in the list of rooms how much in each hasn't been read. The present room isn't counted: it is being read. */
export class UnreadRooms {
  #known: readonly Unread[] = [];

  /** `ask` asks about rooms, of which it is told the names. */
  constructor(
    private readonly current: string,
    private readonly language: Language,
    private readonly texts: Texts,
    private readonly ask: (rooms: readonly string[]) => Promise<Result<Unread[]>>,
  ) {
    setInterval(() => void this.refresh(), EVERY_MS);
    document.addEventListener("visibilitychange", () => void this.refresh());
  }

  async refresh(): Promise<void> {
    const rooms = this.#items.map((item) => item.dataset.room ?? "").filter((room) => room !== this.current);
    if (document.hidden || rooms.length === 0) return;
    const result = await this.ask(rooms);
    if (!result.ok) return;
    this.#known = result.value;
    this.paint();
  }

  paint(): void {
    const { unread_one, unread_other, mentioned } = this.texts.message;
    for (const item of this.#items) {
      item.querySelector(".unread-count")?.remove();
      const known = this.#known.find(({ room }) => room === item.dataset.room);
      // Where somebody never was, everything would be new.
      if (known === undefined || known.read === 0 || known.unread === 0) continue;
      const words = plural(this.language, known.unread, unread_one, unread_other);
      const badge = make("span", "unread-count", known.unread > MOST ? `${MOST}+` : String(known.unread));
      badge.dataset.unread = String(known.unread);
      badge.classList.toggle("mentioned", known.mentions > 0);
      badge.setAttribute("role", "img");
      badge.setAttribute("aria-label", known.mentions > 0 ? `${words}, ${mentioned}` : words);
      item.querySelector("a")?.after(badge);
    }
  }

  get #items(): HTMLElement[] {
    return [...byId("rooms", "ul").querySelectorAll<HTMLElement>("[data-room]")];
  }
}

/** Numbers above this take too much room. */
const MOST = 99;
