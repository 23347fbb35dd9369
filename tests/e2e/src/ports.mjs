import { createServer } from "node:net";

/**
 * A loopback port that nobody uses. Below those that systems give to outgoing connections (Linux: from 32,768), since
 * a server that restarts must find its port free again; and none of those that browsers refuse to talk to.
 */
export async function freePort() {
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (await isFree(port)) return port;
  }
}

const LOWEST = 20_000;
const HIGHEST = 32_000;

function isFree(port) {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error) => (error.code === "EADDRINUSE" ? resolve(false) : reject(error)));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
