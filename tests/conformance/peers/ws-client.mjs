// npm's ws as a client of our server: `node ws-client.mjs ws://HOST:PORT`. One line a check: "ok NAME" or "not ok NAME: why".
import assert from "node:assert/strict";
import { once } from "node:events";
import WebSocket from "ws";

const base = process.argv[2];
const SECONDS = 30;

const open = async (path, protocols = [], options = {}) => {
  const socket = new WebSocket(`${base}${path}`, protocols, { perMessageDeflate: false, ...options });
  await once(socket, "open");
  return socket;
};

const receive = async (socket) => {
  const [data, isBinary] = await once(socket, "message");
  return isBinary ? data : data.toString();
};

// The code that the server answered; a reason in its answer is up to it.
const close = async (socket, code, reason = "") => {
  const closed = once(socket, "close");
  socket.close(code, reason);
  return (await closed)[0];
};

const echoes = async (socket) => {
  for (const text of ["", "hello", "마당에 모여 👋🏽", "x".repeat(70_000)]) {
    socket.send(text);
    assert.equal(await receive(socket), text);
  }
  for (const size of [0, 1, 125, 126, 65_535, 65_536, 1_048_576]) {
    const bytes = Buffer.alloc(size, "0123456789abcdef");
    socket.send(bytes);
    assert.deepEqual(await receive(socket), bytes);
  }
};

const checks = {
  async echo() {
    const socket = await open("/echo");
    assert.equal(socket.extensions, "");
    await echoes(socket);
    assert.equal(await close(socket, 1000, "done"), 1000);
  },
  async "echo with permessage-deflate"() {
    const socket = await open("/autobahn", [], { perMessageDeflate: { threshold: 0 } });
    assert.match(socket.extensions, /^permessage-deflate/);
    await echoes(socket);
    assert.equal(await close(socket, 1000), 1000);
  },
  async "permessage-deflate without context takeover"() {
    const perMessageDeflate = { threshold: 0, serverNoContextTakeover: true, clientNoContextTakeover: true };
    const socket = new WebSocket(`${base}/autobahn`, { perMessageDeflate });
    const [[response]] = await Promise.all([once(socket, "upgrade"), once(socket, "open")]);
    assert.match(response.headers["sec-websocket-extensions"], /server_no_context_takeover/);
    await echoes(socket);
    await close(socket, 1000);
  },
  async "fragments with a ping between"() {
    const socket = await open("/echo");
    const answered = once(socket, "pong");
    const echoed = receive(socket);
    socket.send("마당", { fin: false });
    socket.ping("between");
    socket.send("에서", { fin: false });
    socket.send("", { fin: true });
    assert.equal((await answered)[0].toString(), "between");
    assert.equal(await echoed, "마당에서");
    await close(socket, 1000);
  },
  async "1,000 messages in order"() {
    const socket = await open("/echo");
    const got = [];
    const all = new Promise((resolve) => {
      socket.on("message", (data) => got.push(data.toString()) === 1000 && resolve());
    });
    const sent = Array.from({ length: 1000 }, (_, number) => `message ${number}`);
    for (const text of sent) socket.send(text);
    await all;
    assert.deepEqual(got, sent);
    await close(socket, 1000);
  },
  async "close codes"() {
    for (const code of [1000, 1001, 1011, 3000, 4999]) {
      assert.equal(await close(await open("/echo"), code, "because"), code);
    }
  },
  async subprotocol() {
    const chosen = await open("/echo", ["unknown", "madang.echo"]);
    assert.equal(chosen.protocol, "madang.echo");
    await close(chosen, 1000);
    const none = await open("/echo");
    assert.equal(none.protocol, "");
    await close(none, 1000);
  },
  async "headers of any case and number"() {
    const headers = { "X-Madang": "peer", Cookie: "a=b", "X-Long": "y".repeat(2000) };
    const socket = await open("/echo", [], { headers });
    socket.send("heard");
    assert.equal(await receive(socket), "heard");
    await close(socket, 1000);
  },
};

let failed = 0;
for (const [name, check] of Object.entries(checks)) {
  const late = setTimeout(() => {
    console.log(`not ok ${name}: no answer within ${SECONDS} s`);
    process.exit(1);
  }, SECONDS * 1000);
  try {
    await check();
    console.log(`ok ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`not ok ${name}: ${error.message.replaceAll("\n", " ")}`);
  }
  clearTimeout(late);
}
process.exit(failed ? 1 : 0);
