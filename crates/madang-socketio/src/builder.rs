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
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.engine.path = path.into();
        self
    }

    /// How long a client may be connected without having joined a namespace. Default 45 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Lets clients that were away for a while find their state, and what they have missed. Default off.
    pub fn connection_state_recovery(mut self, recovery: ConnectionStateRecovery) -> Self {
        self.recovery = Some(recovery);
        self
    }

    /// Whether a namespace that a client brought to life ends when the last one leaves it. Default `false`.
    pub fn cleanup_empty_child_namespaces(mut self, cleanup: bool) -> Self {
        self.cleanup_empty_child_namespaces = cleanup;
        self
    }

    /// Which encoding clients speak. Default [`Parser::Json`].
    pub fn parser(mut self, parser: Parser) -> Self {
        self.parser = parser;
        self
    }

    /// Attachments that a packet may have; one with more ends the connection. Default 10.
    pub fn max_attachments(mut self, max: usize) -> Self {
        self.max_attachments = max;
        self
    }

    /// Bounds. Default [`Limits::default`].
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Serves the client's files behind the [path](Self::path), as Node's `serveClient`. Default none.
    pub fn serve_client(mut self, files: ClientFiles) -> Self {
        self.files = Some(files);
        self
    }

    /// Uses a hub that others use too: rooms of `/` are rooms of the hub by the same names, and rooms of a namespace `/chat` are `/chat,` and their names. So members that speak plain
    /// WebSocket share them. Whoever made the hub spawns its flusher. Default: one of its own.
    pub fn hub(mut self, hub: Hub) -> Self {
        self.hub = Some(hub);
        self
    }

    /// Changes options of Engine.IO underneath: [`madang_engineio::Config`].
    pub fn engine(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.engine);
        self
    }

    /// Keeps something for handlers, who get it by [`State`](crate::State); one of each type.
    pub fn state<T: Clone + Send + Sync + 'static>(mut self, state: T) -> Self {
        self.state.insert(state);
        self
    }

    /// Makes it one server of several, who reach each other's clients: [`Cluster`](crate::Cluster) for servers in one process. Default none.
    pub fn adapter(mut self, adapter: Arc<dyn Adapter>) -> Self {
        self.adapter = Some(adapter);
        self
    }

    /// Makes the server. It needs a tokio runtime by the time of its first request, not before.
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
