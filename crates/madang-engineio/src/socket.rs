//! A session as its handler sees it.

use crate::live::Remote;
use crate::proto::Packet;
use crate::{Message, Protocol, TransportKind};
use madang_hub::Recipient;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

/// A handle to a session, of any thread or task. Cloning is cheap. It may outlive the session, and then does nothing.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use madang_engineio::{Body, ClientAddr, CloseReason, Config, EngineIo, Handler, Message, Socket};
/// use madang_engineio::{Protocol, TransportKind};
/// use std::sync::mpsc::{Sender, channel};
///
/// /// Hands the sockets out, for tasks to write to.
/// struct HandOut(Sender<Socket>);
///
/// impl Handler for HandOut {
///     type Session = ();
///
///     fn open(&self, socket: Socket, _request: &http::request::Parts) {
///         let _ = self.0.send(socket);
///     }
///
///     fn message(&self, _: &mut (), _: Message) {}
///
///     fn close(&self, _: (), _: CloseReason) {}
/// }
///
/// let (sender, sockets) = channel();
/// let engine = EngineIo::new(Config::default(), HandOut(sender));
/// # let mut open = http::Request::get("/engine.io/?EIO=4&transport=polling").body(Body::default())?;
/// # open.extensions_mut().insert(ClientAddr("192.0.2.1:4711".parse()?));
/// # engine.respond(open).await;
/// let socket = sockets.recv()?;
/// assert_eq!(socket.session_id().len(), 20);
/// assert_eq!((socket.protocol(), socket.transport()), (Protocol::V4, TransportKind::Polling));
/// println!("opened from {:?}", socket.remote_addr()); // known from `ClientAddr`
/// # assert_eq!(socket.remote_addr(), Some("192.0.2.1:4711".parse()?));
/// assert!(!socket.is_writable()); // the client has its answer, and hasn't asked again
///
/// socket.send("from any task"); // waits for the next request
/// assert_eq!(socket.buffered_bytes(), "4from any task".len());
/// socket.close(true); // and isn't sent any more
/// assert_eq!((socket.buffered_bytes(), engine.session_count()), (0, 0));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Socket(Arc<dyn Remote>);

impl Socket {
    pub(crate) fn new(remote: Arc<dyn Remote>) -> Self {
        Self(remote)
    }

    /// The session id, which is a secret: whoever knows it can speak for the session. 20 characters of base64url, 120 random bits.
    pub fn session_id(&self) -> &str {
        self.0.session_id()
    }

    /// The protocol's version.
    pub fn protocol(&self) -> Protocol {
        self.0.protocol()
    }

    /// The transport in use.
    pub fn transport(&self) -> TransportKind {
        self.0.transport()
    }

    /// Where the first request came from, if the server was told: by a [`ClientAddr`](crate::ClientAddr) among the request's extensions, or
    /// by axum's `ConnectInfo`.
    pub fn remote_addr(&self) -> Option<SocketAddr> {
        self.0.remote_addr()
    }

    /// Sends a message. Messages sent by one task leave in its order, also among what it publishes to this session through a hub as long as nothing else waits in that hub. A client that
    /// lets more than [`Config::send_limit`](crate::Config::send_limit) wait is disconnected.
    pub fn send(&self, message: impl Into<Message>) {
        self.0.send(Packet::Message(message.into()));
    }

    /// The session as a recipient of a hub's publications, in the form that its transport takes.
    ///
    /// ```
    /// use madang_engineio::Socket;
    /// use madang_hub::{Hub, Membership, RoomName, SessionId};
    ///
    /// /// Lets a user's session into a room: what is published there is sent to it, until the membership is dropped.
    /// fn enter(hub: &Hub, user: u128, room: &RoomName, socket: &Socket) -> Option<Membership> {
    ///     let membership = hub.enter(SessionId::new(user), socket.recipient());
    ///     membership.join(room).ok()?;
    ///     Some(membership)
    /// }
    /// ```
    pub fn recipient(&self) -> Arc<dyn Recipient> {
        self.0.clone().recipient()
    }

    /// Whether the transport would take something at once: nothing waits, and on polling a request does.
    pub fn is_writable(&self) -> bool {
        self.0.is_writable()
    }

    /// Bytes that wait for the client, with what the transport puts around them.
    pub fn buffered_bytes(&self) -> usize {
        self.0.buffered_bytes()
    }

    /// Ends the session with [`CloseReason::ForcedClose`](crate::CloseReason); what waits is sent first, unless it's discarded.
    /// [`Handler::close`](crate::Handler::close) is called later, never from inside this call.
    pub fn close(&self, discard: bool) {
        self.0.close(discard);
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("protocol", &self.protocol())
            .field("transport", &self.transport())
            .finish_non_exhaustive()
    }
}
