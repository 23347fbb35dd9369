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
switch (suite) {
  case "socketio":
    await socketIo(report, { ...setting, url: servers.main });
    break;
  case "msgpack":
    await socketIo(report, { ...setting, url: servers.msgpack, options: { parser: require("socket.io-msgpack-parser") } });
    break;
  case "recovery":
    await recovery(report, { ...setting, url: servers.recovery });
    break;
  case "engineio":
    await engineIo(report, { ...setting, url: servers.main });
    break;
  default:
    throw new Error(`no such suite: ${suite}`);
}
// Old clients leave timers and sockets behind.
process.exit(failed ? 1 : 0);
