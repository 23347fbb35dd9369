// The same test server with Node's socket.io: what the replays expect of Node is checked against it.
// It isn't part of `make conformance`: run `npm install --no-save socket.io@4.8.4 socket.io-msgpack-parser@3.0.2` above this folder, then `run.py reference.mjs`.

import { createServer } from "node:http";
import { parseArgs } from "node:util";
import { Server as Engine } from "engine.io";
import { Server } from "socket.io";
import msgpack from "socket.io-msgpack-parser";

const string = { type: "string" };
const boolean = { type: "boolean", default: false };
const { values: given } = parseArgs({
  options: {
    port: { type: "string", default: "0" },
    "allow-eio3": boolean,
    recovery: boolean,
    bare: boolean,
    cookie: boolean,
    cors: string,
    parser: string,
    "ping-interval": string,
    "ping-timeout": string,
    "connect-timeout": string,
    "upgrade-timeout": string,
  },
});

const milliseconds = (name) => (given[name] === undefined ? undefined : Number(given[name]));
const defined = (options) => Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
const engineOptions = defined({
  allowEIO3: given["allow-eio3"],
  pingInterval: milliseconds("ping-interval"),
  pingTimeout: milliseconds("ping-timeout"),
  upgradeTimeout: milliseconds("upgrade-timeout"),
  cookie: given.cookie || undefined,
  cors: given.cors && { origin: given.cors, credentials: true },
  allowRequest: (request, answer) =>
    request.url.includes("refuse=yes") ? answer("refused", false) : answer(null, true),
});

const http = createServer((_request, response) => response.writeHead(404).end());

const engine = new Engine(engineOptions);
engine.on("connection", (socket) => socket.on("message", (data) => socket.send(data)));
engine.attach(http, { path: "/engine.io", destroyUpgrade: false });

const io = new Server(http, {
  ...engineOptions,
  ...defined({ connectTimeout: milliseconds("connect-timeout") }),
  ...(given.parser === "msgpack" && { parser: msgpack }),
  connectionStateRecovery: given.recovery ? {} : undefined,
});

function welcome(socket) {
  socket.on("error", () => {});
  socket.on("echo", (...args) => socket.emit("echo", ...args));
  socket.on("ack", (...args) => {
    const answer = args.pop();
    if (typeof answer === "function") answer(...args);
  });
  socket.on("ignore", () => {});
  socket.on("call me", (...args) => {
    socket.emit("called", ...args, (...answer) => socket.emit("answered", ...answer));
  });
  socket.on("join", async (room, answer) => { await socket.join(room); answer?.(); });
  socket.on("leave", async (room, answer) => { await socket.leave(room); answer?.(); });
  socket.on("rooms", (answer) => answer?.([...socket.rooms]));
  socket.on("broadcast", (room, ...args) => { socket.to(room).emit("broadcast", ...args); });
  socket.on("volatile", (room, ...args) => { socket.to(room).volatile.emit("volatile", ...args); });
  socket.on("disconnect", (reason) => { socket.nsp.to(`watch:${socket.id}`).emit("gone", socket.id, reason); });
  socket.on("disconnect me", (close) => socket.disconnect(close === true));
}

for (const name of ["/", "/chat", "/quiet", /^\/room-[0-9a-z]+$/]) {
  io.of(name).on("connection", welcome);
}
io.of("/guarded").use((socket, next) => {
  if (socket.handshake.auth.token === "yes") return next();
  next(Object.assign(new Error("not allowed"), { data: { code: "E_TOKEN" } }));
}).on("connection", welcome);

http.listen(Number(given.port), "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${http.address().port}`);
});
