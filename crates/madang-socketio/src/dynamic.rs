//! Namespaces that come to life when a client asks for them.

use crate::Namespace;
use crate::context::{AdmissionContext, ConnectContext};
use crate::error::EmitError;
use crate::handler::{Handler, IntoOutcome};
use crate::middleware::{Check, ConnectError};
use crate::namespace::Hooks;
use crate::registry::Server;
use crate::shared::lock;
use serde::Serialize;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};

/// What the namespaces of one matcher have in common: Node's `ParentNamespace`. Each of them inherits the middlewares and connection handlers that there are when it comes to life.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use madang_socketio::{ConnectError, Socket, SocketIo};
///
/// let io = SocketIo::new();
/// let rooms = io.ns_matching(|name| name.starts_with("/room-"), async |socket: Socket| {
///     socket.emit("welcome", ())
/// });
/// rooms.use_(async |socket: Socket| match socket.handshake().header("user-agent") {
///     Some(_) => Ok(()),
///     None => Err(ConnectError::new("no browser")),
/// });
/// rooms.on_connect(async |socket: Socket| println!("one more in {}", socket.namespace().name()));
///
/// # let mut page = Page::outside(&io).await;
/// # page.send("0/room-1,").await;
/// # page.receive().await;
/// # assert_eq!(page.receive().await, r#"2/room-1,["welcome"]"#);
/// // Once somebody has asked for /room-1:
/// assert_eq!((rooms.child_count(), rooms.children()[0].name()), (1, "/room-1"));
/// rooms.emit("news", "for all rooms")?;
/// # assert_eq!(page.receive().await, r#"2/room-1,["news","for all rooms"]"#);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ParentNamespace {
    pub(crate) parent: Arc<Parent>,
    pub(crate) server: Weak<Server>,
}

pub(crate) struct Parent {
    pub(crate) id: u64,
    /// No error: the namespace may be.
    pub(crate) admits: Check<AdmissionContext, ()>,
    pub(crate) hooks: Mutex<Hooks>,
    pub(crate) children: AtomicUsize,
}

impl ParentNamespace {
    /// Adds a middleware: [`Namespace::use_`].
    pub fn use_<H, T, E>(&self, middleware: H)
    where
        H: Handler<ConnectContext, T, Output = Result<(), E>>,
        T: 'static,
        E: Into<ConnectError> + Send + 'static,
    {
        lock(&self.parent.hooks).use_(middleware);
    }

    /// Adds a handler of connections: [`Namespace::on_connect`].
    pub fn on_connect<H, T>(&self, handler: H)
    where
        H: Handler<ConnectContext, T>,
        H::Output: IntoOutcome,
        T: 'static,
    {
        lock(&self.parent.hooks).on_connect(handler);
    }

    /// The namespaces that there are, in no order.
    pub fn children(&self) -> Vec<Namespace> {
        let server = self.server.upgrade();
        server.map_or_else(Vec::new, |server| server.children(self.parent.id))
    }

    /// How many there are.
    pub fn child_count(&self) -> usize {
        self.parent.children.load(Ordering::Acquire)
    }

    /// Sends an event to everyone in all of them.
    ///
    /// # Errors
    /// When the name is reserved, or the arguments can't be encoded.
    pub fn emit(&self, event: &str, args: impl Serialize) -> Result<(), EmitError> {
        EmitError::check(event)?;
        self.children()
            .iter()
            .try_for_each(|child| child.emit(event, &args))
    }
}

impl fmt::Debug for ParentNamespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParentNamespace")
            .field("children", &self.child_count())
            .finish_non_exhaustive()
    }
}

/// What decides about a name may return.
///
/// ```
/// use madang_socketio::{IntoAdmission, NamespaceName, SocketIo};
///
/// async fn exists(name: &str) -> Result<bool, std::io::Error> {
///     Ok(name == "/room-1") // a database is asked, in earnest
/// }
///
/// let io = SocketIo::new();
/// io.ns_if(async |name: NamespaceName| exists(&name).await, async || {});
/// # assert!(Ok::<_, std::io::Error>(true).into_admission());
/// assert!(!Err::<bool, _>("it can't be known").into_admission()); // logged
/// ```
pub trait IntoAdmission: Send {
    /// Whether the namespace may be.
    fn into_admission(self) -> bool;
}

impl IntoAdmission for bool {
    fn into_admission(self) -> bool {
        self
    }
}

impl<E: fmt::Display + Send> IntoAdmission for Result<bool, E> {
    fn into_admission(self) -> bool {
        self.unwrap_or_else(|error| {
            tracing::error!(%error, "a namespace can't be decided about");
            false
        })
    }
}
