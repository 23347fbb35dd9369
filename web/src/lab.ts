import { fill } from "./i18n/texts";
import { ClockSync } from "./lab/clock-sync";
import { LANES, type Lane, type LaneName, type LaneSite } from "./lab/lane";
import { Meter } from "./lab/meter";
import { openPolling } from "./lab/polling";
import { report } from "./lab/report";
import { type Figures, type Plan, Refusal, Runs } from "./lab/run";
import { perLane, Series } from "./lab/series";
import { openSocketIo, openWebSocket } from "./lab/sockets";
import { openSse } from "./lab/sse";
import { askJson } from "./net/ask";
import { systemClock } from "./net/clock";
import { openEventStream } from "./net/returning-stream";
import { connectWebSocket } from "./net/socket";
import { loadSocketIo, socketIoConnector } from "./net/socketio";
import { enableLanguageSwitch, readPage } from "./page";
import { byId, setText } from "./view/dom";
import { Controls } from "./view/lab/controls";
import { Plots } from "./view/lab/plots";
import { Table } from "./view/lab/table";
import { Units } from "./view/lab/units";

/** How often the figures are asked for, in milliseconds. */
const STEP_MS = 1000;
/** How long closed sockets may take to say goodbye before their lines are cut, in milliseconds. */
const GOODBYE_MS = 300;
/** Round trips by which the clocks are set before a run begins; later one for each step. */
const FIRST_TRIPS = 8;

const { language, texts, backHttp } = readPage(document.body);
enableLanguageSwitch();

const runs = new Runs(backHttp);
const units = new Units(language, texts);
const table = new Table(units, texts);
const plots = new Plots(units);
const sync = new ClockSync();
const loadIo = loadSocketIo(`${backHttp}/socket.io/socket.io.min.js`);

/** What is going on, or was last. */
interface Going {
  id: string;
  figures: Figures;
  meters: Record<LaneName, Meter>;
  lanes: Lane[];
  series: Series;
  stop(): void;
}
let going: Going | null = null;
let last: Going | null = null;

const controls = new Controls(units, {
  start: () => void start(),
  stop: () => void stop(),
  changed: (change) => void alter(change),
  export: save,
});

addEventListener("pagehide", leave);

async function start(): Promise<void> {
  controls.problem("");
  controls.starting(true);
  try {
    for (let trip = 0; trip < FIRST_TRIPS; trip += 1) await setClock();
    begin(await runs.begin(controls.plan));
  } catch (reason) {
    controls.problem(words(reason));
  }
  controls.starting(false);
}

function begin(figures: Figures): void {
  const meters = perLane(() => new Meter(() => (sync.ahead === null ? null : performance.now() + sync.ahead)));
  const timer = setInterval(() => void step(), STEP_MS);
  going = {
    id: figures.run,
    figures,
    meters,
    lanes: LANES.map((lane) => open(lane, figures, meters[lane])),
    series: new Series(),
    stop: () => clearInterval(timer),
  };
  last = going;
  document.body.dataset.run = figures.run;
  controls.running(true);
  paint(going);
}

function open(lane: LaneName, figures: Figures, meter: Meter): Lane {
  const http = new URL(backHttp);
  http.port = String(figures.lanes[lane].port);
  const site: LaneSite = {
    http: http.origin,
    ws: http.origin.replace("http", "ws"),
    room: figures.room,
    clock: systemClock,
    random: Math.random,
  };
  switch (lane) {
    case "polling":
      return openPolling(site, askJson, meter, () => controls.plan.interval_ms);
    case "long-polling":
      return openPolling(site, askJson, meter, null);
    case "sse":
      return openSse(site, openEventStream, meter);
    case "websocket":
      return openWebSocket(site, connectWebSocket, meter);
    case "socketio":
      return openSocketIo(site, socketIoConnector(site.http, "default", loadIo), meter);
  }
}

/** Asks for the figures, which also keeps the run going. */
async function step(): Promise<void> {
  const current = going;
  if (current === null) return;
  try {
    await setClock();
    const figures = await runs.figures(current.id);
    if (going !== current) return;
    current.figures = figures;
    const delays = perLane((lane) => current.meters[lane].step());
    current.series.add(
      figures.age_ms / 1000,
      perLane((lane) => figures.lanes[lane].line),
      delays,
    );
    controls.problem("");
    paint(current);
  } catch (reason) {
    controls.problem(words(reason));
    if (reason instanceof Refusal && going === current) {
      rest(current);
      forget(current);
    }
  }
}

async function alter(change: Partial<Plan>): Promise<void> {
  if (going === null) return;
  const before = going.figures.plan;
  try {
    going.figures = await runs.change(going.id, change);
    controls.problem("");
  } catch (reason) {
    controls.show(before);
    controls.problem(words(reason));
  }
}

async function stop(): Promise<void> {
  const current = going;
  if (current === null) return;
  rest(current);
  await new Promise((done) => setTimeout(done, GOODBYE_MS));
  try {
    current.figures = await runs.end(current.id);
    paint(current);
  } catch (reason) {
    controls.problem(words(reason));
  }
  forget(current);
}

/** A page that goes has no time to wait for anything. */
function leave(): void {
  const { run } = document.body.dataset;
  if (run !== undefined) runs.end(run).catch(() => {});
}

/** The run is over on the server too. */
function forget({ id }: Going): void {
  if (document.body.dataset.run === id) delete document.body.dataset.run;
}

/** The lanes are closed; what they have measured stays. */
function rest(current: Going): void {
  going = null;
  current.stop();
  for (const lane of current.lanes) lane.close();
  for (const lane of LANES) current.meters[lane].state("stopped");
  controls.running(false);
  paint(current);
}

function paint({ figures, meters, series }: Going): void {
  table.show(
    figures,
    perLane((lane) => meters[lane].read()),
  );
  plots.show(series.steps);
  setText(byId("published", "p"), fill(texts.lab.published, { count: units.count(figures.published) }));
  const { uncertainty } = sync;
  if (uncertainty !== null) {
    setText(byId("clock", "p"), fill(texts.lab.clock, { uncertainty: units.milliseconds(uncertainty) }));
  }
}

async function setClock(): Promise<void> {
  const asked = performance.now();
  const server = await runs.now();
  sync.add(asked, server, performance.now());
}

function save(): void {
  if (last === null) return;
  const { figures, meters, series } = last;
  const clock = { ahead_ms: sync.ahead, uncertainty_ms: sync.uncertainty };
  const json = report(
    new Date(),
    figures,
    perLane((lane) => meters[lane].read()),
    series.steps,
    clock,
  );
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([json], { type: "application/json" }));
  link.download = `madang-${figures.room}.json`;
  link.click();
  // The browser has taken it over by the next turn.
  setTimeout(() => URL.revokeObjectURL(link.href));
}

function words(reason: unknown): string {
  if (!(reason instanceof Refusal)) return texts.lab.problem_unreachable;
  const known = texts.lab as Record<string, string>;
  return known[`problem_${reason.code}`] ?? fill(texts.problem.other, { code: reason.code });
}
