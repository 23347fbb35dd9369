// What no client library shows: refusals, deadlines and segments, on plain HTTP, TCP and ws.
//
//   node raw-client.mjs
import { connect } from "node:net";
import { once } from "node:events";
import WebSocket from "ws";
import { Report, ok, same, within } from "./checks/report.mjs";

const servers = JSON.parse(process.env.SERVERS);
let failed = 0;
const report = new Report((line) => {
  if (line.startsWith("not ok")) failed++;
  console.log(line);
}, process.env.SERVER);

const HANDSHAKE = "/socket.io/?EIO=4&transport=websocket";

await report.check("a refused WebSocket handshake shows its status", async () => {
  for (const [query, status] of [
    ["EIO=4&transport=websocket&sid=unknown", 400],
    ["EIO=4&transport=pigeon", 400],
    ["EIO=4&transport=websocket&refuse=yes", [400, 403]],
  ]) {
    const ws = new WebSocket(`${servers.main.replace("http", "ws")}/socket.io/?${query}`);
    const [error] = await within(once(ws, "error"), "the refusal").catch((error) => [error]);
    const said = Number(/Unexpected server response: (\d+)/.exec(error.message)?.[1]);
    ok([status].flat().includes(said), `${query}: ${error.message}`);
  }
});
await report.check("errors over HTTP have their code, message and status", async () => {
  for (const [method, query, status, body] of [
    ["GET", "EIO=4&transport=pigeon", 400, { code: 0, message: "Transport unknown" }],
    ["GET", "EIO=4", 400, { code: 0, message: "Transport unknown" }],
    ["GET", "EIO=4&transport=polling&sid=unknown", 400, { code: 1, message: "Session ID unknown" }],
    ["POST", "EIO=4&transport=polling", 400, { code: 2, message: "Bad handshake method" }],
    ["GET", "EIO=4&transport=websocket", 400, { code: 3, message: "Bad request" }],
    ["GET", "EIO=4&transport=polling&refuse=yes", 403, { code: 4, message: "refused" }],
  ]) {
    const answer = await fetch(`${servers.main}/socket.io/?${query}`, { method, headers: { origin: "http://a.test" } });
    same([answer.status, await answer.json()], [status, body], query);
    same(answer.headers.get("access-control-allow-origin"), "http://a.test", `${query}: CORS`);
  }
  const old = await fetch(`${servers.impatient}/socket.io/?EIO=3&transport=polling`);
  same([old.status, await old.json()], [400, { code: 5, message: "Unsupported protocol version" }], "EIO=3");
});
await report.check("a connection that joins no namespace ends after connect_timeout, though it answers pings", async () => {
  const start = performance.now();
  const ws = new WebSocket(`${servers.impatient.replace("http", "ws")}${HANDSHAKE}`);
  let pings = 0;
  ws.on("message", (message) => {
    if (String(message) === "2") {
      pings++;
      ws.send("3");
    }
  });
  await within(once(ws, "close"), "the end");
  const took = performance.now() - start;
  ok(pings >= 3, `${pings} pings`);
  ok(took > 600 && took < 5_000, `it took ${took} ms, not 700`);
});
await report.check("a connection that joins one stays", async () => {
  const ws = new WebSocket(`${servers.impatient.replace("http", "ws")}${HANDSHAKE}`);
  let pings = 0;
  const stayed = new Promise((resolve, reject) => {
    ws.on("close", () => reject(new Error(`closed after ${pings} pings`)));
    ws.on("message", (message) => {
      if (String(message).startsWith("0")) ws.send("40");
      if (String(message) !== "2") return;
      ws.send("3");
      // Past connect_timeout: pings come every 100 ms.
      if (++pings === 12) resolve();
    });
  });
  await within(stayed, "twelve pings");
  ws.terminate();
});
await report.check("CONNECT's answer and the first event, however they are cut into segments", async () => {
  const { texts, socket } = await bareWebSocket("40/chat,");
  const connected = texts.findIndex((text) => /^40\/chat,\{"sid":"[^"]+"/.test(text));
  const welcome = texts.findIndex((text) => text.startsWith('42/chat,["welcome",{'));
  ok(connected >= 0 && welcome > connected, `it said ${JSON.stringify(texts)}`);
  socket.destroy();
});
await report.check("the answer of a polling CONNECT has the first event, too, or the next poll has", async () => {
  const url = `${servers.main}/socket.io/?EIO=4&transport=polling`;
  const { sid } = JSON.parse((await (await fetch(url)).text()).slice(1));
  same(await (await fetch(`${url}&sid=${sid}`, { method: "POST", body: "40/chat," })).text(), "ok");
  const packets = [];
  while (packets.length < 2) packets.push(...(await (await fetch(`${url}&sid=${sid}`)).text()).split("\x1e").filter((text) => text !== "2"));
  ok(/^40\/chat,\{"sid":"[^"]+"/.test(packets[0]), packets[0]);
  ok(packets[1].startsWith('42/chat,["welcome",{'), packets[1]);
  ok(JSON.parse(packets[0].slice(8)).sid !== sid, "the session's id is public");
});
await report.check("nonsense ends its own connection alone", async () => {
  const other = new WebSocket(`${servers.main.replace("http", "ws")}${HANDSHAKE}`);
  await within(once(other, "open"), "open");
  other.send("40");
  for (const nonsense of ['42["connect"]', '42["disconnecting"]', "4x", '42{"a":1}', '451-["x",{"_placeholder":true,"num":1}]', "40", '42/chat,["x"]']) {
    const ws = new WebSocket(`${servers.main.replace("http", "ws")}${HANDSHAKE}`);
    await within(once(ws, "open"), "open");
    ws.send("40");
    const joined = new Promise((resolve) => ws.on("message", (message) => String(message).startsWith("40{") && resolve()));
    await within(joined, "CONNECT");
    const closed = once(ws, "close");
    ws.send(nonsense);
    if (nonsense.startsWith("451-")) ws.send(Buffer.from([1]));
    await within(closed, `the end after ${nonsense}`, 3_000);
  }
  const answered = new Promise((resolve) => other.on("message", (message) => String(message) === '431["still"]' && resolve()));
  other.send('421["ack","still"]');
  await within(answered, "the other's acknowledgement");
  other.terminate();
});
process.exit(failed ? 1 : 0);

/** Speaks WebSocket by hand: the texts that came within a second of `text` being sent. */
async function bareWebSocket(text) {
  const socket = connect(Number(new URL(servers.main).port), "127.0.0.1");
  let bytes = Buffer.alloc(0);
  socket.on("data", (more) => (bytes = Buffer.concat([bytes, more])));
  socket.write(
    `GET ${HANDSHAKE} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  );
  const until = async (what, when) => {
    await within((async () => { while (!when()) await Promise.race([once(socket, "data"), once(socket, "close")]); })(), what);
  };
  await until("101", () => bytes.includes("\r\n\r\n"));
  ok(bytes.toString("latin1").startsWith("HTTP/1.1 101 "), bytes.toString("latin1").slice(0, 40));
  bytes = bytes.subarray(bytes.indexOf("\r\n\r\n") + 4);
  // Masked with zeros, which change nothing.
  socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]));
  const texts = [];
  await until("two packets", () => {
    while (bytes.length >= 2) {
      const long = bytes[1] === 126;
      const [start, length] = long ? [4, bytes.readUInt16BE(2)] : [2, bytes[1]];
      if (bytes.length < start + length) break;
      texts.push(bytes.subarray(start, start + length).toString());
      bytes = bytes.subarray(start + length);
    }
    return texts.filter((one) => one.startsWith("4")).length >= 2;
  });
  return { texts, socket };
}
