// Runs the checks of one suite with one of npm's clients, in Node, over one transport:
//
//   node node-client.mjs SUITE PACKAGE TRANSPORT
//
// SUITE: socketio, recovery, msgpack, engineio. SERVERS has the addresses of the servers under test as JSON, CONTROL that of
// the proxies, SERVER which server it is (node or madang).
import { createRequire } from "node:module";
import { Report } from "./checks/report.mjs";
import { engineIo } from "./checks/engineio.mjs";
import { recovery } from "./checks/recovery.mjs";
import { socketIo } from "./checks/socketio.mjs";

const require = createRequire(import.meta.url);
const [suite, name, transport] = process.argv.slice(2);
const servers = JSON.parse(process.env.SERVERS);
let failed = 0;
const report = new Report((line) => {
  if (line.startsWith("not ok")) failed++;
  console.log(line);
}, process.env.SERVER);

const version = Number(require(`./node_modules/${name}/package.json`).version.split(".").slice(0, 2).join("."));
const setting = {
  io: require(name),
  version,
  transport,
  control: process.env.CONTROL,
  binary: (bytes) => Buffer.from(bytes),
};
const engine = (...args) => new (setting.io.Socket ?? setting.io)(...args);
const suites = {
  socketio: () => socketIo(report, { ...setting, url: servers.main }),
  msgpack: () => {
    const options = { parser: require("socket.io-msgpack-parser") };
    return socketIo(report, { ...setting, url: servers.msgpack, msgpack: true, options });
  },
  recovery: () => recovery(report, { ...setting, url: servers.recovery }),
  engineio: () => engineIo(report, { ...setting, io: engine, url: servers.main }),
};
// Whatever ends a run before its last check is a failure of its own.
await suites[suite]().catch((error) => report.fail("the run", error));
// Old clients leave timers and sockets behind.
process.exit(failed ? 1 : 0);
