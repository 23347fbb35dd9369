import { auditReport } from "./chat/audit-report";
import { Auditor } from "./chat/auditor";
import { readChoice, tellsOfPeople } from "./chat/choice";
import { ChatClient } from "./chat/client";
import { plainWay } from "./chat/plain-way";
import { pollingWay } from "./chat/polling-way";
import { layOut } from "./chat/rows";
import { checkRoom } from "./chat/rules";
import { socketIoWay } from "./chat/socketio-way";
import { sseWay } from "./chat/sse-way";
import { BrowserMemory, openStorage, RoomMemory, randomId } from "./chat/storage";
import { claimTab } from "./chat/tab";
import type { Confirmed } from "./chat/timeline";
import type { Way } from "./chat/way";
import { fill, plural } from "./i18n/texts";
import { pageAttention } from "./net/attention";
import { systemClock } from "./net/clock";
import { connectEventSource } from "./net/event-stream";
import { httpTo } from "./net/http";
import { connectWebSocket } from "./net/socket";
import { loadSocketIo, socketIoConnector } from "./net/socketio";
import { enableLanguageSwitch, readPage } from "./page";
import { Announcer } from "./view/announcer";
import { AuditLine } from "./view/audit-line";
import { Composer } from "./view/composer";
import { ConnectionView } from "./view/connection";
import { byId, setText } from "./view/dom";
import { HoldLine } from "./view/hold-line";
import { MessageList, problemText } from "./view/message-list";
import { NameDialog } from "./view/name-dialog";
import { enablePanel } from "./view/panel";
import { PeopleView } from "./view/people";
import { enableRoomForm, LOBBY, showRooms } from "./view/rooms";
import { WaySwitch } from "./view/way-switch";

/** Messages kept on the page while it follows the newest; older ones are loaded again by scrolling up. */
const MAX_LOADED = 1000;
/** Distance from the top at which the next older page is fetched, in CSS pixels: before the reader gets there. */
const OLDER_PX = 600;

/** How long painting waits for a frame, in milliseconds. */
const LONGEST_FRAME_MS = 100;

const { language, texts, backWs, backHttp } = readPage(document.body);
const http = httpTo(backHttp);
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
const asked = query.get("room") ?? LOBBY;
const waySwitch = new WaySwitch(asked, choice, texts);
waySwitch.show(null);
const room = checkRoom(asked);
setText(byId("room-name", "h1"), asked);
document.title = `${asked} · ${texts.brand.name}`;

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

  const name = memory.name ?? browser.name ?? `${texts.chat.guest}-${1000 + Math.floor(Math.random() * 9000)}`;
  memory.saveName(name);
  if (browser.name === null) browser.saveName(name);
  const ownPrefix = `${browser.authorId}-`;
  // By the name too: two tabs of a browser under two names are two people.
  const isOwn = (clientId: string, author: string) => clientId.startsWith(ownPrefix) && author === client.name;

  let unseen = 0;
  const changed = onceAFrame(paint);

  const report = auditReport(room, choice.via, http);
  const auditor = new Auditor(systemClock, (violation) => {
    report(violation);
    changed();
  });
  const client: ChatClient = new ChatClient({
    way: wayTo(room),
    name,
    newClientId: () => `${ownPrefix}${randomId(16)}`,
    random: Math.random,
    clock: systemClock,
    memory,
    auditor,
    events: { changed, arrived },
  });

  const list = new MessageList(byId("scroller", "div"), byId("messages", "ol"), language, texts, {
    retry: (clientId) => client.retry(clientId),
    discard: (clientId) => client.discard(clientId),
  });
  const composer = new Composer(
    language,
    texts,
    {
      send(text) {
        const problem = client.send(text);
        if (problem !== null) return problemText(texts, problem);
        list.toEnd();
        return null;
      },
      drafted(draft, left) {
        memory.saveDraft(draft);
        client.typed(left || draft.trim() === "");
      },
    },
    memory.draft,
  );
  const people = new PeopleView(language, texts);
  const connection = new ConnectionView(texts, () => client.wake());
  const holdLine = new HoldLine(texts);
  const auditLine = new AuditLine(texts);
  const announcer = new Announcer(language, texts);
  const nameDialog = new NameDialog(texts, (chosen) => {
    memory.saveName(chosen);
    browser.saveName(chosen);
    client.rename(chosen);
    composer.focus();
  });
  const nameButton = byId("name", "button");
  const marker = byId("new-messages", "button");
  const older = byId("older", "p");
  const scroller = byId("scroller", "div");
  const dayOf = new Intl.DateTimeFormat("en-CA", { year: "numeric", month: "2-digit", day: "2-digit" });

  function paint(): void {
    const { timeline, state } = client;
    if (list.atEnd) {
      timeline.trim(MAX_LOADED);
      unseen = document.hidden ? unseen : 0;
    }
    const rows = layOut(timeline, {
      name: client.name,
      isOwn,
      dayOf: (at) => dayOf.format(at),
      skipped: client.skipped,
    });
    paintOlder();
    list.paint(rows);
    connection.show(state);
    waySwitch.show(client.carrier);
    const present = state.kind === "live" || state.kind === "catching-up";
    people.show(client.members, client.name, client.typing, present && tellsOfPeople(choice.via));
    holdLine.show(client.hold);
    auditLine.show(auditor.counts);
    if (client.readOnly) composer.close(texts.problem.room_read_only);
    setText(nameButton, client.name);
    paintMarker();
    if (state.kind === "refused" && state.code !== "room_invalid")
      nameDialog.open(client.name, problemText(texts, state.code));
    loadOlderNearTop();
  }

  function paintOlder(): void {
    const { timeline } = client;
    older.hidden = !timeline.opened;
    if (timeline.moreBefore) setText(older, texts.chat.older_loading);
    else if (timeline.confirmed.length + timeline.pending.length === 0) setText(older, texts.chat.empty);
    else setText(older, fill(timeline.first === 1 ? texts.chat.beginning : texts.chat.beginning_lost, { room }));
  }

  function paintMarker(): void {
    marker.hidden = list.atEnd;
    const { new_one, new_other, to_newest } = texts.chat;
    setText(marker, unseen === 0 ? to_newest : plural(language, unseen, new_one, new_other));
    marker.classList.toggle("news", unseen > 0);
    document.title = `${unseen > 0 && document.hidden ? `(${unseen}) ` : ""}${room} · ${texts.brand.name}`;
  }

  function arrived(messages: readonly Confirmed[]): void {
    const others = messages.filter(({ clientId, author }) => !isOwn(clientId, author));
    if (others.length === 0) return;
    if (document.hidden || !list.atEnd) unseen += others.length;
    announcer.say(others);
  }

  function loadOlderNearTop(): void {
    if (scroller.scrollTop < OLDER_PX) client.loadOlder();
  }

  scroller.addEventListener("scroll", () => {
    loadOlderNearTop();
    if (list.atEnd) unseen = 0;
    paintMarker();
  });
  marker.addEventListener("click", () => {
    unseen = 0;
    list.toEnd();
    paintMarker();
    composer.focus();
  });
  nameButton.addEventListener("click", () => nameDialog.open(client.name));
  addEventListener("online", () => client.wake());
  addEventListener("offline", changed);
  addEventListener("pageshow", (event) => event.persisted && client.wake());
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    client.wake();
    changed();
  });

  composer.placeholder = fill(texts.chat.compose_placeholder, { room });
  if (matchMedia("(hover: hover)").matches) composer.focus();
  client.start();
}

function wayTo(room: string): Way {
  switch (choice.via) {
    case "websocket":
      return plainWay(backWs, room, connectWebSocket);
    case "socketio": {
      const load = loadSocketIo(`${backHttp}/socket.io/socket.io.min.js`);
      return socketIoWay(room, socketIoConnector(backHttp, choice.transport, load));
    }
    case "sse":
      return sseWay(backHttp, room, http, connectEventSource, systemClock);
    case "long-polling":
    case "polling":
      return pollingWay(choice.via, room, http, systemClock, pageAttention);
  }
}

/** Gathers calls into one per frame. Pages out of sight get no frames, but must not fall behind without end. */
function onceAFrame(run: () => void): () => void {
  let due = false;
  return () => {
    if (due) return;
    due = true;
    const once = () => {
      if (!due) return;
      due = false;
      cancelAnimationFrame(frame);
      clearTimeout(timer);
      run();
    };
    const frame = requestAnimationFrame(once);
    const timer = setTimeout(once, LONGEST_FRAME_MS);
  };
}
