import { openStorage } from "./chat/storage";
import { fill } from "./i18n/texts";
import { systemClock } from "./net/clock";
import { enableLanguageSwitch, readPage } from "./page";
import { ask } from "./scores/answers";
import { lacking, type NewPlay, Operator, type Outcome } from "./scores/operator";
import { Polling } from "./scores/polling";
import { readList } from "./scores/protocol";
import { Relay } from "./scores/relay";
import { tellState } from "./scores/telling";
import { byId, setText } from "./view/dom";
import { handOn } from "./view/focus";
import { showOpenMatches } from "./view/match-list";
import { PlayForm } from "./view/play-form";
import { Scoreboard } from "./view/scoreboard";
import { Ticker } from "./view/ticker";

/** Where the tab keeps its token: it is forgotten with the tab. */
const TOKEN = "madang.scores.token";
/** Seconds that a question for news waits, so that the desk shows at once what another operator does. */
const WAIT_S = 25;

const { language, texts, backHttp } = readPage(document.body);
const storage = openStorage(() => sessionStorage);
const operator = new Operator(backHttp, ask, () => storage.getItem(TOKEN));
const scoreboard = new Scoreboard(language, texts);
const ticker = new Ticker(language, texts);
const form = new PlayForm(texts, (play) => void tell(play));
let relay = new Relay();
let feed: Polling | null = null;
let match: string | null = null;
/** What the list of matches says of this one. */
let listed: string | null = null;
/** Whether a match is being opened, or somebody signed in: a second press is the same deed. */
let asking = false;
/** What is said to be wrong. */
let problem: string | null = null;

enableLanguageSwitch();
byId("sign-in", "form").addEventListener("submit", (event) => {
  event.preventDefault();
  void once(signIn);
});
byId("sign-out", "button").addEventListener("click", signOut);
byId("open-form", "form").addEventListener("submit", (event) => {
  event.preventDefault();
  void once(open);
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) feed?.stop();
  else if (match !== null) choose(match);
});
showSignedIn();

async function once(deed: () => Promise<void>): Promise<void> {
  if (asking) return;
  asking = true;
  await deed();
  asking = false;
}

async function signIn(): Promise<void> {
  const field = byId("password", "input");
  const token = told(await operator.signIn(field.value));
  if (token === null) return;
  field.value = "";
  try {
    storage.setItem(TOKEN, token);
  } catch {
    // Without storage nobody can be signed in; the next play will say so.
  }
  showSignedIn();
}

function signOut(): void {
  storage.removeItem(TOKEN);
  feed?.stop();
  match = null;
  showSignedIn();
}

function showSignedIn(): void {
  const signedIn = storage.getItem(TOKEN) !== null;
  const [signingIn, within, out] = [byId("sign-in", "form"), byId("signed-in", "div"), byId("sign-out", "button")];
  (signedIn ? within : signingIn).hidden = false;
  if (signedIn) handOn(signingIn, byId("matches-title", "h2"));
  else for (const gone of [within, out]) handOn(gone, byId("password", "input"));
  signingIn.hidden = signedIn;
  within.hidden = !signedIn;
  out.hidden = !signedIn;
  byId("desk", "section").hidden = match === null;
  if (signedIn) void list();
}

async function list(): Promise<void> {
  const answer = await ask(`${backHttp}/api/scores`, {}).catch(() => null);
  showOpenMatches(readList(answer?.body) ?? [], match, language, texts, choose);
}

async function open(): Promise<void> {
  const field = (id: string) => byId(id, "input").value.trim();
  const [id, away, home] = [field("new-match"), field("new-away"), field("new-home")];
  const lacks = lacking(id, away, home);
  if (lacks !== null) {
    say(lacks.code, null);
    return byId(lacks.field, "input").focus();
  }
  const snapshot = told(await operator.open(id, away, home));
  if (snapshot === null) return;
  byId("open-form", "form").reset();
  choose(snapshot.match);
}

function choose(chosen: string): void {
  feed?.stop();
  if (chosen !== match) relay = new Relay();
  match = chosen;
  byId("desk", "section").hidden = false;
  const events = {
    changed: show,
    confirmed: () => {
      if (problem === "unreachable") unsay();
    },
    held: () => {},
    requested: () => {},
    received: () => {},
    failed: (why: "unreachable" | "gone") => say(why === "gone" ? "match_not_found" : "unreachable", null),
  };
  const place = { back: backHttp, match: chosen, relay, events };
  feed = new Polling(place, { wait: WAIT_S, interval: 0 }, ask, systemClock, Math.random);
  feed.start();
  void list();
}

async function tell(play: NewPlay): Promise<void> {
  if (match === null) return;
  const [to, seen] = [match, relay];
  form.busy = true;
  const outcome = await operator.tell(to, play, `"${seen.epoch}.${seen.offset}"`);
  form.busy = false;
  const snapshot = told(outcome);
  if (snapshot === null || to !== match) return;
  form.clear();
  relay.take(snapshot);
  show();
}

function show(): void {
  if (relay.board === null) return;
  scoreboard.show(relay.board);
  ticker.show(relay.lines);
  form.show(relay.board);
  document.body.dataset.offset = String(relay.offset);
  const state = `${match} ${tellState(relay.board, texts)}`;
  if (state !== listed) void list();
  listed = state;
}

/** The value of what went well; else it says what went wrong. */
function told<T>(outcome: Outcome<T>): T | null {
  if (outcome.ok) {
    unsay();
    return outcome.value;
  }
  if (outcome.code === "sign_in_needed") signOut();
  say(outcome.code, outcome.retryAfter);
  return null;
}

function unsay(): void {
  problem = null;
  setText(byId("problem", "p"), "");
}

function say(code: string, seconds: number | null): void {
  problem = code;
  const known: Record<string, string> = texts.operator;
  const text = Object.hasOwn(known, `problem_${code}`) ? known[`problem_${code}`] : undefined;
  setText(byId("problem", "p"), fill(text ?? texts.operator.problem_other, { code, seconds: seconds ?? 0 }));
}
