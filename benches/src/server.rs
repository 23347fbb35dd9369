//! `madang-bench-server --port N [--threads T] [--only socketio]`: the convention of the benchmark's servers, and of
//! the conformance suites, by the library's public interface.
//!
//! * `/echo` sends every message back.
//! * `/broadcast` sends every message to all others who are connected to it.
//! * Socket.IO at `/socket.io/`, in its main namespace: an event `echo` is sent back, an event `broadcast` goes to all others.
//! * With `--only socketio` that is all there is, and no connection has to be looked at first to tell whom it is for.
//! * `/autobahn` is `/echo`: it takes 16 MiB, 65,537 fragments, and permessage-deflate where offered.

mod socketio;

use http::HeaderValue;
use madang_hub::{Hub, RoomName, SessionId};
use madang_socketio::SocketIo;
use madang_ws::server::{ServerConfig, accept};
use madang_ws::{DeflateConfig, Error, Limits, WebSocket};
use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// It gives the memory of closed connections back, which the system's doesn't.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> io::Result<()> {
    let arguments = Arguments::parse().unwrap_or_else(|error| {
        eprintln!("madang-bench-server: {error}\nusage: madang-bench-server [--port N] [--threads T] [--only socketio]");
        std::process::exit(2);
    });
    let mut builder = match arguments.threads.get() {
        1 => tokio::runtime::Builder::new_current_thread(),
        threads => {
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            builder.worker_threads(threads);
            builder
        }
    };
    builder.enable_all().build()?.block_on(serve(&arguments))
}

async fn serve(arguments: &Arguments) -> io::Result<()> {
    let (hub, flushers) = Hub::sharded(arguments.threads);
    for flusher in flushers {
        tokio::spawn(flusher);
    }
    let server = Arc::new(Server::new(hub, arguments.only_socketio));
    let listener = listen(arguments.port)?;
    loop {
        // Out of file descriptors, for example: the next one may have more luck.
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        tokio::spawn(server.clone().connection(stream));
    }
}

fn listen(port: u16) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from(([127, 0, 0, 1], port)))?;
    socket.listen(4096)
}

struct Server {
    hub: Hub,
    room: RoomName,
    sessions: AtomicU64,
    config: ServerConfig,
    io: SocketIo,
    only_socketio: bool,
}

impl Server {
    fn new(hub: Hub, only_socketio: bool) -> Self {
        let mut config = ServerConfig::default();
        // Only clients that offer a subprotocol or compression get it: the suites do, the load generator doesn't.
        config.acceptor.protocols = vec![HeaderValue::from_static("madang.echo")];
        config.acceptor.deflate = Some(DeflateConfig {
            server_no_context_takeover: false,
            client_no_context_takeover: false,
            threshold: 0,
            ..DeflateConfig::default()
        });
        config.limits = Limits {
            fragments: 65_537,
            ..Limits::default()
        };
        let io = socketio::serve(&hub);
        let room = RoomName::try_from("broadcast").expect("a valid name");
        Self {
            hub,
            room,
            sessions: AtomicU64::new(0),
            config,
            io,
            only_socketio,
        }
    }

    /// One connection's life. What ends it concerns nobody else. What waits long is small or boxed, and not an `async fn`, which keeps its arguments twice.
    #[allow(clippy::manual_async_fn)]
    fn connection(self: Arc<Self>, stream: TcpStream) -> impl Future<Output = ()> + Send {
        async move {
            if self.only_socketio || socketio::is_meant(&stream).await {
                return self.io.serve_connection(stream).await;
            }
            let _ = stream.set_nodelay(true);
            let (ws, broadcast) = {
                // The request is gone with this block: an idle connection keeps nothing of it.
                let Ok((ws, request)) = accept(stream, &self.config).await else {
                    return;
                };
                (ws, request.uri().path() == "/broadcast")
            };
            let _ = if broadcast {
                Box::pin(self.broadcast(ws)).await
            } else {
                Box::pin(echo(ws)).await
            };
        }
    }

    async fn broadcast(&self, mut ws: WebSocket) -> Result<(), Error> {
        let session = SessionId::new(self.sessions.fetch_add(1, Ordering::Relaxed).into());
        let membership = self.hub.enter(session, ws.sender().recipient());
        // A member may be in more rooms than one.
        let _ = membership.join(&self.room);
        while let Some(message) = ws.recv().await {
            membership.publish(&self.room, message?.into());
        }
        Ok(())
    }
}

async fn echo(mut ws: WebSocket) -> Result<(), Error> {
    while let Some(message) = ws.recv().await {
        ws.feed(message?).await?;
    }
    Ok(())
}

struct Arguments {
    port: u16,
    threads: NonZeroUsize,
    only_socketio: bool,
}

impl Arguments {
    fn parse() -> Result<Self, String> {
        let mut out = Self {
            port: 9001,
            threads: NonZeroUsize::MIN,
            only_socketio: false,
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(name) = arguments.next() {
            let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
            let wrong = |_| format!("{name} doesn't take {value:?}");
            match name.as_str() {
                "--port" => out.port = value.parse().map_err(wrong)?,
                "--threads" => out.threads = value.parse().map_err(wrong)?,
                "--only" if value == "socketio" => out.only_socketio = true,
                _ => return Err(format!("unknown argument {name} {value}")),
            }
        }
        Ok(out)
    }
}
