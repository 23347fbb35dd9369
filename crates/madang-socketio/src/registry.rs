//! The server inside: its namespaces, and the sessions of Engine.IO underneath.

use crate::client::Connection;
use crate::context::AdmissionContext;
use crate::dynamic::Parent;
use crate::namespace::Hooks;
use crate::recovery::remember;
use crate::shared::{Shared, lock, now, panic_message};
use crate::waiting::Waiting;
use crate::{Handshake, Namespace, SocketIo};
use http::request::Parts;
use madang_engineio::{CloseReason, EngineIo, Message};
use madang_hub::RoomName;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;
use tokio::sync::watch;

pub(crate) struct Server {
    pub(crate) shared: Arc<Shared>,
    pub(crate) engine: EngineIo<Gate>,
    pub(crate) waiting: Waiting,
    pub(crate) main: Namespace,
    namespaces: Mutex<HashMap<Arc<str>, Place>>,
    pub(crate) parents: Mutex<Vec<Arc<Parent>>>,
    pub(crate) created: Mutex<Vec<Created>>,
    pub(crate) closed: AtomicBool,
    sweeps: AtomicBool,
}

pub(crate) type Created = Arc<dyn Fn(Namespace) + Send + Sync>;

/// A namespace, and how many are on their way in.
struct Place {
    namespace: Namespace,
    entering: Arc<AtomicUsize>,
    /// Whether those who watch for namespaces have seen it: they may put middlewares before whoever enters. At the latest when its maker is gone.
    announced: watch::Receiver<bool>,
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
    fn new(namespace: Namespace, announced: watch::Receiver<bool>) -> Self {
        Self {
            namespace,
            entering: Arc::default(),
            announced,
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
                namespaces: Mutex::new(HashMap::from([(
                    name,
                    Place::new(main.clone(), watch::channel(true).1),
                )])),
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
        if let Some(entrance) = self.known(name).await {
            return Some(entrance);
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
                    Ok(entrance) => {
                        let announced = self.known(name).await;
                        Some(announced.unwrap_or(entrance))
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

    /// The namespace with this name, when those who watch for namespaces have seen it.
    async fn known(&self, name: &str) -> Option<Entrance> {
        let (entrance, mut announced) = {
            let namespaces = lock(&self.namespaces);
            let place = namespaces.get(name)?;
            (place.entrance(), place.announced.clone())
        };
        // Its maker is gone, if that fails.
        let _ = announced.wait_for(|announced| *announced).await;
        Some(entrance)
    }

    /// The namespace with this name; a new one is announced.
    pub(crate) fn open(
        self: &Arc<Self>,
        name: &str,
        hooks: Hooks,
        parent: Option<&Arc<Parent>>,
    ) -> Result<Entrance, BadNamespace> {
        // Without the slash, its rooms could have the names of rooms of `/`.
        if !name.starts_with('/') || name.contains([',', '?']) {
            return Err(BadNamespace::Separator);
        }
        let mut namespaces = lock(&self.namespaces);
        let (entrance, seen) = match namespaces.entry(name.into()) {
            Entry::Occupied(place) => return Ok(place.get().entrance()),
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
                let (seen, announced) = watch::channel(false);
                let place = vacant.insert(Place::new(namespace, announced));
                (place.entrance(), seen)
            }
        };
        drop(namespaces);
        self.announce(&entrance.namespace);
        seen.send_replace(true);
        Ok(entrance)
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
                        remember(memory, |memory| memory.handle_timeout(now()));
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
