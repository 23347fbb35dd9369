import { type Account, roleIn } from "../account/account-api";
import { auditReport } from "../chat/audit-report";
import { Auditor } from "../chat/auditor";
import { type Choice, tellsOfPeople } from "../chat/choice";
import { ChatClient, type SendProblem } from "../chat/client";
import type { ConnectionState } from "../chat/connection-state";
import { Excerpt } from "../chat/excerpt";
import { order, readOf } from "../chat/moderation";
import { isBanned, obstacleOf } from "../chat/obstacle";
import type { Standing } from "../chat/protocol";
import { RoomApi } from "../chat/room-api";
import { layOut, type Viewer } from "../chat/rows";
import { type BetterPage, pageOfServerRoom } from "../chat/server-rooms";
import { type RoomMemory, randomId } from "../chat/storage";
import type { Confirmed } from "../chat/timeline";
import { UnreadLine } from "../chat/unread-line";
import type { Way } from "../chat/way";
import { fill, type Language, plural, type Texts } from "../i18n/texts";
import { systemClock } from "../net/clock";
import type { AskHttp } from "../net/http";
import { Announcer } from "./announcer";
import { AuditLine } from "./audit-line";
import { Composer, type Context } from "./composer";
import { ConnectionView } from "./connection";
import { Deeds } from "./deeds";
import { byId, isolate, setText } from "./dom";
import { onceAFrame } from "./frames";
import { HoldLine } from "./hold-line";
import { MentionList } from "./mention-list";
import { MessageList } from "./message-list";
import { MessageMenu } from "./message-menu";
import { ModerationPanel } from "./moderation-panel";
import { NameDialog } from "./name-dialog";
import { Notice } from "./notice";
import { PeopleView } from "./people";
import { problemText } from "./problem";
import { SearchPanel } from "./search-panel";
import type { WaySwitch } from "./way-switch";

/** Messages kept on the page while it follows the newest; older ones are loaded again by scrolling up. */
const MAX_LOADED = 1000;
/** Distance from an end of what is loaded at which the next page is fetched, in CSS pixels: before the reader gets there. */
const NEAR_PX = 600;
/** Names offered for a mention, of those who are here and those who have said something. */
const MAX_NAMED = 200;

/** What a room's page is made of, besides what it makes itself. */
export interface RoomSettings {
  room: string;
  name: string;
  account: Account | null;
  /** Starts the ids of this browser's messages. */
  authorId: string;
  choice: Choice;
  way: Way;
  http: AskHttp;
  memory: RoomMemory;
  language: Language;
  texts: Texts;
  waySwitch: WaySwitch;
  /** How many were unread when the page was opened, if that is known. */
  unread: { read: number; count: number } | null;
  /** A name for whoever isn't let in under theirs. */
  guest: string;
  /** Remembers a name for rooms to come. */
  named(name: string): void;
  /** Asks who is signed in. */
  whoAmI(): Promise<Account | null>;
}

/** A room as somebody sees it: the client of the room, and the parts of the page that show it and act on it. */
export class RoomView {
  readonly client: ChatClient;
  readonly api: RoomApi;

  readonly #changed = onceAFrame(() => this.#paint());
  readonly #auditor: Auditor;
  readonly #excerpt: Excerpt;
  readonly #unreadLine = new UnreadLine();
  readonly #list: MessageList;
  readonly #menu: MessageMenu;
  readonly #moderation: ModerationPanel;
  readonly #composer: Composer;
  readonly #people: PeopleView;
  readonly #connection: ConnectionView;
  readonly #holdLine: HoldLine;
  readonly #auditLine: AuditLine;
  readonly #announcer: Announcer;
  readonly #notice = new Notice();
  readonly #nameDialog: NameDialog;
  readonly #scroller = byId("scroller", "div");
  readonly #marker = byId("new-messages", "button");
  readonly #toUnread = byId("to-unread", "button");
  readonly #days = new Intl.DateTimeFormat("en-CA", { year: "numeric", month: "2-digit", day: "2-digit" });
  /** Where what the server says here is shown, if only the server says something. */
  readonly #better: BetterPage | null;
  #unseen = 0;
  #account: Account | null;
  /** The last name under which the server let this person in. */
  #accepted: string | null = null;
  /** The name that is remembered for when they come again. */
  #remembered: string;
  /** The refusal that was answered already: each is told once. */
  #refusal: unknown = null;

  constructor(private readonly settings: RoomSettings) {
    const { room, http, memory, language, texts, choice, account } = settings;
    this.#account = account;
    this.#remembered = settings.name;
    this.#better = pageOfServerRoom(room);
    const report = auditReport(room, choice.via, http);
    this.#auditor = new Auditor(systemClock, (violation) => {
      report(violation);
      this.#changed();
    });
    this.client = new ChatClient({
      way: settings.way,
      name: settings.name,
      newClientId: () => `${settings.authorId}-${randomId(16)}`,
      random: Math.random,
      clock: systemClock,
      memory,
      auditor: this.#auditor,
      events: {
        changed: this.#changed,
        arrived: (messages) => this.#arrived(messages),
        named: (name) => this.#named(name),
        undone: (code) => this.#notice.say(problemText(texts, code)),
        moderated: (action, name) => this.#moderated(action, name),
      },
    });
    this.api = new RoomApi(room, http, () => this.client.identity?.session);
    this.#excerpt = new Excerpt(this.api, this.client.timeline, () => this.client.epoch, this.#changed);
    this.#list = new MessageList(this.#scroller, byId("messages", "ol"), language, texts, {
      retry: (clientId) => this.client.retry(clientId),
      discard: (clientId) => this.client.discard(clientId),
      react: (offset, emoji, on) => this.#tell(this.client.react(offset, emoji, on)),
      goTo: (offset) => void this.#goTo(offset),
      menu: (row, button) => this.#menu.open(row, button, this.client.name),
    });
    const write = (context: Context) => {
      this.#composer.context = context;
    };
    const deeds = new Deeds(texts, this.client, this.api, this.#notice, write, (offset) => void this.#goTo(offset));
    this.#menu = new MessageMenu(texts, {
      allowed: (row) => deeds.allowed(row, this.#keepsOrder),
      do: (deed, row) => deeds.do(deed, row),
      react: (offset, emoji, on) => this.#tell(this.client.react(offset, emoji, on)),
    });
    this.#moderation = new ModerationPanel(language, texts, {
      read: () => readOf(this.api),
      order: (one) => order(this.api, one),
      goTo: (offset) => void this.#goTo(offset),
    });
    new SearchPanel(language, texts, {
      search: (words, before, limit) => this.api.search(words, before, limit),
      goTo: (offset) => void this.#goTo(offset),
    });
    this.#composer = new Composer(
      language,
      texts,
      {
        send: (text, context) => this.#say(text, context),
        drafted: (draft, left) => {
          memory.saveDraft(draft);
          this.client.typed(left || draft.trim() === "");
        },
        editLast: () => this.#editLast(),
      },
      memory.draft,
    );
    new MentionList(() => this.#names());
    this.#people = new PeopleView(language, texts);
    this.#connection = new ConnectionView(texts, () => this.client.wake());
    this.#holdLine = new HoldLine(texts);
    this.#auditLine = new AuditLine(texts);
    this.#announcer = new Announcer(language, texts);
    this.#nameDialog = new NameDialog(
      texts,
      (chosen) => this.#rename(chosen),
      () => this.#keepName(),
    );
    this.#listen();
  }

  start(): void {
    const { room, texts, unread } = this.settings;
    if (unread !== null) this.client.reading.learn(unread.read);
    this.#linkBetter();
    this.#composer.placeholder = fill(texts.chat.compose_placeholder, { room });
    if (matchMedia("(hover: hover)").matches) this.#composer.focus();
    this.client.start();
  }

  #linkBetter(): void {
    const { texts } = this.settings;
    const link = byId("better", "a");
    link.hidden = this.#better === null;
    if (this.#better === null) return;
    link.href = this.#better.href;
    setText(link, fill(texts.chat.better, { place: texts.places[this.#better.place] }));
  }

  #listen(): void {
    this.#scroller.addEventListener("scroll", () => {
      this.#loadNearEnds();
      if (this.#atNewest) this.#unseen = 0;
      this.#paintMarkers();
      this.#noteRead();
    });
    this.#marker.addEventListener("click", () => {
      this.#unseen = 0;
      this.#toNewest();
      this.#composer.focus();
    });
    this.#toUnread.addEventListener("click", () => void this.#goToUnread());
    byId("name", "button").addEventListener("click", () => {
      if (this.#account === null) this.#nameDialog.open(this.client.name);
      else location.assign("/account");
    });
    addEventListener("online", () => this.client.wake());
    addEventListener("offline", this.#changed);
    addEventListener("pageshow", (event) => event.persisted && this.client.wake());
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) return this.#unreadLine.left(this.client.reading.own);
      this.#unreadLine.cameBack(this.#newestOfOthers());
      this.client.wake();
      this.#changed();
    });
  }

  // --- what is seen ---------------------------------------------------------------------------------------------

  get #atNewest(): boolean {
    return this.#list.atEnd && this.#excerpt.timeline === null;
  }

  /** What this person may do here: as the server has said, or as their account says where a way doesn't tell. */
  get #standing(): Standing {
    const account = this.#account;
    const told = this.client.standing;
    if (told !== null) return told;
    return account === null
      ? { account: null, role: "guest" }
      : { account: account.name, role: roleIn(account, this.settings.room) };
  }

  get #keepsOrder(): boolean {
    const { role } = this.#standing;
    return role === "moderator" || role === "admin";
  }

  /** By the name too: two tabs of a browser under two names are two people. An account is one person everywhere. */
  #isOwn(clientId: string, author: string): boolean {
    const account = this.#standing.account;
    if (account !== null && author === account) return true;
    return clientId.startsWith(`${this.settings.authorId}-`) && author === this.client.name;
  }

  #paint(): void {
    const { client, settings } = this;
    const { timeline, state } = client;
    const excerpt = this.#excerpt.timeline;
    if (this.#atNewest) {
      timeline.trim(MAX_LOADED);
      this.#unseen = document.hidden ? this.#unseen : 0;
    }
    this.#unreadLine.came(timeline.opened ? client.reading.entered : null, this.#newestOfOthers());
    const pending = excerpt === null ? timeline.pending : timeline.pending.filter(({ change }) => change !== undefined);
    const rows = layOut(excerpt ?? timeline, this.#viewer(), pending);
    this.#paintOlder();
    this.#list.paint(rows, client.name, excerpt === null);
    this.#connection.show(state);
    settings.waySwitch.show(client.carrier);
    const present = state.kind === "live" || state.kind === "catching-up";
    const { members, typing } = client.presence;
    // Who isn't let in doesn't see who is.
    const people = state.kind === "refused" ? [] : members;
    this.#people.show(people, client.name, typing, present && tellsOfPeople(settings.choice.via));
    const { hold, silenced, readOnly } = client.obstacles;
    // Known by the room's name before anybody has tried in vain.
    const obstacle = obstacleOf(state, { hold, silenced, readOnly: readOnly || this.#better !== null });
    this.#holdLine.show(obstacle);
    this.#composer.closed = obstacle?.closed ?? false;
    this.#auditLine.show(this.#auditor.counts);
    this.#moderation.show(this.#keepsOrder, this.#standing.role === "admin");
    this.#paintName();
    this.#paintMarkers();
    if (state.kind === "refused") void this.#refused(state);
    this.#loadNearEnds();
    this.#noteRead();
  }

  #viewer(): Viewer {
    const { client } = this;
    const { timeline } = client;
    return {
      name: client.name,
      isOwn: (clientId, author) => this.#isOwn(clientId, author),
      dayOf: (at) => this.#days.format(at),
      skipped: this.#excerpt.timeline === null && client.skipped,
      readUpTo: this.#unreadLine.place,
      readBy: (offset) => client.reading.of(offset),
      find: (offset) => timeline.at(offset) ?? this.#excerpt.timeline?.at(offset),
    };
  }

  #paintOlder(): void {
    const { room, texts } = this.settings;
    const { pending } = this.client.timeline;
    const timeline = this.#excerpt.timeline ?? this.client.timeline;
    const older = byId("older", "p");
    older.hidden = !timeline.opened;
    if (timeline.moreBefore) setText(older, texts.chat.older_loading);
    else if (timeline.confirmed.length + pending.length === 0) setText(older, texts.chat.empty);
    else setText(older, fill(timeline.first === 1 ? texts.chat.beginning : texts.chat.beginning_lost, { room }));
  }

  #paintName(): void {
    const { texts } = this.settings;
    const button = byId("name", "button");
    setText(button, this.client.name);
    button.title = this.#account === null ? texts.chat.change_name : texts.account.title;
    byId("account", "a").hidden = this.#account !== null;
  }

  #paintMarkers(): void {
    const { language, room, texts, unread } = this.settings;
    this.#marker.hidden = this.#atNewest;
    const { new_one, new_other, to_newest } = texts.chat;
    const unseen = this.#unseen;
    setText(this.#marker, unseen === 0 ? to_newest : plural(language, unseen, new_one, new_other));
    this.#marker.classList.toggle("news", unseen > 0);
    document.title = `${unseen > 0 && document.hidden ? `(${unseen}) ` : ""}${room} · ${texts.brand.name}`;
    const { to_unread, to_unread_one, to_unread_other } = texts.message;
    const count = unread !== null && unread.read === this.#unreadLine.place ? unread.count : 0;
    setText(this.#toUnread, count === 0 ? to_unread : plural(language, count, to_unread_one, to_unread_other));
    const where = this.#list.unreadLine;
    this.#toUnread.hidden = this.#unreadLine.place === 0 || !(where === "above" || where === null) || !this.#atNewest;
  }

  #newestOfOthers(): number {
    const others = this.client.timeline.confirmed.findLast(({ clientId, author }) => !this.#isOwn(clientId, author));
    return others?.offset ?? 0;
  }

  /** What can be seen has been read, if somebody looks. */
  #noteRead(): void {
    const { client } = this;
    if (document.hidden || client.state.kind !== "live") return;
    client.reading.seen(this.#atNewest ? client.timeline.head : this.#list.lastInView);
  }

  #loadNearEnds(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    const past = this.#excerpt.timeline !== null;
    if (scrollTop < NEAR_PX) {
      if (past) void this.#excerpt.older();
      else this.client.loadOlder();
    }
    if (past && scrollHeight - scrollTop - clientHeight < NEAR_PX) void this.#excerpt.newer();
  }

  #arrived(messages: readonly Confirmed[]): void {
    const others = messages.filter(({ clientId, author }) => !this.#isOwn(clientId, author));
    if (others.length === 0) return;
    if (document.hidden || !this.#atNewest) this.#unseen += others.length;
    this.#announcer.say(others);
  }

  // --- going somewhere ------------------------------------------------------------------------------------------

  async #goTo(offset: number): Promise<void> {
    const code = await this.#excerpt.goTo(offset);
    if (code === "superseded") return;
    if (code !== null) return this.#notice.say(problemText(this.settings.texts, code));
    this.#list.letGo();
    this.#paint();
    // A change of a message has a place, too, but isn't seen there.
    const shown = (this.#excerpt.timeline ?? this.client.timeline).confirmed;
    const message = shown.find((one) => one.offset >= offset) ?? shown.at(-1);
    if (message !== undefined) this.#list.goTo(message.offset);
  }

  async #goToUnread(): Promise<void> {
    const { place } = this.#unreadLine;
    const { timeline } = this.client;
    const first = () => timeline.confirmed.find(({ offset }) => offset > place);
    // What comes behind the line may not be here yet; the line itself is where somebody has been.
    if (timeline.first > place + 1) return this.#goTo(place);
    const next = first();
    if (next !== undefined) await this.#goTo(next.offset);
  }

  #toNewest(): void {
    this.#excerpt.leave();
    this.#list.toEnd();
    this.#paint();
  }

  // --- doing something ------------------------------------------------------------------------------------------

  /** Takes what was written, or says in a sentence why not. */
  #say(text: string, context: Context | null): string | null {
    const { client } = this;
    if (context?.kind === "edit") return this.#sentence(client.edit(context.offset, text));
    const problem = client.send(text, context?.offset);
    if (problem !== null) return this.#sentence(problem);
    this.#unreadLine.clear();
    this.#excerpt.leave();
    this.#list.toEnd();
    return null;
  }

  #sentence(problem: SendProblem | null): string | null {
    return problem === null ? null : problemText(this.settings.texts, problem);
  }

  #tell(problem: SendProblem | null): void {
    if (problem !== null) this.#notice.say(problemText(this.settings.texts, problem));
  }

  #editLast(): void {
    const own = ({ clientId, author, deleted }: Confirmed) => !deleted && this.#isOwn(clientId, author);
    const last = this.client.timeline.confirmed.findLast(own);
    if (last === undefined) return;
    this.#composer.context = { kind: "edit", offset: last.offset, author: last.author, text: last.text };
  }

  #moderated(action: string, name: string): void {
    const { moderation } = this.settings.texts;
    const key = `did_${action}`;
    // Who is silenced or sent away themselves is told beside the composer.
    const told = name === this.client.name && (action === "mute" || action === "ban");
    if (Object.hasOwn(moderation, key) && name !== "" && !told) {
      this.#notice.say(fill(moderation[key as keyof typeof moderation], { name: isolate(name) }));
    }
    if (action === "role" && name === this.#account?.name) void this.#askWhoIAm();
    void this.#moderation.refresh();
  }

  async #askWhoIAm(): Promise<void> {
    this.#account = await this.settings.whoAmI();
    this.#changed();
  }

  /** The server doesn't take this name: another one is asked for, unless an account says which it is. */
  async #refused(state: ConnectionState & { kind: "refused" }): Promise<void> {
    if (this.#refusal === state || state.code === "room_invalid" || isBanned(state)) return;
    this.#refusal = state;
    if (state.code === "name_reserved") {
      const account = await this.settings.whoAmI();
      this.#account = account;
      if (account !== null && account.name !== this.client.name) return this.client.rename(account.name);
    }
    if (this.#accepted === this.client.name) this.#accepted = null;
    this.#nameDialog.open(this.client.name, state.code);
  }

  #rename(chosen: string): void {
    this.client.rename(chosen);
    this.#composer.focus();
  }

  /** No other name, after all: who isn't let in under the one they tried has the last one back. */
  #keepName(): void {
    if (this.#refusal !== this.client.state) return;
    this.#rename(this.#accepted ?? this.settings.guest);
  }

  /** Remembered once the server agrees: a name that it refuses would lock its owner out of every room. */
  #named(name: string): void {
    this.#accepted = name;
    if (this.#standing.account !== null || name === this.#remembered) return;
    this.#remembered = name;
    this.settings.memory.saveName(name);
    this.settings.named(name);
  }

  /** Those who are here, then those who have said something, the last first. */
  #names(): string[] {
    const authors = this.client.timeline.confirmed.map(({ author }) => author).reverse();
    const names = new Set([...this.client.presence.members, ...authors]);
    names.delete(this.client.name);
    return [...names].slice(0, MAX_NAMED);
  }
}
