//! Connection state recovery: a client that was away for a while has missed nothing.

use crate::client::ClientInner;
use crate::proto::{Position, Recovery};
use crate::rooms::Audience;
use crate::shared::{lock, now};
use crate::socket::Datum;
use crate::{Handshake, Namespace, Socket};
use madang_hub::{Publication, SessionId, WireForm};
use serde::Deserialize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Connection state recovery: Node's `connectionStateRecovery`. A client whose connection failed, and that comes back in time, has its id, its rooms and its data, and gets what was sent to it
/// meanwhile before it is told that it's connected; [`Socket::recovered`] says so.
///
/// Every event without acknowledgement gets an offset as its last argument, by which the client says what it has got.
///
/// ```
/// use madang_socketio::{ConnectionStateRecovery, SocketIo};
///
/// let mut recovery = ConnectionStateRecovery::default();
/// recovery.max_disconnection_duration = std::time::Duration::from_secs(30);
/// let io = SocketIo::builder().connection_state_recovery(recovery).build();
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConnectionStateRecovery {
    /// How long a client may be away. Default 2 minutes.
    pub max_disconnection_duration: Duration,
    /// Whether who comes back needn't pass the middlewares again. Default `true`.
    pub skip_middlewares: bool,
    /// Bytes of events that are kept for each namespace. Default 16 MiB: [`RecoveryLimits::bytes`](crate::proto::RecoveryLimits::bytes).
    pub bytes: usize,
    /// Clients that are away, of each namespace. Default 10,000: [`RecoveryLimits::sessions`](crate::proto::RecoveryLimits::sessions).
    pub sessions: usize,
}

impl Default for ConnectionStateRecovery {
    fn default() -> Self {
        let limits = crate::proto::RecoveryLimits::default();
        Self {
            max_disconnection_duration: limits.max_disconnection_duration,
            skip_middlewares: true,
            bytes: limits.bytes,
            sessions: limits.sessions,
        }
    }
}

/// An event that was sent, and to whom.
pub(crate) struct Remembered {
    pub(crate) publication: Publication,
    pub(crate) audience: Audience,
}

impl Remembered {
    /// What it occupies, roughly.
    pub(crate) fn bytes(&self) -> usize {
        let rooms = self.audience.rooms.iter().chain(&self.audience.except);
        let names: usize = rooms.map(|room| room.len()).sum();
        size_of::<Self>() + names + self.publication.encoded(WireForm::EngineIoFrames).len()
    }
}

/// What a socket was.
pub(crate) struct Was {
    pub(crate) id: Arc<str>,
    pub(crate) session: SessionId,
    pub(crate) rooms: Vec<Arc<str>>,
    pub(crate) data: Option<Datum>,
    pub(crate) extensions: http::Extensions,
    pub(crate) position: Position,
}

/// Does something with what a namespace remembers. What is forgotten over it holds values of the application, whose code mustn't run under the lock.
pub(crate) fn remember<R>(
    memory: &Mutex<Recovery<Remembered, Was>>,
    call: impl FnOnce(&mut Recovery<Remembered, Was>) -> R,
) -> R {
    let mut memory = lock(memory);
    let result = call(&mut memory);
    let forgotten = memory.take_forgotten();
    drop(memory);
    drop(forgotten);
    result
}

/// What it has missed.
pub(crate) type Missed = Vec<Publication>;

/// What a client says that wants its state back.
#[derive(Deserialize)]
struct Claim {
    pid: String,
    #[serde(default)]
    offset: Option<String>,
}

/// The socket that a client was, if it says so and it's true.
pub(crate) fn restore(
    namespace: &Namespace,
    client: &Arc<ClientInner>,
    handshake: &Handshake,
) -> Option<Socket> {
    let memory = namespace.inner.memory.as_ref()?;
    let claim: Claim = handshake.auth().ok()?;
    let (socket, events) = remember(memory, |memory| {
        let (mut was, position, missed) = memory
            .restore(&claim.pid, claim.offset.as_deref(), now())
            .inspect_err(|reason| tracing::debug!(%reason, "a client isn't recovered"))
            .ok()?;
        was.position = position;
        let rooms: Vec<_> = was.rooms.iter().chain([&was.id]).cloned().collect();
        let missed: Missed = missed
            .filter(|event| event.audience.includes(was.session, &rooms))
            .map(|event| event.publication.clone())
            .collect();
        let handshake = handshake.clone();
        Some(Socket::restored(
            namespace, client, handshake, &claim.pid, was, missed,
        ))
    })?;
    namespace.announce(&events);
    Some(socket)
}
