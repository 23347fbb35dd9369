//! Several servers as one: what they tell each other, whatever the way.

use crate::incoming::Incoming;
use crate::proto::Args;
use crate::registry::Server;
use crate::remote::SocketDetails;
use crate::rooms::Audience;
use madang_hub::SessionId;
use madang_ws::Message;
use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// The way to the other servers of a cluster. What a server does for its own clients isn't its business.
///
/// Whatever arrives is handed to the [`ServerLink`], in the order in which it was sent by each server.
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
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClusterEvent {
    /// Its name.
    pub name: Arc<str>,
    /// Its arguments.
    pub args: Args,
    /// What plain WebSocket members get of it, if it isn't the usual.
    pub frame: Option<Message>,
    /// Dropped by those who can't take it at once.
    pub volatile: bool,
    /// Whether it's compressed.
    pub compress: bool,
}

/// Some servers haven't answered.
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
