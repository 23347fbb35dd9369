/** A page that shows what the server says in a room, better than the chat does. */
export interface BetterPage {
  place: "scores" | "seats" | "lab";
  href: string;
}

/** If only the server writes in `room`, which its name says, the page that is made for it. */
export function pageOfServerRoom(room: string): BetterPage | null {
  const [, place, what] = /^(scores|seats|lab)-(.*)$/s.exec(room) ?? [];
  if (place === "scores") return { place, href: `/scores?match=${encodeURIComponent(what ?? "")}` };
  if (place === "seats") return { place, href: `/seats?event=${encodeURIComponent(what ?? "")}` };
  return place === "lab" ? { place, href: "/lab" } : null;
}
