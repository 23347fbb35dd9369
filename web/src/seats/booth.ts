import type { Cancel, Clock } from "../net/clock";
import type { Commands, Outcome, Wanted } from "./commands";
import type { Hall } from "./hall";
import { instead } from "./instead";
import { isOpen, type Mine } from "./mine";
import type { Change, Hold, HoldState, Payment, Snapshot, Waiting } from "./protocol";
import type { ServerTime } from "./server-time";

/** What a person should know and may do something about; it stays until the next deed. */
export type Notice =
  /** Others were faster: these are gone, of the choice those are left, and these could be taken instead. */
  | { kind: "taken"; places: readonly string[]; rest: readonly string[]; instead: readonly string[] }
  /** Seats that are promised to those who wait. */
  | { kind: "promised"; places: readonly string[] }
  | { kind: "limit"; limit: number }
  | { kind: "expired"; hold: Hold }
  | { kind: "refund_due"; hold: Hold }
  | { kind: "payment_failed" }
  | { kind: "problem"; code: string };

/** What is told once. */
export type News =
  | { kind: "hold"; hold: Hold; state: HoldState }
  | { kind: "extended"; hold: Hold }
  | { kind: "waiting"; waiting: Waiting }
  | { kind: "notice"; notice: Notice };

export interface BoothEvents {
  /** What is chosen, held or waited for has changed: paint again. */
  changed(): void;
  told(news: News): void;
}

export interface BoothSettings {
  event: string;
  hall: Hall;
  mine: Mine;
  commands: Commands;
  time: ServerTime;
  clock: Clock;
  /** The public id of whoever reserves, once there is one. */
  sender: () => string | null;
  events: BoothEvents;
}

/** How a place looks to this person. */
export type Look = "free" | "chosen" | "mine" | "booked" | "held" | "sold" | "blocked";

/** One person at one event: what they choose, hold, pay for and wait for, and what became of it. */
export class Booth {
  /** News of the room that come together make one question for what is one's own, within so many milliseconds. */
  static readonly GATHER_MS = 250;
  /** When those who wait ask for their place after others' deeds, in milliseconds: an event with many of them has many deeds, too. */
  static readonly LINE_MS = 2000;
  /** How often those who wait ask for their place, in milliseconds: it also moves when others leave. */
  static readonly WAITING_MS = 10_000;

  #choice: readonly string[] = [];
  #notice: Notice | null = null;
  readonly #busy = new Set<string>();
  #refresh: Cancel | null = null;
  /** When that is, by this page's clock. */
  #refreshAt = 0;
  #next: Cancel = () => {};
  /** Whether what one has was ever told: what was there before is no news. */
  #met = false;
  /** Counts answers of commands: a list that was asked for before one of them knows less. */
  #answers = 0;

  constructor(private readonly settings: BoothSettings) {}

  /** The places that are chosen and not held yet, in the order of choice. */
  get choice(): readonly string[] {
    return this.#choice;
  }

  /** What is held and has to be decided on, the newest first. */
  get open(): readonly Hold[] {
    return this.settings.mine.open(this.settings.event);
  }

  get snapshot(): Snapshot | null {
    return this.settings.hall.snapshot;
  }

  get notice(): Notice | null {
    return this.#notice;
  }

  /** Whether a command about `what` waits for its answer: `hold`, `wait` or the id of a hold. */
  isBusy(what: string): boolean {
    return this.#busy.has(what);
  }

  look(place: string): Look {
    const { event, hall, mine } = this.settings;
    const now = hall.of(place);
    const own = mine.has(event, place);
    if (own === "sold") return "booked";
    if (own === "held" || (now.state === "held" && now.holder === this.settings.sender())) return "mine";
    if (now.state !== "free") return now.state;
    return this.#choice.includes(place) ? "chosen" : "free";
  }

  /** How several places look that can be had only together. */
  lookOfAll(places: readonly string[]): Look {
    const looks = places.map((place) => this.look(place));
    return (
      (["mine", "booked", "held", "sold", "blocked", "chosen"] as const).find((look) => looks.includes(look)) ?? "free"
    );
  }

  /** Chooses a place, or lets it go; false if it can't be had. */
  toggle(place: string): boolean {
    if (this.isBusy("hold")) return false;
    const look = this.look(place);
    if (look !== "chosen" && look !== "free") return false;
    if (look === "free" && this.left <= 0) {
      this.#say({ kind: "limit", limit: this.#limit });
      return false;
    }
    this.#choose(look === "free" ? [...this.#choice, place] : this.#choice.filter((one) => one !== place));
    return true;
  }

  /** Chooses exactly these, as far as they can be had. */
  choose(places: readonly string[]): void {
    this.#choose([]);
    this.#choose(places.filter((place) => this.look(place) === "free").slice(0, this.left));
  }

  /** How many more places may be chosen. */
  get left(): number {
    const held = this.open.reduce((sum, { places }) => sum + places.length, 0);
    return this.#limit - held - this.#choice.length;
  }

  dismiss(): void {
    this.#notice = null;
    this.settings.events.changed();
  }

  /** The server answers again: that it doesn't is no longer true. */
  reached(): void {
    if (this.#notice?.kind === "problem" && this.#notice.code === "unreachable") this.dismiss();
  }

  async holdChoice(): Promise<void> {
    if (this.#choice.length > 0) await this.hold({ places: this.#choice });
  }

  async hold(wanted: Wanted): Promise<void> {
    const { event, commands } = this.settings;
    const outcome = await this.#do("hold", () => commands.hold(event, wanted));
    if (outcome === null) return;
    if (outcome.ok) {
      this.#choice = this.#choice.filter((place) => !outcome.value.places.includes(place));
      return this.#meet(outcome.value);
    }
    const { code, places, limit } = outcome;
    if (code === "seats_taken" || code === "others_wait") this.#lost(places, code);
    else if (code === "hold_limit") this.#say({ kind: "limit", limit: limit ?? this.#limit });
    else this.#say({ kind: "problem", code });
  }

  async extend({ hold }: Hold): Promise<void> {
    await this.#decide(hold, () => this.settings.commands.extend(hold));
  }

  async release({ hold }: Hold): Promise<void> {
    await this.#decide(hold, () => this.settings.commands.release(hold));
  }

  async confirm({ hold }: Hold): Promise<void> {
    await this.#decide(hold, () => this.settings.commands.confirm(hold));
  }

  /** Whether a hold of this event is to be paid for. */
  costs({ amount }: Hold): boolean {
    return (this.settings.hall.snapshot?.payment ?? false) && amount > 0;
  }

  /** Begins to pay; null if that can't be. */
  async checkout({ hold }: Hold): Promise<Payment | null> {
    const outcome = await this.#do(hold, () => this.settings.commands.checkout(hold));
    if (outcome === null || outcome.ok) return outcome?.value ?? null;
    this.#refused(hold, outcome.code);
    return null;
  }

  /** What the pretend provider is told to do, and what the server makes of its word. */
  async pay({ hold }: Hold, { payment }: Payment, status: "succeeded" | "failed"): Promise<void> {
    const outcome = await this.#do(hold, () => this.settings.commands.pay(payment, status));
    if (outcome === null) return;
    if (!outcome.ok) return this.#refused(hold, outcome.code);
    if (outcome.value === "failed") this.#say({ kind: "payment_failed" });
    await this.refresh();
  }

  async wait(section: string, count: number): Promise<void> {
    const { event, commands } = this.settings;
    const outcome = await this.#do("wait", () => commands.wait(event, section, count));
    if (outcome?.ok) this.#waits(outcome.value);
    else if (outcome !== null) this.#say({ kind: "problem", code: outcome.code });
  }

  async leave({ waiting }: Waiting): Promise<void> {
    const outcome = await this.#do("wait", () => this.settings.commands.leave(waiting));
    if (outcome?.ok) this.#waits(outcome.value);
    else if (outcome !== null) this.#say({ kind: "problem", code: outcome.code });
  }

  /** The room has told of changes: some may be of what is chosen, or of one's own. */
  changed(changes: readonly Change[]): void {
    const { event, mine, sender, events } = this.settings;
    const me = sender();
    const own = ({ place, holder }: Change) => (me !== null && holder === me) || mine.has(event, place) !== null;
    if (changes.some(own)) this.#refreshSoon();
    else if (mine.waits(event).length > 0) this.#refreshSoon(Booth.LINE_MS);
    // While a hold is asked for, its answer will say more.
    if (!this.isBusy("hold")) {
      const gone = changes.filter((change) => this.#choice.includes(change.place) && change.state !== "free");
      const others = gone.filter(({ holder }) => me === null || holder !== me).map(({ place }) => place);
      if (others.length > 0) return this.#lost(others, "seats_taken");
      if (gone.length > 0) this.#choice = this.#choice.filter((place) => !gone.some((one) => one.place === place));
    }
    events.changed();
  }

  /** Time goes on: what is over by the server's clock is over here too. Returns places that look different now. */
  tick(): Change[] {
    const { hall, mine, time, event } = this.settings;
    const over = mine.lapse(time.now());
    for (const hold of over) {
      this.#tell({ kind: "hold", hold, state: "expired" });
      if (hold.event === event) this.#say({ kind: "expired", hold });
    }
    if (over.length > 0) this.#refreshSoon();
    return [
      ...hall.lapse(time.now()),
      ...over.flatMap((hold) => hold.places.map((place) => ({ place, ...hall.of(place) }))),
    ];
  }

  /** Asks the server what this person holds and waits for. */
  async refresh(): Promise<void> {
    const { commands, mine, events, clock } = this.settings;
    this.#refresh?.();
    this.#refresh = null;
    const answers = this.#answers;
    const [holds, waiting] = await Promise.all([commands.holds(), commands.waiting()]);
    if (answers !== this.#answers) return this.#refreshSoon();
    if (holds !== null) {
      const news = holds.filter((hold) => this.#isNews(hold));
      this.#met = true;
      mine.take(holds);
      for (const hold of news) this.#tellOf(hold);
    }
    if (waiting !== null) mine.takeWaiting(waiting);
    this.#next();
    if (mine.hopes.length > 0) this.#next = clock.after(Booth.WAITING_MS, () => void this.refresh());
    events.changed();
  }

  get #limit(): number {
    return this.settings.hall.snapshot?.hold_limit ?? 0;
  }

  #choose(places: readonly string[]): void {
    this.#choice = places;
    this.#notice = null;
    this.settings.events.changed();
  }

  /** One command about one thing at a time; null if another is under way. */
  async #do<T>(what: string, run: () => Promise<Outcome<T>>): Promise<Outcome<T> | null> {
    if (this.#busy.has(what)) return null;
    this.#busy.add(what);
    this.#notice = null;
    this.settings.events.changed();
    try {
      return await run();
    } finally {
      this.#answers += 1;
      this.#busy.delete(what);
      this.settings.events.changed();
    }
  }

  async #decide(hold: string, run: () => Promise<Outcome<Hold>>): Promise<void> {
    const outcome = await this.#do(hold, run);
    if (outcome?.ok) this.#meet(outcome.value);
    else if (outcome !== null) this.#refused(hold, outcome.code);
  }

  #refused(id: string, code: string): void {
    const hold = this.settings.mine.hold(id);
    if (code === "hold_expired" && hold !== undefined) {
      const expired = { ...hold, state: "expired" as const };
      this.settings.mine.put(expired);
      this.#say({ kind: "expired", hold: expired });
    } else this.#say({ kind: "problem", code });
    void this.refresh();
  }

  /** Some of what was wanted is gone: what is left stays chosen. */
  #lost(gone: readonly string[], code: "seats_taken" | "others_wait"): void {
    const { hall } = this.settings;
    const rest = this.#choice.filter((place) => !gone.includes(place));
    this.#choice = rest;
    if (code === "others_wait") return this.#say({ kind: "promised", places: gone });
    const before = this.#notice?.kind === "taken" ? this.#notice.places : [];
    const places = [...new Set([...before, ...gone])];
    this.#say({ kind: "taken", places, rest, instead: instead(hall, places, places.length, rest) });
  }

  #isNews(hold: Hold): boolean {
    const known = this.settings.mine.hold(hold.hold);
    if (known === undefined) return this.#met && isOpen(hold);
    return known.state !== hold.state || known.extended !== hold.extended;
  }

  #meet(hold: Hold): void {
    const known = this.settings.mine.hold(hold.hold) !== undefined;
    const news = !known || this.#isNews(hold);
    this.settings.mine.put(hold);
    if (news) this.#tellOf(hold);
    this.settings.events.changed();
  }

  #tellOf(hold: Hold): void {
    if (hold.state === "held" && hold.extended) return this.#tell({ kind: "extended", hold });
    this.#tell({ kind: "hold", hold, state: hold.state });
    if (hold.event !== this.settings.event) return;
    if (hold.state === "expired") this.#say({ kind: "expired", hold });
    if (hold.state === "refund_due") this.#say({ kind: "refund_due", hold });
  }

  #waits(waiting: Waiting): void {
    this.settings.mine.putWaiting(waiting);
    this.#tell({ kind: "waiting", waiting });
    this.#refreshSoon();
    this.settings.events.changed();
  }

  #refreshSoon(ms = Booth.GATHER_MS): void {
    const { clock } = this.settings;
    const at = clock.now() + ms;
    if (this.#refresh !== null && this.#refreshAt <= at) return;
    this.#refresh?.();
    this.#refreshAt = at;
    this.#refresh = clock.after(ms, () => void this.refresh());
  }

  #say(notice: Notice): void {
    this.#notice = notice;
    this.#tell({ kind: "notice", notice });
    this.settings.events.changed();
  }

  #tell(news: News): void {
    this.settings.events.told(news);
  }
}
