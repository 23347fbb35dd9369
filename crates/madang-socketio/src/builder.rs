//! Options of a server.

use crate::proto::{DEFAULT_MAX_ATTACHMENTS, Parser};
use crate::registry::Server;
use crate::requests::Requests;
use crate::shared::Shared;
use crate::{Adapter, ClientFiles, ConnectionStateRecovery, Limits, ServerLink, SocketIo};
use http::Extensions;
use madang_engineio::Config;
use madang_hub::Hub;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

/// Options of a [`SocketIo`]; names and defaults are Node's.
///
/// ```
/// use madang_socketio::SocketIo;
/// use std::time::Duration;
///
/// let io = SocketIo::builder()
///     .path("/chat")
///     .connect_timeout(Duration::from_secs(10))
///     .engine(|engine| {
///         engine.ping_interval = Duration::from_secs(10);
///         engine.allow_eio3 = true;
///     })
///     .state("whatever handlers need")
///     .build();
/// assert_eq!(io.path(), "/chat");
/// ```
#[derive(Clone, Debug)]
#[must_use = "`build` makes the server"]
pub struct SocketIoBuilder {
    engine: Config,
    connect_timeout: Duration,
    recovery: Option<ConnectionStateRecovery>,
    cleanup_empty_child_namespaces: bool,
    parser: Parser,
    max_attachments: usize,
    limits: Limits,
    hub: Option<Hub>,
    state: Extensions,
    adapter: Option<Arc<dyn Adapter>>,
    files: Option<ClientFiles>,
}

impl Default for SocketIoBuilder {
    fn default() -> Self {
        let mut engine = Config::default();
        engine.path = "/socket.io".to_owned();
        Self {
            engine,
            connect_timeout: Duration::from_secs(45),
            recovery: None,
            cleanup_empty_child_namespaces: false,
            parser: Parser::Json,
            max_attachments: DEFAULT_MAX_ATTACHMENTS,
            limits: Limits::default(),
            hub: None,
            state: Extensions::new(),
            adapter: None,
            files: None,
        }
    }
}

impl SocketIoBuilder {
    /// Where the server is found. Default `/socket.io`.
    ///
    /// ```
    /// let io = madang_socketio::SocketIo::builder().path("/chat").build();
    /// assert!(io.is_ours("/chat/") && !io.is_ours("/socket.io/"));
    /// ```
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.engine.path = path.into();
        self
    }

    /// How long a client may be connected without having joined a namespace. Default 45 s.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let io = madang_socketio::SocketIo::builder().connect_timeout(Duration::from_secs(10)).build();
    /// assert_eq!(io.connect_timeout(), Duration::from_secs(10));
    /// ```
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Lets clients that were away for a while find their state, and what they have missed. Default off.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use madang_socketio::{ConnectionStateRecovery, Socket, SocketIo};
    ///
    /// let io = SocketIo::builder()
    ///     .connection_state_recovery(ConnectionStateRecovery::default()) // away for up to two minutes
    ///     .build();
    /// io.ns("/", async |socket: Socket| {
    ///     if !socket.recovered() {
    ///         socket.join("news")?; // the rooms of who is recovered are those it was in
    ///     }
    ///     Ok::<_, madang_socketio::JoinError>(())
    /// });
    /// # let mut page = Page::outside(&io).await;
    /// # page.send("0").await;
    /// # let connected = page.receive().await;
    /// # let (_, pid) = connected.split_once(r#""pid":""#).unwrap();
    /// # let pid = pid.split('"').next().unwrap();
    /// # while io.in_("news").fetch_sockets().await?.is_empty() { tokio::task::yield_now().await; }
    /// # io.to("news").emit("first", ())?;
    /// # let first = page.receive().await;
    /// # let offset = first.split('"').nth(3).unwrap();
    /// # let engine = io.sockets()[0].conn().clone();
    /// # engine.close(true);
    /// # while io.socket_count() > 0 { tokio::task::yield_now().await; }
    /// # io.to("news").emit("second", ())?;
    /// # let mut again = Page::outside(&io).await;
    /// # again.send(&format!(r#"0{{"pid":"{pid}","offset":"{offset}"}}"#)).await;
    /// # assert!(again.receive().await.starts_with(r#"2["second""#)); // before it's told that it's connected
    /// # Ok(())
    /// # }
    /// ```
    pub fn connection_state_recovery(mut self, recovery: ConnectionStateRecovery) -> Self {
        self.recovery = Some(recovery);
        self
    }

    /// Whether a namespace that a client brought to life ends when the last one leaves it. Default `false`.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use madang_socketio::{Socket, SocketIo};
    ///
    /// let io = SocketIo::builder().cleanup_empty_child_namespaces(true).build();
    /// let rooms = io.ns_matching(|name| name.starts_with("/room-"), async |_: Socket| {});
    /// # let mut page = Page::outside(&io).await;
    /// # page.send("0/room-1,").await;
    /// # page.receive().await;
    /// assert_eq!(rooms.child_count(), 1); // somebody is in /room-1
    /// # page.send("1/room-1,").await;
    /// # page.send("0").await;
    /// # page.receive().await;
    /// assert_eq!(rooms.child_count(), 0); // and has left it
    /// # Ok(())
    /// # }
    /// ```
    pub fn cleanup_empty_child_namespaces(mut self, cleanup: bool) -> Self {
        self.cleanup_empty_child_namespaces = cleanup;
        self
    }

    /// Which encoding clients speak. Default [`Parser::Json`].
    ///
    /// ```
    /// # #[cfg(feature = "msgpack")]
    /// # {
    /// use madang_socketio::{Parser, SocketIo};
    ///
    /// // For clients made with `io(url, { parser: require("socket.io-msgpack-parser") })`, and none else.
    /// let io = SocketIo::builder().parser(Parser::Msgpack).build();
    /// # }
    /// ```
    pub fn parser(mut self, parser: Parser) -> Self {
        self.parser = parser;
        self
    }

    /// Attachments that a packet of [`Parser::Json`] may have; one with more ends the connection. Default 10, as Node's `maxAttachments`.
    ///
    /// ```
    /// let io = madang_socketio::SocketIo::builder().max_attachments(0).build(); // text alone
    /// ```
    pub fn max_attachments(mut self, max: usize) -> Self {
        self.max_attachments = max;
        self
    }

    /// Bounds. Default [`Limits::default`].
    ///
    /// ```
    /// use madang_socketio::{Limits, SocketIo};
    ///
    /// let mut limits = Limits::default();
    /// limits.namespaces_per_client = 4;
    /// let io = SocketIo::builder().limits(limits).build();
    /// assert_eq!(io.limits().namespaces_per_client, 4);
    /// ```
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Serves the client's files behind the [path](Self::path), as Node's `serveClient`. Default none.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use madang_socketio::{ClientFiles, SocketIo};
    ///
    /// let script = "…"; // include_bytes!("socket.io.min.js")
    /// let io = SocketIo::builder()
    ///     .serve_client(ClientFiles::new("4.8.3").with("socket.io.min.js", script))
    ///     .build();
    /// # let request = http::Request::get("/socket.io/socket.io.min.js").body(madang_engineio::Body::default())?;
    /// # assert_eq!(io.respond(request).await.status(), 200);
    /// # Ok(())
    /// # }
    /// ```
    pub fn serve_client(mut self, files: ClientFiles) -> Self {
        self.files = Some(files);
        self
    }

    /// Uses a hub that others use too: rooms of `/` are rooms of the hub by the same names, and rooms of a namespace `/chat` are `/chat,` and their names. So members that speak plain
    /// WebSocket share them. Whoever made the hub spawns its flusher. Default: one of its own.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use madang_hub::{Hub, RoomName};
    /// use madang_socketio::SocketIo;
    /// use madang_ws::Message;
    ///
    /// let (hub, flusher) = Hub::new();
    /// tokio::spawn(flusher);
    /// let io = SocketIo::builder().hub(hub.clone()).build();
    /// # let page = Page::open(&io).await;
    /// # io.sockets_join("yard");
    ///
    /// let yard = RoomName::try_from("yard")?;
    /// assert_eq!(hub.member_count(&yard), 1); // somebody who speaks Socket.IO
    /// # Ok(())
    /// # }
    /// ```
    pub fn hub(mut self, hub: Hub) -> Self {
        self.hub = Some(hub);
        self
    }

    /// Changes options of Engine.IO underneath: [`madang_engineio::Config`].
    ///
    /// ```
    /// use madang_engineio::{Cors, TransportKind};
    /// use madang_socketio::SocketIo;
    ///
    /// let io = SocketIo::builder()
    ///     .engine(|engine| {
    ///         engine.transports = vec![TransportKind::WebSocket];
    ///         engine.cors = Some(Cors::default());
    ///     })
    ///     .build();
    /// assert_eq!(io.engine_config().transports.len(), 1);
    /// ```
    pub fn engine(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.engine);
        self
    }

    /// Keeps something for handlers, who get it by [`State`](crate::State); one of each type.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use madang_socketio::{Socket, SocketIo, State};
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicU32, Ordering};
    ///
    /// let io = SocketIo::builder().state(Arc::new(AtomicU32::new(0))).build();
    /// io.ns("/", async |socket: Socket| {
    ///     socket.on("count", async |State(count): State<Arc<AtomicU32>>| count.fetch_add(1, Ordering::Relaxed));
    /// });
    /// # let mut page = Page::open(&io).await;
    /// # page.send(r#"21["count"]"#).await;
    /// # page.send(r#"22["count"]"#).await;
    /// # assert_eq!((page.receive().await, page.receive().await), ("31[0]".to_owned(), "32[1]".to_owned()));
    /// # Ok(())
    /// # }
    /// ```
    pub fn state<T: Clone + Send + Sync + 'static>(mut self, state: T) -> Self {
        self.state.insert(state);
        self
    }

    /// Makes it one server of several, who reach each other's clients: [`Cluster`](crate::Cluster) for servers in one process. Default none.
    ///
    /// ```
    /// use madang_socketio::{Adapter as _, Cluster, SocketIo};
    ///
    /// let cluster = Cluster::new();
    /// let servers = [0, 1].map(|_| SocketIo::builder().adapter(cluster.clone()).build());
    /// assert_eq!(cluster.server_count(), servers.len());
    /// ```
    pub fn adapter(mut self, adapter: Arc<dyn Adapter>) -> Self {
        self.adapter = Some(adapter);
        self
    }

    /// Makes the server. It needs a tokio runtime by the time of its first request, not before.
    ///
    /// ```
    /// let io = madang_socketio::SocketIo::builder().build(); // in `main`, before any runtime
    /// assert_eq!(io.path(), "/socket.io");
    /// ```
    pub fn build(self) -> SocketIo {
        let has_others = self.hub.is_some();
        let (hub, flusher) = match self.hub {
            Some(hub) => (hub, None),
            None => {
                let (hub, flusher) = Hub::new();
                (hub, Some(flusher))
            }
        };
        let shared = Arc::new(Shared {
            hub,
            has_others,
            parser: self.parser,
            limits: self.limits,
            path: self.engine.path.as_str().into(),
            max_attachments: self.max_attachments,
            connect_timeout: self.connect_timeout,
            recovery: self.recovery,
            unnoticed: self.engine.ping_interval.saturating_add(self.engine.ping_timeout),
            cleanup_empty_child_namespaces: self.cleanup_empty_child_namespaces,
            state: self.state,
            runtime: OnceLock::new(),
            flusher: Mutex::new(flusher),
            served: AtomicUsize::new(0),
            adapter: self.adapter,
            requests: Requests::new(crate::id::uid()),
            files: self.files,
        });
        shared.enter_runtime();
        let server = Server::new(shared, self.engine);
        if let Some(adapter) = &server.shared.adapter {
            adapter.attach(ServerLink::new(&server));
        }
        SocketIo::around(server)
    }
}
