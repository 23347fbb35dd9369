//! The server: its namespaces, and the sessions of Engine.IO underneath.

use crate::builder::SocketIoBuilder;
use crate::client::Connection;
use crate::context::{AdmissionContext, ConnectContext};
use crate::dynamic::{IntoAdmission, Parent, ParentNamespace};
use crate::handler::{Handler, IntoOutcome};
use crate::middleware::Check;
use crate::namespace::Hooks;
use crate::shared::{Shared, lock, now, panic_message};
use crate::waiting::Waiting;
use crate::{DisconnectReason, Handshake, Limits, Namespace};
use http::request::Parts;
use madang_engineio::{CloseReason, EngineIo, Message};
use madang_hub::{Hub, RoomName};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
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

pub(crate) struct Server {
    pub(crate) shared: Arc<Shared>,
    pub(crate) engine: EngineIo<Gate>,
    pub(crate) waiting: Waiting,
    main: Namespace,
    namespaces: Mutex<HashMap<Arc<str>, Place>>,
    parents: Mutex<Vec<Arc<Parent>>>,
    created: Mutex<Vec<Created>>,
    closed: AtomicBool,
    sweeps: AtomicBool,
}

type Created = Arc<dyn Fn(Namespace) + Send + Sync>;

/// A namespace, and how many are on their way in.
struct Place {
    namespace: Namespace,
    entering: Arc<AtomicUsize>,
}

/// Somebody is on its way in: the namespace stays as long as this.
pub(crate) struct Entrance {
    namespace: Namespace,
    entering: Arc<AtomicUsize>,
}

impl Entrance {
    pub(crate) fn namespace(&self) -> &Namespace {
        &self.namespace
    }
}

impl Drop for Entrance {
    fn drop(&mut self) {
        self.entering.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Place {
    fn new(namespace: Namespace) -> Self {
        Self {
            namespace,
            entering: Arc::default(),
        }
    }

    fn entrance(&self) -> Entrance {
        self.entering.fetch_add(1, Ordering::AcqRel);
        Entrance {
            namespace: self.namespace.clone(),
            entering: self.entering.clone(),
        }
    }
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
            Ok((entrance, created)) => {
                if created {
                    self.server.announce(&entrance.namespace);
                }
                entrance.namespace.clone()
            }
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

/// Why a namespace can't be.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum BadNamespace {
    #[error(transparent)]
    Name(#[from] madang_hub::InvalidName),
    #[error("a packet couldn't name it")]
    Separator,
    #[error("there are too many")]
    TooMany,
}

impl Server {
    pub(crate) fn new(shared: Arc<Shared>, engine: madang_engineio::Config) -> Arc<Self> {
        Arc::new_cyclic(|server: &Weak<Self>| {
            let main = Namespace::new("/", &shared, server.clone(), Hooks::default(), None);
            let Ok(main) = main else {
                unreachable!("a slash is a name")
            };
            let name = main.inner.name.clone();
            Self {
                engine: EngineIo::new(engine, Gate(server.clone())),
                shared,
                waiting: Waiting::default(),
                namespaces: Mutex::new(HashMap::from([(name, Place::new(main.clone()))])),
                main,
                parents: Mutex::default(),
                created: Mutex::default(),
                closed: AtomicBool::new(false),
                sweeps: AtomicBool::new(false),
            }
        })
    }

    /// A room that there always is.
    pub(crate) fn everyone(&self) -> &RoomName {
        self.main.inner.names.everyone()
    }

    pub(crate) fn namespaces(&self) -> Vec<Namespace> {
        let namespaces = lock(&self.namespaces);
        namespaces.values().map(|place| place.namespace.clone()).collect()
    }

    pub(crate) fn namespace(&self, name: &str) -> Option<Namespace> {
        if name == "/" {
            return Some(self.main.clone());
        }
        lock(&self.namespaces)
            .get(name)
            .map(|place| place.namespace.clone())
    }

    pub(crate) fn children(&self, parent: u64) -> Vec<Namespace> {
        let mut namespaces = self.namespaces();
        namespaces.retain(|namespace| namespace.inner.parent == Some(parent));
        namespaces
    }

    /// The namespace that a client asks for, if there is one or may be one.
    pub(crate) async fn entrance(self: &Arc<Self>, name: &str, handshake: &Handshake) -> Option<Entrance> {
        if let Some(place) = lock(&self.namespaces).get(name) {
            return Some(place.entrance());
        }
        let parents = lock(&self.parents).clone();
        for parent in parents {
            let context = AdmissionContext {
                io: SocketIo::around(self.clone()),
                name: name.into(),
                handshake: handshake.clone(),
            };
            if (parent.admits)(context).await.is_ok() {
                let hooks = lock(&parent.hooks).clone();
                let opened = self.open(name, hooks, Some(&parent));
                return match opened {
                    Ok((entrance, created)) => {
                        if created {
                            self.announce(&entrance.namespace);
                        }
                        Some(entrance)
                    }
                    Err(error) => {
                        tracing::debug!(%error, "a client asks for a namespace that can't be");
                        None
                    }
                };
            }
        }
        None
    }

    /// A namespace, and whether it's new.
    fn open(
        self: &Arc<Self>,
        name: &str,
        hooks: Hooks,
        parent: Option<&Arc<Parent>>,
    ) -> Result<(Entrance, bool), BadNamespace> {
        if name.contains([',', '?']) {
            return Err(BadNamespace::Separator);
        }
        let mut namespaces = lock(&self.namespaces);
        match namespaces.entry(name.into()) {
            Entry::Occupied(place) => Ok((place.get().entrance(), false)),
            Entry::Vacant(vacant) => {
                let limit = self.shared.limits.child_namespaces;
                if parent.is_some_and(|parent| parent.children.load(Ordering::Acquire) >= limit) {
                    return Err(BadNamespace::TooMany);
                }
                let id = parent.map(|parent| parent.id);
                let namespace = Namespace::new(name, &self.shared, Arc::downgrade(self), hooks, id)?;
                if let Some(parent) = parent {
                    parent.children.fetch_add(1, Ordering::AcqRel);
                }
                let place = vacant.insert(Place::new(namespace));
                Ok((place.entrance(), true))
            }
        }
    }

    fn announce(&self, namespace: &Namespace) {
        let created = lock(&self.created).clone();
        for created in created {
            let called = catch_unwind(AssertUnwindSafe(|| created(namespace.clone())));
            if let Err(panic) = called {
                let panic = panic_message(&*panic);
                tracing::error!(
                    namespace = namespace.name(),
                    panic,
                    "a watcher of namespaces panicked"
                );
            }
        }
    }

    /// Frees a namespace that a client has brought to life, if nobody is in it any more.
    pub(crate) fn clean_up(&self, namespace: &Namespace) {
        let Some(parent) = namespace.inner.parent else {
            return;
        };
        if !self.shared.cleanup_empty_child_namespaces {
            return;
        }
        let mut namespaces = lock(&self.namespaces);
        let Some(place) = namespaces.get(namespace.name()) else {
            return;
        };
        let memory = namespace.inner.memory.as_ref();
        let is_used = place.entering.load(Ordering::Acquire) > 0
            || namespace.socket_count() > 0
            // Somebody may come back.
            || memory.is_some_and(|memory| lock(memory).away() > 0);
        if is_used || !Arc::ptr_eq(&place.namespace.inner, &namespace.inner) {
            return;
        }
        let freed = namespaces.remove(namespace.name());
        drop(namespaces);
        drop(freed);
        if let Some(parent) = lock(&self.parents).get(parent as usize) {
            parent.children.fetch_sub(1, Ordering::AcqRel);
        }
    }

    /// Forgets what is too old to be recovered, from time to time: what nobody comes back for isn't looked at otherwise.
    fn sweep(self: &Arc<Self>) {
        const INTERVAL: Duration = Duration::from_secs(10);
        if self.shared.recovery.is_none() || self.sweeps.swap(true, Ordering::AcqRel) {
            return;
        }
        let server = Arc::downgrade(self);
        self.shared.spawn(async move {
            loop {
                tokio::time::sleep(INTERVAL).await;
                let Some(server) = server.upgrade() else { return };
                for namespace in server.namespaces() {
                    if let Some(memory) = &namespace.inner.memory {
                        lock(memory).handle_timeout(now());
                    }
                    server.clean_up(&namespace);
                }
            }
        });
    }
}

/// What the sessions of Engine.IO are handed to.
pub(crate) struct Gate(Weak<Server>);

impl madang_engineio::Handler for Gate {
    type Session = Option<Connection>;

    fn open(&self, socket: madang_engineio::Socket, request: &Parts) -> Self::Session {
        let server = self.0.upgrade();
        let server = server.filter(|server| !server.closed.load(Ordering::Acquire));
        let Some(server) = server else {
            socket.close(true);
            return None;
        };
        server.shared.enter_runtime();
        server.sweep();
        Some(Connection::open(&server, socket, request))
    }

    fn message(&self, session: &mut Self::Session, message: Message) {
        if let Some(connection) = session {
            connection.receive(message);
        }
    }

    fn close(&self, session: Self::Session, reason: CloseReason) {
        if let Some(connection) = session {
            connection.close(reason);
        }
    }
}
