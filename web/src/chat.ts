import { type Account, AccountApi } from "./account/account-api";
import { readChoice } from "./chat/choice";
import { RoomApi } from "./chat/room-api";
import { checkRoom } from "./chat/rules";
import { BrowserMemory, openStorage, RoomMemory, randomId } from "./chat/storage";
import { claimTab } from "./chat/tab";
import { httpTo } from "./net/http";
import { enableLanguageSwitch, readPage } from "./page";
import { ConnectionView } from "./view/connection";
import { byId, setText } from "./view/dom";
import { enablePanel } from "./view/panel";
import { RoomView } from "./view/room";
import { enableRoomForm, LOBBY, showRooms } from "./view/rooms";
import { UnreadRooms } from "./view/unread-rooms";
import { WaySwitch } from "./view/way-switch";
import { wayTo } from "./ways";

/** How long the page waits to learn who is signed in, and what is unread, before it goes on without, in milliseconds. */
const PATIENCE_MS = 3000;

const UNKNOWN = { ok: false, code: "sign_in_required" } as const;

const { language, texts, backWs, backHttp } = readPage(document.body);
const http = httpTo(backHttp, "include");
const browser = new BrowserMemory(
  openStorage(() => localStorage),
  randomId,
);
const tabStorage = openStorage(() => sessionStorage);

enableLanguageSwitch();
enablePanel();

const query = new URLSearchParams(location.search);
const choice = readChoice(query);
enableRoomForm(texts, choice);
const wanted = query.get("room") || LOBBY;
const waySwitch = new WaySwitch(wanted, choice, texts);
waySwitch.show(null);
const room = checkRoom(wanted);
setText(byId("room-name", "h1"), wanted);
document.title = `${wanted} · ${texts.brand.name}`;

if (room.ok) {
  browser.visit(room.value);
  showRooms(browser, room.value, choice, texts);
  void enter(room.value);
} else {
  showRooms(browser, "", choice, texts);
  byId("composer", "form").hidden = true;
  new ConnectionView(texts, () => {}).show({ kind: "refused", code: room.problem });
}

async function enter(room: string): Promise<void> {
  const memory = new RoomMemory(tabStorage, room);
  if ((await claimTab(tabStorage, () => randomId(16))) === "copy") memory.disown();

  const whoAmI = async (): Promise<Account | null> => {
    const result = await new AccountApi(http).me(PATIENCE_MS);
    if (!result.ok) return null;
    browser.saveAccount(result.value?.name ?? null);
    return result.value;
  };
  const known = new RoomApi(room, http, () => memory.identity?.session);
  // Guests needn't wait for the answer that they are guests; if that's wrong, the room will say so.
  const account = browser.account === null ? null : await whoAmI();
  const guest = `${texts.chat.guest}-${1000 + Math.floor(Math.random() * 9000)}`;
  const name = account?.name ?? memory.name ?? browser.name ?? guest;
  // Before anything on the page counts as read. A guest who comes for the first time has read nothing.
  const asked = account === null && memory.identity === null ? null : await known.unread([room], name);
  const [unread] = asked?.ok ? asked.value : [];
  if (account === null) {
    memory.saveName(name);
    if (browser.name === null) browser.saveName(name);
  }

  const view = new RoomView({
    ...{ room, name, guest, account, choice, http, memory, language, texts, waySwitch, whoAmI },
    authorId: browser.authorId,
    way: wayTo(room, choice, { backWs, backHttp }, http),
    unread: unread === undefined ? null : { read: unread.read, count: unread.unread },
    named: (chosen) => browser.saveName(chosen),
  });
  view.start();

  // Who nobody knows has read nothing, and needn't ask.
  const isKnown = () => account !== null || view.client.identity !== null;
  const ask = (rooms: readonly string[]) => view.api.unread(rooms, view.client.name);
  const rooms = new UnreadRooms(room, language, texts, async (names) => (isKnown() ? ask(names) : UNKNOWN));
  showRooms(browser, room, choice, texts, () => rooms.paint());
  void rooms.refresh();
}
