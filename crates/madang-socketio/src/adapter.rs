//! Several servers as one: what they tell each other, whatever the way.

use crate::incoming::Incoming;
use crate::proto::Args;
use crate::registry::Server;
use crate::remote::SocketDetails;
use crate::rooms::Audience;
use madang_hub::{Key, SessionId};
use madang_ws::Message;
use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// The way to the other servers of a cluster. What a server does for its own clients isn't its business.
///
/// Whatever arrives is handed to the [`ServerLink`], in the order in which it was sent by each server.
///
/// ```
/// use madang_socketio::{Adapter, ClusterMessage, ServerLink};
/// use std::sync::{Arc, Mutex};
///
/// /// Counts what is sent, and lets another adapter do the work.
/// #[derive(Debug)]
/// struct Counted<A> {
///     inner: Arc<A>,
///     sent: Mutex<u64>,
/// }
///
/// impl<A: Adapter> Adapter for Counted<A> {
///     fn attach(&self, link: ServerLink) {
///         self.inner.attach(link);
///     }
///
///     fn server_count(&self) -> usize {
///         self.inner.server_count()
///     }
///
///     fn send(&self, message: ClusterMessage) {
///         *self.sent.lock().unwrap() += 1;
///         self.inner.send(message);
///     }
///
///     fn close(&self, uid: u64) {
///         self.inner.close(uid);
///     }
/// }
///
/// # use madang_socketio::{Cluster, SocketIo};
/// let adapter = Arc::new(Counted { inner: Cluster::new(), sent: Mutex::new(0) });
/// let one = SocketIo::builder().adapter(adapter.clone()).build();
/// let two = SocketIo::builder().adapter(adapter.clone()).build();
/// one.emit("news", "for the clients of both")?;
/// assert_eq!((adapter.server_count(), *adapter.sent.lock().unwrap()), (2, 1));
/// # drop(two);
/// # Ok::<(), madang_socketio::EmitError>(())
/// ```
pub trait Adapter: fmt::Debug + Send + Sync + 'static {
    /// A server takes part from now on.
    fn attach(&self, link: ServerLink);

    /// How many servers there are, this one included.
    fn server_count(&self) -> usize;

    /// Sends a message to the server that it's [for](ClusterMessage::to), or to all but the [sender](ClusterMessage::from). Must not block.
    fn send(&self, message: ClusterMessage);

    /// The server with this id takes part no longer.
    fn close(&self, uid: u64);
}

/// What one server tells another, or all others.
///
/// ```
/// use madang_socketio::{Adapter, ClusterMessage, ServerLink};
/// use std::sync::Mutex;
///
/// /// Keeps messages rather than sending them, for a test to look at.
/// #[derive(Debug, Default)]
/// struct Log(Mutex<Vec<ClusterMessage>>);
///
/// impl Adapter for Log {
///     fn attach(&self, _link: ServerLink) {}
///
///     fn server_count(&self) -> usize {
///         2
///     }
///
///     fn send(&self, message: ClusterMessage) {
///         self.0.lock().unwrap().push(message);
///     }
///
///     fn close(&self, _uid: u64) {}
/// }
///
/// # use madang_socketio::{ClusterBody, SocketIo};
/// # use std::sync::Arc;
/// let log = Arc::new(Log::default());
/// let io = SocketIo::builder().adapter(log.clone()).build();
/// io.of("/chat").to("yard").except("muted").volatile().emit("news", (1, "two"))?;
///
/// let sent = log.0.lock().unwrap();
/// assert_eq!((&*sent[0].namespace, sent[0].to), ("/chat", None));
/// let ClusterBody::Broadcast { audience, event, ask } = &sent[0].body else { panic!() };
/// assert_eq!((&*audience.rooms[0], &*audience.except[0]), ("yard", "muted"));
/// assert_eq!((&*event.name, event.volatile), ("news", true));
/// assert_eq!(event.args.read::<(u32, String)>()?, (1, "two".to_owned()));
/// assert!(ask.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ClusterMessage {
    /// Who.
    pub from: u64,
    /// Whom; all others if none.
    pub to: Option<u64>,
    /// In which namespace.
    pub namespace: Arc<str>,
    /// What.
    pub body: ClusterBody,
}

/// What servers tell each other.
///
/// ```
/// use madang_socketio::ClusterBody;
///
/// /// What a metric may call it.
/// fn name(body: &ClusterBody) -> &'static str {
///     match body {
///         ClusterBody::Broadcast { ask: Some(_), .. } => "broadcast_with_ack",
///         ClusterBody::Broadcast { .. } => "broadcast",
///         ClusterBody::FetchSockets { .. } => "fetch_sockets",
///         _ => "other",
///     }
/// }
/// # let (request, count) = (1, 2);
/// # assert_eq!(name(&ClusterBody::ClientCount { request, count }), "other");
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ClusterBody {
    /// An event for clients.
    Broadcast {
        /// For whom.
        audience: ClusterAudience,
        /// What.
        event: ClusterEvent,
        /// Whether acknowledgements are collected, by which request and for how long.
        ask: Option<(u64, Duration)>,
    },
    /// Clients join rooms.
    SocketsJoin {
        /// Who.
        audience: ClusterAudience,
        /// Which.
        rooms: Vec<Arc<str>>,
    },
    /// Clients leave rooms.
    SocketsLeave {
        /// Who.
        audience: ClusterAudience,
        /// Which.
        rooms: Vec<Arc<str>>,
    },
    /// Clients are disconnected.
    DisconnectSockets {
        /// Who.
        audience: ClusterAudience,
        /// Their whole connections.
        close: bool,
    },
    /// Who is there?
    FetchSockets {
        /// The request.
        request: u64,
        /// Of whom.
        audience: ClusterAudience,
    },
    /// An event for servers.
    ServerSideEmit {
        /// Its name.
        name: Arc<str>,
        /// Its arguments.
        args: Args,
        /// The request, if it is to be answered.
        request: Option<u64>,
    },
    /// The answer to [`FetchSockets`](Self::FetchSockets).
    Sockets {
        /// The request.
        request: u64,
        /// They.
        sockets: Vec<SocketDetails>,
    },
    /// How many clients an event was sent to whose acknowledgements are collected.
    ClientCount {
        /// The request.
        request: u64,
        /// So many.
        count: usize,
    },
    /// The acknowledgement of one of them.
    Ack {
        /// The request.
        request: u64,
        /// It.
        args: Args,
    },
    /// The answer to [`ServerSideEmit`](Self::ServerSideEmit).
    Answer {
        /// The request.
        request: u64,
        /// It.
        args: Args,
    },
}

/// Whom something is for. No rooms: everyone in the namespace.
///
/// ```
/// use madang_socketio::ClusterAudience;
///
/// let everyone = ClusterAudience::default();
/// assert!(everyone.rooms.is_empty() && everyone.except.is_empty());
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ClusterAudience {
    /// The members of these.
    pub rooms: Vec<Arc<str>>,
    /// Not those of these.
    pub except: Vec<Arc<str>>,
    /// Nor these, wherever they are.
    pub except_sessions: Vec<SessionId>,
}

impl From<&Audience> for ClusterAudience {
    fn from(audience: &Audience) -> Self {
        Self {
            rooms: audience.rooms.to_vec(),
            except: audience.except.to_vec(),
            except_sessions: audience.except_sessions.to_vec(),
        }
    }
}

impl From<ClusterAudience> for Audience {
    fn from(audience: ClusterAudience) -> Self {
        Self {
            rooms: audience.rooms.into(),
            except: audience.except.into(),
            except_sessions: audience.except_sessions.into(),
        }
    }
}

/// An event, on its way to clients of another server.
///
/// ```
/// use madang_socketio::ClusterEvent;
///
/// /// What of it a broker is worth bothering with.
/// fn must_arrive(event: &ClusterEvent) -> bool {
///     !event.volatile
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClusterEvent {
    /// Its name.
    pub name: Arc<str>,
    /// Its arguments.
    pub args: Args,
    /// What plain WebSocket members get of it, if it isn't the usual.
    pub frame: Option<Message>,
    /// What it may replace where the policy is [`Latest`](madang_hub::Policy::Latest).
    pub key: Option<Key>,
    /// Dropped by those who can't take it at once.
    pub volatile: bool,
    /// Whether it's compressed.
    pub compress: bool,
}

/// Some servers haven't answered.
///
/// ```
/// use madang_socketio::RequestError;
///
/// let error = RequestError::TimedOut { answered: 1, expected: 2 };
/// assert_eq!(error.to_string(), "operation has timed out: 1 of 2 servers have answered");
/// assert_eq!(error.code(), "sio_request_timed_out");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// In time.
    #[error("operation has timed out: {answered} of {expected} servers have answered")]
    TimedOut {
        /// How many have.
        answered: usize,
        /// How many should have.
        expected: usize,
    },
    /// They weren't even asked: [`Limits::pending_requests`](crate::Limits::pending_requests).
    #[error("{0} requests are pending already")]
    TooMany(usize),
}

impl RequestError {
    /// A stable identifier for logs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TimedOut { .. } => "sio_request_timed_out",
            Self::TooMany(_) => "sio_request_too_many",
        }
    }
}

/// The way in for what the other servers say.
///
/// ```
/// use madang_socketio::{Adapter, ClusterMessage, ServerLink, SocketIo};
/// use std::sync::{Arc, OnceLock};
///
/// /// The way to nobody.
/// #[derive(Debug, Default)]
/// struct Alone(OnceLock<ServerLink>);
///
/// impl Adapter for Alone {
///     fn attach(&self, link: ServerLink) {
///         let _ = self.0.set(link); // to hand over what arrives, by `receive`
///     }
///
///     fn server_count(&self) -> usize {
///         1
///     }
///
///     fn send(&self, _message: ClusterMessage) {}
///
///     fn close(&self, _uid: u64) {}
/// }
///
/// let adapter = Arc::new(Alone::default());
/// let io = SocketIo::builder().adapter(adapter.clone()).build();
/// let link = adapter.0.get().unwrap();
/// assert!(link.is_alive()); // it doesn't keep the server
/// drop(io);
/// assert!(!link.is_alive());
/// ```
#[derive(Clone)]
pub struct ServerLink {
    uid: u64,
    server: Weak<Server>,
}

impl ServerLink {
    pub(crate) fn new(server: &Arc<Server>) -> Self {
        Self {
            uid: server.shared.requests.uid(),
            server: Arc::downgrade(server),
        }
    }

    /// The server's id in the cluster, drawn when it was built.
    pub fn uid(&self) -> u64 {
        self.uid
    }

    /// Whether the server still is.
    pub fn is_alive(&self) -> bool {
        self.server.strong_count() > 0
    }

    /// A message has arrived. Messages for others, and the server's own, are ignored.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use madang_socketio::{ClusterBody, ClusterMessage, ServerLink};
    /// # use madang_socketio::{Adapter, ClusterAudience, SocketIo};
    /// # use std::sync::{Arc, OnceLock};
    /// # #[derive(Debug, Default)]
    /// # struct Alone(OnceLock<ServerLink>);
    /// # impl Adapter for Alone {
    /// #     fn attach(&self, link: ServerLink) { let _ = self.0.set(link); }
    /// #     fn server_count(&self) -> usize { 1 }
    /// #     fn send(&self, _: ClusterMessage) {}
    /// #     fn close(&self, _: u64) {}
    /// # }
    /// # let adapter = Arc::new(Alone::default());
    /// # let io = SocketIo::builder().adapter(adapter.clone()).build();
    /// # let page = Page::open(&io).await;
    /// # let link: &ServerLink = adapter.0.get().unwrap();
    ///
    /// // Another server wants everyone to join.
    /// link.receive(ClusterMessage {
    ///     from: link.uid().wrapping_add(1),
    ///     to: None,
    ///     namespace: "/".into(),
    ///     body: ClusterBody::SocketsJoin {
    ///         audience: ClusterAudience::default(),
    ///         rooms: vec!["yard".into()],
    ///     },
    /// });
    /// assert_eq!(&*io.sockets()[0].rooms()[1], "yard");
    /// # Ok(())
    /// # }
    /// ```
    pub fn receive(&self, message: ClusterMessage) {
        let is_ours = message.from != self.uid && message.to.is_none_or(|to| to == self.uid);
        if let Some(server) = self.server.upgrade().filter(|_| is_ours) {
            server.shared.enter_runtime();
            Incoming {
                server: &server,
                from: message.from,
            }
            .receive(&message.namespace, message.body);
        }
    }
}

impl fmt::Debug for ServerLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerLink")
            .field("uid", &self.uid)
            .finish_non_exhaustive()
    }
}
