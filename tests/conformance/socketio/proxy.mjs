// TCP proxies that lose, hold and refuse connections when told to, by HTTP, so that a client in any language and any
// place can have its connection broken:
//
//   POST /?target=URL          a new proxy to the server at URL; answers {"id": …, "url": …}
//   POST /ID/drop              every connection of it is reset, both sides
//   POST /ID/refuse, /accept   new connections are reset at once, or served again
//   POST /ID/hold, /release    no byte passes any more in either direction, and what waited passes
//   POST /ID/gather, /scatter  the server's bytes pass every 150 ms only, many in one segment, or as they come again
//   DELETE /ID                 ends it
import { createServer as createHttpServer } from "node:http";
import { connect, createServer } from "node:net";

/** How long the server's bytes are gathered, in milliseconds. */
const GATHER_MS = 150;

class Proxy {
  #target;
  #server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#serve(client));
  #pairs = new Set();
  #refusing = false;
  #holding = false;
  #gathering = false;

  constructor(target) {
    this.#target = new URL(target);
  }

  async listen() {
    await new Promise((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  drop() {
    for (const pair of this.#pairs) for (const { socket } of pair) socket.resetAndDestroy();
  }
  refuse() {
    this.#refusing = true;
  }
  accept() {
    this.#refusing = false;
  }
  hold() {
    this.#holding = true;
  }
  release() {
    this.#holding = false;
    for (const pair of this.#pairs) for (const side of pair) side.pass();
  }
  gather() {
    this.#gathering = true;
  }
  scatter() {
    this.#gathering = false;
    for (const pair of this.#pairs) for (const side of pair) side.pass();
  }
  close() {
    this.drop();
    this.#server.close();
  }

  #serve(client) {
    if (this.#refusing) return client.resetAndDestroy();
    const server = connect({ port: Number(this.#target.port), host: this.#target.hostname, noDelay: true, allowHalfOpen: true });
    const pair = [this.#side(client, server, false), this.#side(server, client, true)];
    this.#pairs.add(pair);
    for (const socket of [client, server]) {
      socket.on("error", () => {});
      socket.on("close", () => {
        this.#pairs.delete(pair);
        for (const { socket } of pair) socket.destroy();
      });
    }
  }

  #side(socket, other, fromServer) {
    let waiting = [];
    let ended = false;
    let timer;
    const pass = () => {
      if (this.#holding) return;
      clearTimeout(timer);
      timer = undefined;
      if (waiting.length > 0 && other.writable && !other.write(Buffer.concat(waiting))) {
        socket.pause();
        other.once("drain", () => !this.#holding && socket.resume());
      } else socket.resume();
      waiting = [];
      if (ended) other.end();
    };
    const arrived = () => {
      // What is held isn't read either: the sender shall notice that nobody takes it.
      if (this.#holding) return socket.pause();
      if (fromServer && this.#gathering) timer ??= setTimeout(pass, GATHER_MS);
      else pass();
    };
    socket.on("data", (bytes) => {
      waiting.push(bytes);
      arrived();
    });
    socket.on("end", () => {
      ended = true;
      arrived();
    });
    return { socket, pass };
  }
}

/** Starts the HTTP server above; returns its address. */
export async function serveProxies() {
  const proxies = new Map();
  const server = createHttpServer(async (request, response) => {
    // Pages of other origins ask, too.
    response.setHeader("Access-Control-Allow-Origin", "*");
    response.setHeader("Access-Control-Allow-Methods", "*");
    const url = new URL(request.url, "http://127.0.0.1");
    const [, id, action] = url.pathname.split("/");
    if (request.method === "OPTIONS") return response.end();
    if (id === "") {
      const proxy = new Proxy(url.searchParams.get("target"));
      const name = String(proxies.size + 1);
      proxies.set(name, proxy);
      return response.end(JSON.stringify({ id: name, url: await proxy.listen() }));
    }
    if (request.method === "DELETE") proxies.get(id).close();
    else proxies.get(id)[action]();
    response.end("{}");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${server.address().port}`;
}
