// npm's ws as a server for our client. Prints its port, then serves until it is stopped.
//   /echo          echoes; wants the header X-Madang: peer, else 403
//   /deflate       the same, and insists on permessage-deflate
//   /close/CODE    closes with CODE and the reason "because" when the first message comes
import { createServer } from "node:http";
import { WebSocketServer } from "ws";

const handleProtocols = (offered) => (offered.has("madang.echo") ? "madang.echo" : false);
const options = { noServer: true, handleProtocols, maxPayload: 16 * 1024 * 1024 };
const plain = new WebSocketServer({ ...options, perMessageDeflate: false });
const deflating = new WebSocketServer({ ...options, perMessageDeflate: { threshold: 0 } });

const refuse = (socket, status) => socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);

const server = createServer((_, response) => response.writeHead(404).end());
server.on("upgrade", (request, socket, head) => {
  if (request.headers["x-madang"] !== "peer") return refuse(socket, "403 Forbidden");
  const deflate = request.url === "/deflate";
  const offered = request.headers["sec-websocket-extensions"]?.includes("permessage-deflate");
  if (deflate && !offered) return refuse(socket, "400 Bad Request");
  (deflate ? deflating : plain).handleUpgrade(request, socket, head, (connection) => {
    const code = Number(request.url.match(/^\/close\/(\d+)$/)?.[1]);
    connection.on("message", (data, binary) => (code ? connection.close(code, "because") : connection.send(data, { binary })));
    connection.on("error", (error) => console.error(error.message));
  });
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
