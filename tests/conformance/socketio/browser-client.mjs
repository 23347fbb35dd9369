// Runs the checks with browser builds of socket.io-client in a real browser, from a page of another origin:
//
//   node browser-client.mjs chromium|firefox
//
// The browsers and what drives them are those of tests/e2e.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname } from "node:path";

const engine = process.argv[2];
const servers = JSON.parse(process.env.SERVERS);
const { SERVER: server, CONTROL: control } = process.env;
const { launchChromium } = await import("../../e2e/src/browsers/chromium.mjs");
const { launchFirefox } = await import("../../e2e/src/browsers/firefox.mjs");

const ALL = ["polling", "websocket", "upgrade"];
const RUNS = [
  { build: "socket.io.min.js 4.8 of the server", version: 4.8, script: `${servers.main}/socket.io/socket.io.min.js`, transports: ALL },
  { build: "socket.io.esm.min.js 4.8 of the server", version: 4.8, module: `${servers.main}/socket.io/socket.io.esm.min.js`, transports: ["upgrade"] },
  {
    build: "socket.io.msgpack.min.js 4.8 of the server",
    version: 4.8,
    script: `${servers.msgpack}/socket.io/socket.io.msgpack.min.js`,
    transports: ["upgrade"],
    url: servers.msgpack,
    msgpack: true,
  },
  {
    build: "recovery with socket.io.js 4.8 of the server",
    version: 4.8,
    script: `${servers.main}/socket.io/socket.io.js`,
    transports: ["upgrade"],
    url: servers.recovery,
    suite: "recovery",
  },
  { build: "socket.io-client 4.5.4 by script tag", version: 4.5, script: "/node_modules/socket.io-client-4.5/dist/socket.io.min.js", transports: ALL },
  { build: "socket.io-client 2.5.0 by script tag", version: 2.5, script: "/node_modules/socket.io-client-2.5/dist/socket.io.js", transports: ALL },
];
/** For one build while developing: a regular expression for their names. */
const only = new RegExp(process.env.BUILD ?? "");
const TYPES = { ".html": "text/html", ".mjs": "text/javascript", ".js": "text/javascript" };

const http = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, "http://127.0.0.1");
  try {
    const body = await readFile(new URL(`.${pathname}`, import.meta.url));
    response.writeHead(200, { "content-type": `${TYPES[extname(pathname)]}; charset=utf-8` }).end(body);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((resolve) => http.listen(0, "127.0.0.1", resolve));
const origin = `http://127.0.0.1:${http.address().port}`;

const browser = await (engine === "firefox" ? launchFirefox : launchChromium)();
let failed = 0;
try {
  for (const { transports, ...run } of RUNS.filter(({ build }) => only.test(build))) {
    for (const transport of transports) {
      console.log(`run ${run.build} | ${transport}`);
      // A browser keeps few connections to a server, of which every client that polls holds one.
      const crowd = { polling: 3, websocket: 50, upgrade: 4 }[transport];
      const page = await browser.open();
      await page.goto(`${origin}/page.html`);
      const lines = await page.evaluate(inPage, { url: servers.main, suite: "socketio", ...run, transport, crowd, control, server });
      for (const line of lines) {
        if (line.startsWith("not ok")) failed++;
        console.log(line);
      }
      await page.close();
    }
  }
} catch (error) {
  failed++;
  console.log(`not ok the run: ${String(error.message).replace(/\s+/g, " ")}`);
} finally {
  await browser.close();
}
process.exit(failed ? 1 : 0);

/** In the page: loads the build and runs the checks; returns their lines. */
async function inPage({ script, module, suite, server, ...setting }) {
  const lines = [];
  const { Report } = await import("/checks/report.mjs");
  const report = new Report((line) => lines.push(line), server);
  try {
    if (script) {
      await new Promise((resolve, reject) => {
        const tag = document.createElement("script");
        Object.assign(tag, { src: script, onload: resolve, onerror: () => reject(new Error(`${script} doesn't load`)) });
        document.head.append(tag);
      });
    }
    const io = module ? (await import(module)).io : window.io;
    const binary = (bytes) => bytes.slice().buffer;
    const { socketIo } = await import("/checks/socketio.mjs");
    const { recovery } = await import("/checks/recovery.mjs");
    await { socketio: socketIo, recovery }[suite](report, { ...setting, io, binary });
  } catch (error) {
    report.fail("the run", error);
  }
  return lines;
}
