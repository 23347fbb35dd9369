// What SERVER.md says, by Node's socket.io: it shows what the clients themselves expect.
import { createServer } from "node:http";
import { parseArgs } from "node:util";
import { attach } from "engine.io";
import { Server } from "socket.io";
import msgpack from "socket.io-msgpack-parser";

const { values: flags } = parseArgs({
  options: {
    port: { type: "string", default: "0" },
    "allow-eio3": { type: "boolean", default: false },
    recovery: { type: "boolean", default: false },
    parser: { type: "string", default: "json" },
    "ping-interval": { type: "string", default: "25000" },
    "ping-timeout": { type: "string", default: "20000" },
    "connect-timeout": { type: "string", default: "45000" },
    "upgrade-timeout": { type: "string", default: "10000" },
    bare: { type: "boolean", default: false },
    cors: { type: "string" },
    cookie: { type: "boolean", default: false },
  },
});
const RESERVED = ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

const options = {
  allowEIO3: flags["allow-eio3"],
  pingInterval: Number(flags["ping-interval"]),
  pingTimeout: Number(flags["ping-timeout"]),
  upgradeTimeout: Number(flags["upgrade-timeout"]),
  maxHttpBufferSize: flags.bare ? 1_000_000 : 4_000_000,
  cors: flags.cors || !flags.bare ? { origin: flags.cors ?? true, credentials: true } : undefined,
  cookie: flags.cookie,
  allowRequest: (request, decide) => {
    const refused = new URL(request.url, "http://127.0.0.1").searchParams.get("refuse") === "yes";
    decide(refused ? "refused" : null, !refused);
  },
};
const http = createServer((_request, response) => response.writeHead(404).end());
const io = new Server(http, {
  ...options,
  connectTimeout: Number(flags["connect-timeout"]),
  ...(flags.recovery && { connectionStateRecovery: {} }),
  ...(flags.parser === "msgpack" && { parser: msgpack }),
  // Otherwise it would end the other server's upgrades.
  destroyUpgrade: false,
});

for (const name of flags.bare ? [] : ["/", "/chat"]) {
  io.of(name).on("connection", (socket) => {
    if (!socket.recovered) {
      const { query, auth } = socket.handshake;
      socket.emit("welcome", { id: socket.id, namespace: name, query, auth });
    }
  });
}
io.of("/guarded").use((socket, next) => {
  if (socket.handshake.auth.token === "yes") next();
  else next(Object.assign(new Error("not allowed"), { data: { code: "E_TOKEN" } }));
});
for (const name of ["/", "/chat", "/quiet", /^\/room-[0-9a-z]+$/, "/guarded"]) io.of(name).on("connection", serve);

/** @param {import("socket.io").Socket} socket */
function serve(socket) {
  const on = (event, run) =>
    socket.on(event, (...args) => {
      const answer = typeof args.at(-1) === "function" ? args.pop() : () => {};
      run(args, answer);
    });
  on("echo", (args) => socket.emit("echo", ...args));
  on("ack", (args, answer) => answer(...args));
  on("ignore", () => {});
  on("call me", (args) => socket.emit("called", ...args, (...result) => socket.emit("answered", ...result)));
  on("call room", ([room, ...args], answer) => {
    socket.nsp.to(room).timeout(1000).emit("called", ...args, (error, answers) => answer(error?.message ?? null, answers));
  });
  on("join", async ([room], answer) => {
    await socket.join(room);
    answer();
  });
  on("leave", async ([room], answer) => {
    await socket.leave(room);
    answer();
  });
  on("rooms", (_, answer) => answer([...socket.rooms].sort()));
  on("broadcast", ([room, ...args], answer) => {
    socket.to(room).emit("broadcast", ...args);
    answer();
  });
  on("volatile", ([room, ...args], answer) => {
    if (room === null) socket.volatile.emit("volatile", ...args);
    else socket.to(room).volatile.emit("volatile", ...args);
    answer();
  });
  on("set data", ([key, value], answer) => {
    socket.data[key] = value;
    answer();
  });
  on("get data", ([key], answer) => answer(socket.data[key] ?? null));
  on("text", (_, answer) => answer("안녕하세요 😀 ñ"));
  on("transport", (_, answer) => answer(socket.conn.transport.name));
  on("disconnect me", ([close]) => socket.disconnect(close));
  on("close transport", () => socket.conn.close());
  on("forbidden", (_, answer) => {
    answer(
      RESERVED.filter((name) => {
        try {
          socket.emit(name);
          return false;
        } catch {
          return true;
        }
      }),
    );
  });
  on("sessions", (_, answer) => answer(io.engine.clientsCount));
  socket.on("disconnect", (reason) => socket.nsp.to(`watch:${socket.id}`).emit("gone", socket.id, reason));
}

const engine = attach(http, { ...options, path: "/engine.io", destroyUpgrade: false });
engine.on("connection", (socket) => {
  socket.on("message", (message) => {
    if (message === "close me") socket.close();
    else socket.send(message);
  });
});

for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => process.exit(0));
http.listen(Number(flags.port), "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${http.address().port}`));
