import type { Choice } from "./chat/choice";
import { plainWay } from "./chat/plain-way";
import { pollingWay } from "./chat/polling-way";
import { socketIoWay } from "./chat/socketio-way";
import { sseWay } from "./chat/sse-way";
import type { Way } from "./chat/way";
import { pageAttention } from "./net/attention";
import { systemClock } from "./net/clock";
import { connectEventSource } from "./net/event-stream";
import { httpTo } from "./net/http";
import { connectWebSocket } from "./net/socket";
import { loadSocketIo, socketIoConnector } from "./net/socketio";

/** Where the back is: its origins, as the page was told them. */
interface Back {
  backWs: string;
  backHttp: string;
}

/** The way to a room that was chosen, by what this browser has. Requests are nobody's in particular, unless `http` says whose. */
export function wayTo(room: string, choice: Choice, { backWs, backHttp }: Back, http = httpTo(backHttp)): Way {
  switch (choice.via) {
    case "websocket":
      return plainWay(backWs, room, connectWebSocket);
    case "socketio": {
      const load = loadSocketIo(`${backHttp}/socket.io/socket.io.min.js`);
      return socketIoWay(room, socketIoConnector(backHttp, choice.transport, load));
    }
    case "sse":
      return sseWay(backHttp, room, http, connectEventSource, systemClock);
    case "long-polling":
    case "polling":
      return pollingWay(choice.via, room, http, systemClock, pageAttention);
  }
}
