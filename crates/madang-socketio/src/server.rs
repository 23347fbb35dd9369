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
    ///
    /// ```
    /// use madang_socketio::{Socket, SocketIo};
    ///
    /// let io = SocketIo::new();
    /// io.ns("/", async |socket: Socket| socket.emit("welcome", socket.id()));
    /// ```
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Options.
    ///
    /// ```
    /// use madang_socketio::SocketIo;
    ///
    /// let io = SocketIo::builder().path("/chat").build();
    /// assert_eq!(io.path(), "/chat");
    /// ```
    pub fn builder() -> SocketIoBuilder {
        SocketIoBuilder::default()
    }

    pub(crate) fn around(server: Arc<Server>) -> Self {
        Self { server }
    }

    /// The namespace with this name, which comes to life if there is none. A missing slash is added.
    ///
    /// ```
    /// # let io = madang_socketio::SocketIo::new();
    /// assert_eq!(io.of("admin").name(), "/admin");
    /// # io.of(&"n".repeat(254));
    /// # assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| io.of(&"n".repeat(255)))).is_err());
    /// io.of("/admin").emit("news", 1)?;
    /// # Ok::<(), madang_socketio::EmitError>(())
    /// ```
    ///
    /// # Panics
    /// If it can't be a name: it is longer than 255 bytes with its slash, or has a comma, a question mark or a control character.
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
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use madang_socketio::{Socket, SocketIo};
    ///
    /// let io = SocketIo::new();
    /// let orders = io.ns("/orders", async |socket: Socket| socket.join("everyone"));
    /// # let mut page = Page::outside(&io).await;
    /// # page.send("0/orders,").await;
    /// # page.receive().await;
    /// # while orders.sockets()[0].rooms().len() < 2 { tokio::task::yield_now().await; }
    /// orders.to("everyone").emit("order", 7)?;
    /// # assert_eq!(page.receive().await, r#"2/orders,["order",7]"#);
    /// # Ok(())
    /// # }
    /// ```
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
    ///
    /// ```
    /// use madang_socketio::SocketIo;
    /// use std::sync::{Arc, Mutex};
    ///
    /// let io = SocketIo::new();
    /// let names = Arc::new(Mutex::new(Vec::new()));
    /// let log = names.clone();
    /// io.on_new_namespace(move |namespace| log.lock().unwrap().push(namespace.name().to_owned()));
    /// io.of("/chat");
    /// io.of("/chat"); // it's there
    /// assert_eq!(*names.lock().unwrap(), ["/chat"]);
    /// ```
    pub fn on_new_namespace(&self, created: impl Fn(Namespace) + Send + Sync + 'static) {
        lock(&self.server.created).push(Arc::new(created));
    }

    /// The main namespace, `/`.
    ///
    /// ```
    /// # let io = madang_socketio::SocketIo::new();
    /// assert_eq!(io.main().name(), "/");
    /// ```
    pub fn main(&self) -> &Namespace {
        &self.server.main
    }

    /// All namespaces that there are, in no order.
    ///
    /// ```
    /// # let io = madang_socketio::SocketIo::new();
    /// io.of("/chat");
    /// assert_eq!(io.namespaces().len(), 2); // with `/`
    /// ```
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
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let io = madang_socketio::SocketIo::new();
    /// # let page = Page::outside(&io).await;
    /// // A client that hasn't joined a namespace counts; it is no socket yet.
    /// assert_eq!((io.clients_count(), io.socket_count()), (1, 0));
    /// # Ok(())
    /// # }
    /// ```
    pub fn clients_count(&self) -> usize {
        self.server.engine.session_count()
    }

    /// The hub whose rooms are those of `/`: others who enter it are members beside the sockets.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use madang_hub::RoomName;
    ///
    /// # let io = madang_socketio::SocketIo::new();
    /// # let mut page = Page::open(&io).await;
    /// # io.sockets_join("yard");
    /// let yard = RoomName::try_from("yard")?;
    /// assert_eq!(io.hub().member_count(&yard), 1);
    /// let event = io.event("news", 1)?;
    /// io.hub().to(&yard).publish(madang_hub::Publication::new(event));
    /// # assert_eq!(page.receive().await, r#"2["news",1]"#);
    /// # Ok(())
    /// # }
    /// ```
    pub fn hub(&self) -> &Hub {
        &self.server.shared.hub
    }

    /// Ends it: every socket is disconnected with the reason "server shutting down", and every connection closed, without what still waits for it. Further requests get 503.
    ///
    /// All of it happens when the future is first polled; it then yields once, so that handlers which were told have a turn. Dropped after that, nothing is left undone.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use madang_socketio::{DisconnectReason, Socket, SocketIo};
    ///
    /// let io = SocketIo::new();
    /// io.ns("/", async |socket: Socket| {
    ///     // server shutting down
    ///     socket.on_disconnect(async |reason: DisconnectReason| println!("{reason}"));
    /// });
    /// # let page = Page::open(&io).await;
    ///
    /// // After a signal, say. `axum::serve` is to be told, too.
    /// io.close().await;
    /// assert_eq!((io.clients_count(), io.socket_count()), (0, 0));
    /// # Ok(())
    /// # }
    /// ```
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
