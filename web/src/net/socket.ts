/** What the chat needs of a WebSocket: text out, and to be let go. */
export interface Socket {
  send(text: string): void;
  close(): void;
}

/** What a socket reports. `closed` comes exactly once, also when the connection never opened. */
export interface SocketEvents {
  opened(): void;
  received(text: string): void;
  closed(code: number): void;
}

export type Connect = (url: string, events: SocketEvents) => Socket;

/** Opens a browser WebSocket. Binary messages are no part of the chat protocol and are ignored. */
export const connectWebSocket: Connect = (url, events) => {
  const socket = new WebSocket(url);
  socket.addEventListener("open", () => events.opened());
  socket.addEventListener("message", (event: MessageEvent<unknown>) => {
    if (typeof event.data === "string") events.received(event.data);
  });
  // An `error` event says nothing more and is always followed by `close`.
  socket.addEventListener("close", (event) => events.closed(event.code));
  return {
    send(text) {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    close: () => socket.close(),
  };
};
