import type { io } from "socket.io-client";

/** What the chat needs of a Socket.IO connection: events out, with a place for the acknowledgement, and to be let go. */
export interface SocketIo {
  emit(event: string, data: object, answered?: (answer: unknown) => void): void;
  close(): void;
}

/** What a connection reports. `closed` comes at most once, also when the connection never opened. */
export interface SocketIoEvents {
  opened(): void;
  received(event: string, data: unknown): void;
  /** Which transport the connection has now. */
  carriedBy(name: string): void;
  closed(): void;
}

export type ConnectSocketIo = (events: SocketIoEvents) => SocketIo;

/** The transports that a connection may use; `default` starts with long-polling and goes over to WebSocket. */
export type Transport = "default" | "websocket" | "polling";

/** The official client's `io`. */
export type Io = typeof io;

/**
 * Opens connections with the official client to the back at `back`, such as `http://127.0.0.1:3000`. `load` gives the client, which may take a
 * while or fail: then so has the connection, and the next one tries again.
 */
export function socketIoConnector(back: string, transport: Transport, load: () => Promise<Io>): ConnectSocketIo {
  return (events) => {
    let close = () => {};
    let emit: SocketIo["emit"] = () => {};
    let over = false;
    const end = () => {
      if (over) return;
      over = true;
      close();
      events.closed();
    };
    load().then((io) => {
      if (over) return;
      const socket = io(back, {
        // The chat has its own way to come back, and a new connection each time.
        reconnection: false,
        forceNew: true,
        // Whoever is signed in speaks as that account; a WebSocket tells by itself.
        withCredentials: true,
        ...(transport === "default" ? {} : { transports: [transport] }),
      });
      close = () => void socket.disconnect();
      emit = (event, data, answered) => {
        // The client would keep it for a connection that never comes.
        if (!socket.connected) return;
        if (answered === undefined) socket.emit(event, data);
        else socket.emit(event, data, answered);
      };
      socket.on("connect", () => {
        const { engine } = socket.io;
        events.carriedBy(engine.transport.name);
        engine.on("upgrade", (upgraded) => events.carriedBy(upgraded.name));
        events.opened();
      });
      socket.on("connect_error", end);
      socket.on("disconnect", end);
      socket.onAny((event: string, data: unknown) => events.received(event, data));
    }, end);
    return {
      emit: (event, data, answered) => emit(event, data, answered),
      close() {
        over = true;
        close();
      },
    };
  };
}

/**
 * Loads the official client, a classic script, from the server that it will talk to: so both are always of one age. Once it's here it is
 * kept.
 */
export function loadSocketIo(src: string): () => Promise<Io> {
  let loading: Promise<Io> | null = null;
  return () => {
    loading ??= loadScript(src).then(
      () => (globalThis as unknown as { io: Io }).io,
      (reason) => {
        loading = null;
        throw reason;
      },
    );
    return loading;
  };
}

function loadScript(src: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = src;
    script.addEventListener("load", () => resolve());
    script.addEventListener("error", () => {
      script.remove();
      reject(new Error(`${src} can't be loaded`));
    });
    document.head.append(script);
  });
}
