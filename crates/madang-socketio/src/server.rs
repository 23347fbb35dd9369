//! The server.

use crate::builder::SocketIoBuilder;
use crate::context::{AdmissionContext, ConnectContext};
use crate::dynamic::{IntoAdmission, Parent, ParentNamespace};
use crate::handler::{Handler, IntoOutcome};
use crate::middleware::Check;
use crate::namespace::Hooks;
use crate::registry::Server;
use crate::shared::{lock, panic_message};
use crate::{DisconnectReason, Limits, Namespace};
use madang_hub::Hub;
use std::fmt;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A Socket.IO server. Cloning is cheap, and clones are the same server.
///
/// It is also its main namespace, `/`: whatever can be done with a [`Namespace`] can be done with it.
///
/// ```
/// use madang_socketio::{Data, Socket, SocketIo};
///
/// let io = SocketIo::new();
/// io.ns("/", async |socket: Socket| {
///     socket.on("hello", async |Data(name): Data<String>| format!("Hello, {name}!"));
/// });
/// io.emit("news", ("to", "everyone")).unwrap();
/// let app: axum::Router = axum::Router::new().layer(io.layer());
/// ```
#[derive(Clone)]
pub struct SocketIo {
    pub(crate) server: Arc<Server>,
}

impl SocketIo {
    /// A server with Node's defaults.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Options.
    pub fn builder() -> SocketIoBuilder {
        SocketIoBuilder::default()
    }

    pub(crate) fn around(server: Arc<Server>) -> Self {
        Self { server }
    }

    /// The namespace with this name, which comes to life if there is none. A missing slash is added.
    ///
    /// # Panics
    /// If it can't be a name: it is longer than 250 bytes, or has a comma, a question mark or a control character.
    pub fn of(&self, name: &str) -> Namespace {
        let slashed;
        let name = if name.starts_with('/') {
            name
        } else {
            slashed = format!("/{name}");
            &slashed
        };
        match self.server.open(name, Hooks::default(), None) {
            Ok(entrance) => entrance.namespace().clone(),
            Err(error) => panic!("{name:?} can't be a namespace: {error}"),
        }
    }

    /// Handles connections to the namespace with this name: [`of`](Self::of) and [`Namespace::on_connect`].
    ///
    /// # Panics
    /// As [`of`](Self::of).
    pub fn ns<H, T>(&self, name: &str, handler: H) -> Namespace
    where
        H: Handler<ConnectContext, T>,
        H::Output: IntoOutcome,
        T: 'static,
    {
        let namespace = self.of(name);
        namespace.on_connect(handler);
        namespace
    }

    /// Handles connections to every namespace whose name this function accepts, a regular expression's `is_match` for instance; each comes to life when the first client asks for it. A name that is
    /// accepted by several belongs to the first.
    ///
    /// ```
    /// use madang_socketio::{NamespaceName, Socket, SocketIo};
    ///
    /// let io = SocketIo::new();
    /// io.ns_matching(|name| name.starts_with("/room-"), async |socket: Socket, name: NamespaceName| {
    ///     socket.emit("welcome", &*name)
    /// });
    /// ```
    pub fn ns_matching<H, T>(
        &self,
        matches: impl Fn(&str) -> bool + Send + Sync + 'static,
        handler: H,
    ) -> ParentNamespace
    where
        H: Handler<ConnectContext, T>,
        H::Output: IntoOutcome,
        T: 'static,
    {
        let matches = Arc::new(matches);
        let admits = move |context: AdmissionContext| -> crate::middleware::Verdict<()> {
            let matches = matches.clone();
            Box::pin(async move {
                let called = catch_unwind(AssertUnwindSafe(|| matches(&context.name)));
                let matched = called.unwrap_or_else(|panic| {
                    let panic = panic_message(&*panic);
                    tracing::error!(
                        namespace = &*context.name,
                        panic,
                        "a matcher of namespaces panicked"
                    );
                    false
                });
                if matched { Ok(()) } else { Err(()) }
            })
        };
        self.add_parent(Arc::new(admits), handler)
    }

    /// The same, with a handler that decides: it is asked with the name, the handshake and what the client authenticates with, for each client that asks for a namespace that there isn't.
    ///
    /// ```
    /// use madang_socketio::{Data, NamespaceName, Socket, SocketIo};
    ///
    /// # async fn may_enter(name: &str, token: &str) -> bool { true }
    /// let io = SocketIo::new();
    /// io.ns_if(
    ///     async |name: NamespaceName, Data((token,)): Data<(String,)>| may_enter(&name, &token).await,
    ///     async |socket: Socket| {},
    /// );
    /// ```
    pub fn ns_if<D, H, S, T>(&self, decides: D, handler: H) -> ParentNamespace
    where
        D: Handler<AdmissionContext, S>,
        D::Output: IntoAdmission,
        S: 'static,
        H: Handler<ConnectContext, T>,
        H::Output: IntoOutcome,
        T: 'static,
    {
        self.add_parent(crate::middleware::admission(decides), handler)
    }

    fn add_parent<H, T>(&self, admits: Check<AdmissionContext, ()>, handler: H) -> ParentNamespace
    where
        H: Handler<ConnectContext, T>,
        H::Output: IntoOutcome,
        T: 'static,
    {
        let mut hooks = Hooks::default();
        hooks.on_connect(handler);
        let mut parents = lock(&self.server.parents);
        let parent = Arc::new(Parent {
            id: parents.len() as u64,
            admits,
            hooks: Mutex::new(hooks),
            children: AtomicUsize::new(0),
        });
        parents.push(parent.clone());
        ParentNamespace {
            parent,
            server: Arc::downgrade(&self.server),
        }
    }

    /// Calls this with every namespace that comes to life from now on, before anybody is in it: Node's event `new_namespace`.
    pub fn on_new_namespace(&self, created: impl Fn(Namespace) + Send + Sync + 'static) {
        lock(&self.server.created).push(Arc::new(created));
    }

    /// The main namespace, `/`.
    pub fn main(&self) -> &Namespace {
        &self.server.main
    }

    /// All namespaces that there are, in no order.
    pub fn namespaces(&self) -> Vec<Namespace> {
        self.server.namespaces()
    }

    /// Where it is found. Default `/socket.io`.
    pub fn path(&self) -> &str {
        &self.server.shared.path
    }

    /// How long a client may be connected without having joined a namespace. Default 45 s.
    pub fn connect_timeout(&self) -> Duration {
        self.server.shared.connect_timeout
    }

    /// The bounds in force.
    pub fn limits(&self) -> &Limits {
        &self.server.shared.limits
    }

    /// How many clients are connected; each may be in several namespaces.
    pub fn clients_count(&self) -> usize {
        self.server.engine.session_count()
    }

    /// The hub whose rooms are those of `/`: others who enter it are members beside the sockets.
    pub fn hub(&self) -> &Hub {
        &self.server.shared.hub
    }

    /// Ends it: every socket is disconnected with the reason "server shutting down", and every connection closed, without what still waits for it.
    pub async fn close(&self) {
        self.server.closed.store(true, Ordering::Release);
        for namespace in self.namespaces() {
            for socket in namespace.sockets() {
                socket.close(DisconnectReason::ServerShuttingDown);
            }
        }
        if let Some(adapter) = &self.server.shared.adapter {
            adapter.close(self.server.shared.requests.uid());
        }
        self.server.engine.close();
        // Whoever was spoken to last has a chance to finish.
        tokio::task::yield_now().await;
    }
}

impl Default for SocketIo {
    fn default() -> Self {
        Self::new()
    }
}

/// The main namespace.
impl Deref for SocketIo {
    type Target = Namespace;

    fn deref(&self) -> &Namespace {
        self.main()
    }
}

impl fmt::Debug for SocketIo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketIo")
            .field("path", &self.path())
            .finish_non_exhaustive()
    }
}
