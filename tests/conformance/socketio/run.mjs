// Starts the servers under test and the proxies, and lets every client judge them: see run.sh.
import { readFile, writeFile } from "node:fs/promises";
import { once } from "node:events";
import { parseArgs } from "node:util";
import WebSocket from "ws";
import { Child } from "../../e2e/src/child.mjs";
import { serveProxies } from "./proxy.mjs";

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { summary: { type: "string" }, program: { type: "string" }, python5: { type: "string" }, python4: { type: "string" } },
});
const quick = positionals[0] === "quick";
const node = process.env.SERVER === "node";
/** For one client while developing: a regular expression for the names of the runs. */
const only = new RegExp(process.env.ONLY ?? "");
const AT_ONCE = Number(process.env.AT_ONCE ?? 2);
/** A run may take this long, in milliseconds, many times what the longest takes. */
const RUN_MS = 600_000;
const ALL = ["polling", "websocket", "upgrade"];

const version = async (name) =>
  JSON.parse(await readFile(new URL(`node_modules/${name}/package.json`, import.meta.url))).version;

/** @type {{ client: string, suite: string, transports: string[], quick?: boolean, command: string[], server?: string }[]} */
const runs = [];
for (const [name, inQuick] of [
  ["socket.io-client-4.8", true],
  ["socket.io-client-4.5"],
  ["socket.io-client-3"],
  ["socket.io-client-2.5", true],
  ["socket.io-client-2.0"],
  ["socket.io-client-1", true],
]) {
  const client = `socket.io-client ${await version(name)}`;
  runs.push({ client, suite: "events", transports: ALL, quick: inQuick, command: ["node", "node-client.mjs", "socketio", name] });
}
const newest = `socket.io-client ${await version("socket.io-client-4.8")}`;
runs.push(
  { client: newest, suite: "recovery", transports: ALL, quick: true, command: ["node", "node-client.mjs", "recovery", "socket.io-client-4.8"] },
  { client: `${newest} with msgpack`, suite: "events", transports: ALL, command: ["node", "node-client.mjs", "msgpack", "socket.io-client-4.8"] },
);
for (const [name, inQuick] of [
  ["engine.io-client-6", true],
  ["engine.io-client-5"],
  ["engine.io-client-4"],
  ["engine.io-client-3", true],
  ["engine.io-client-1"],
]) {
  const client = `engine.io-client ${await version(name)}`;
  runs.push({ client, suite: "Engine.IO", transports: ALL, quick: inQuick, command: ["node", "node-client.mjs", "engineio", name] });
}
for (const [kind, number, python, inQuick] of [
  ["asyncio", "5.18.1", flags.python5, true],
  ["sync", "5.18.1", flags.python5],
  ["asyncio", "4.6.1", flags.python4],
  ["sync", "4.6.1", flags.python4],
]) {
  const client = `python-socketio ${number} (${kind})`;
  runs.push({ client, suite: "Python", transports: ALL, quick: inQuick, command: [python, "python/client.py", kind] });
}
runs.push({ client: "plain HTTP, TCP and ws", suite: "plain", transports: [""], quick: true, command: ["node", "raw-client.mjs"] });
for (const browser of ["chromium", "firefox"]) {
  runs.push({ client: browser, suite: "browser", transports: [""], command: ["node", "browser-client.mjs", browser] });
}

const heartbeat = (interval, timeout) => ["--ping-interval", String(interval), "--ping-timeout", String(timeout)];
const SERVERS = {
  main: ["--allow-eio3", ...heartbeat(300, 5_000)],
  calm: ["--allow-eio3", ...heartbeat(1_000, 5_000)],
  msgpack: ["--parser", "msgpack", ...heartbeat(300, 5_000)],
  recovery: ["--allow-eio3", "--recovery", ...heartbeat(300, 1_500)],
  impatient: ["--connect-timeout", "700", ...heartbeat(100, 2_000)],
};
if (!node) {
  // Some of them again, where Engine.IO reads HTTP by itself.
  SERVERS.bare = [...SERVERS.main, "--tcp"];
  const again = /^(socket\.io-client (4\.8|2\.5)[.\d]*$|engine\.io-client [36]|python-socketio 5.*asyncio|plain)/;
  for (const run of runs.filter(({ client, suite }) => again.test(client) && suite !== "recovery")) {
    runs.push({ ...run, client: `${run.client}, own HTTP server`, quick: run.suite === "plain" || run.suite === "Engine.IO", server: "bare" });
  }
}
const command = node ? ["node", new URL("reference-server.mjs", import.meta.url).pathname] : [flags.program];

/** @type {Map<string, Child>} */
const children = new Map();
const addresses = {};
for (const [name, options] of Object.entries(SERVERS)) {
  const child = new Child(command[0], [...command.slice(1), ...options]);
  children.set(name, child);
  addresses[name] = await child.unlessExited(
    new Promise((resolve) => {
      let said = "";
      child.stream(1).on("data", (text) => {
        said += text;
        const address = /^listening on (http:\S+)$/m.exec(said)?.[1];
        if (address) resolve(address);
      });
    }),
  );
}
const environment = {
  ...process.env,
  CONTROL: await serveProxies(),
  SERVER: node ? "node" : "madang",
};

const summary = [];
let failures = 0;
const begun = performance.now();
const waiting = runs
  .filter((run) => (!quick || run.quick) && only.test(`${run.client} ${run.suite}`))
  .flatMap((run, place) => run.transports.map((transport) => ({ ...run, place, transport })));
console.log(`socketio: ${waiting.length} runs against ${node ? "Node's socket.io" : flags.program}`);
// Browsers take longest, so they come first; what else is there runs beside them.
waiting.sort((a, b) => (b.suite === "browser") - (a.suite === "browser"));
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    for (let run = waiting.shift(); run; run = waiting.shift()) await judge(run);
  }),
);
tell({ client: "the servers, after all of them", suite: "after", transport: "" }, await aftermath(), 0);

summary.sort((a, b) => a.place - b.place || ALL.indexOf(a.transport) - ALL.indexOf(b.transport));
const passed = summary.reduce((sum, { checks }) => sum + checks.length, 0);
const known = summary.reduce((sum, run) => sum + run.known, 0);
console.log(`socketio: ${passed} passed, ${failures} failed${known ? `, ${known} that Node is known to fail` : ""}, ${seconds(begun)}`);
if (flags.summary && failures === 0 && !node) {
  const suites = {};
  for (const { suite, checks } of summary) suites[suite] = [...new Set([...(suites[suite] ?? []), ...checks])];
  // The same as in Node, with fewer clients.
  delete suites.browser;
  const counts = summary.map(({ client, suite, transport, checks }) => ({ client, suite, transport, checks: checks.length }));
  await writeFile(flags.summary, `${JSON.stringify({ suites, runs: counts }, null, 1)}\n`);
}
process.exit(failures ? 1 : 0);

async function judge(run) {
  const start = performance.now();
  const child = new Child(run.command[0], [...run.command.slice(1), run.transport].filter(Boolean), {
    cwd: new URL(".", import.meta.url).pathname,
    env: { ...environment, SERVERS: JSON.stringify({ ...addresses, main: addresses[run.server ?? "main"] }) },
  });
  let said = "";
  child.stream(1).on("data", (text) => (said += text));
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.destroy();
  }, RUN_MS);
  const ended = once(child.stream(1), "close");
  const code = await child.exited;
  await ended;
  clearTimeout(timer);
  const lines = said.split("\n").filter(Boolean);
  // A program that dies in the middle has no "not ok" line of its own.
  const failed = lines.some((line) => line.startsWith("not ok"));
  if (late) lines.push(`not ok the run: not over after ${RUN_MS / 1000} s`);
  else if (code !== (failed ? 1 : 0)) lines.push(`not ok the run: it ended with ${code}: ${child.output.slice(-1_000)}`);
  let part = run;
  let own = [];
  const parts = [[part, own]];
  for (const line of lines) {
    const [, client, transport] = /^run (.+) \| (.+)$/.exec(line) ?? [];
    if (!client) own.push(line);
    else {
      const browser = run.client[0].toUpperCase() + run.client.slice(1);
      [part, own] = [{ ...run, client: `${browser}: ${client}`, transport, suite: "browser" }, []];
      parts.push([part, own]);
    }
  }
  // What a browser takes is told once for all its runs.
  const told = parts.filter(([, own]) => own.length > 0);
  if (told.length === 0) told.push([run, ["not ok the run: it checked nothing"]]);
  told.forEach(([part, own], index) => tell(part, own, index === told.length - 1 ? start : 0));
}

/** One line for a run, and one for each check that failed. */
function tell(run, lines, start) {
  const checks = lines.filter((line) => line.startsWith("ok ")).map((line) => line.slice(3));
  const known = lines.filter((line) => line.startsWith("known ")).length;
  const bad = lines.filter((line) => line.startsWith("not ok ")).map((line) => line.slice(7));
  failures += bad.length;
  const count = `${checks.length} of ${checks.length + bad.length} checks${known ? `, ${known} known` : ""}`;
  const row = [bad.length ? "FAIL" : "pass", run.client.padEnd(54), run.transport.padEnd(9), `${run.suite}: ${count}`.padEnd(34)];
  console.log(row.join("  ") + (start ? seconds(start) : ""));
  for (const one of bad) console.log(`      ${one}`);
  if (run.place !== undefined) summary.push({ ...run, checks, known });
}

function seconds(start) {
  return `${((performance.now() - start) / 1000).toFixed(1)} s`;
}

/** The servers still run, said nothing of a panic, and have no session left but the one that asks. */
async function aftermath() {
  const lines = [];
  for (const [name, child] of children) {
    const panic = /panicked at[^\n]*\n?[^\n]*/.exec(child.output);
    if (panic) lines.push(`not ok ${name}: ${panic[0]}`);
    if (name === "msgpack") continue;
    // The longest heartbeat and what a loaded machine adds to it.
    const deadline = performance.now() + 15_000;
    let sessions;
    do sessions = await asked(addresses[name]).catch((error) => error.message);
    while (sessions !== 1 && performance.now() < deadline);
    lines.push(sessions === 1 ? `ok ${name} has no session left` : `not ok ${name}: sessions left, or an error: ${sessions}`);
  }
  return lines;
}

async function asked(address) {
  const ws = new WebSocket(`${address.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`);
  try {
    return await new Promise((resolve, reject) => {
      setTimeout(() => reject(new Error("no answer for 2 s")), 2_000).unref();
      ws.on("error", reject);
      ws.on("message", (data) => {
        const text = String(data);
        if (text.startsWith("0")) ws.send("40");
        if (text.startsWith("40")) ws.send('421["sessions"]');
        if (text.startsWith("431")) resolve(JSON.parse(text.slice(3))[0]);
      });
    });
  } finally {
    ws.terminate();
  }
}
