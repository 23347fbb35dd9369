//! Sockets: one client in one namespace.

mod data;
mod dispatch;
mod emit;
mod lifecycle;
mod listeners;

pub(crate) use self::data::Datum;
pub use self::{data::Extensions, emit::SocketOperator, listeners::ListenerId};
use self::{dispatch::Phase, listeners::Listeners};
use crate::client::{Client, ClientInner};
use crate::proto::{Acks, Args, Position};
use crate::rooms::{RoomEvents, Rooms};
use crate::shared::{Shared, lock};
use crate::{DisconnectReason, Handshake, JoinError, Namespace, SocketIo};
use madang_hub::{MemberId, Membership, SessionId};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use tokio::sync::oneshot;

/// A client in a namespace. Cloning is cheap. It may be kept, and used from any task; after the client is gone it does nothing.
///
/// ```
/// use madang_socketio::{Data, DisconnectReason, Socket, SocketIo};
///
/// async fn connected(socket: Socket) {
///     socket.on("join", async |socket: Socket, Data(room): Data<String>| socket.join(&room));
///     socket.on("say", async |socket: Socket, Data((room, text)): Data<(String, String)>| {
///         socket.to(&room).emit("said", (socket.id(), text))?;
///         Ok::<_, madang_socketio::EmitError>("delivered") // the acknowledgement
///     });
///     socket.on_disconnect(async |reason: DisconnectReason| println!("gone: {reason}"));
/// }
///
/// let io = SocketIo::new();
/// io.ns("/", connected);
/// ```
#[derive(Clone)]
pub struct Socket {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) id: Arc<str>,
    pub(crate) namespace: Namespace,
    pub(crate) client: Arc<ClientInner>,
    pub(crate) member: MemberId,
    pub(crate) session: SessionId,
    pub(crate) handshake: Handshake,
    pub(crate) recoverable: Option<Box<Recoverable>>,
    recovered: bool,
    state: AtomicU8,
    /// How far the handler of the connection is.
    phase: AtomicU8,
    pub(crate) acks: Mutex<Acks<oneshot::Sender<Args>>>,
    /// Its place in the hub, until it leaves.
    place: Mutex<Option<Membership>>,
    listeners: Mutex<Listeners>,
    /// Why it has gone, for those who ask too late.
    ended: OnceLock<DisconnectReason>,
    data: Mutex<Option<Datum>>,
    extensions: Extensions,
}

/// By what it can come back.
pub(crate) struct Recoverable {
    pub(crate) pid: Box<str>,
    pub(crate) position: Mutex<Option<Position>>,
}

/// Where a socket is in its life.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum State {
    /// On its way in.
    Entering,
    Connected,
    /// `disconnecting` is being handled.
    Leaving,
    Gone,
}

impl Socket {
    /// Its id: what others may know it by, and the name of a room that it alone is in. 20 random characters that have nothing to do with the session id of Engine.IO, which is
    /// a secret; only for clients of Socket.IO 1 and 2, who work it out from that session id themselves, it is `<session id>` in `/` and
    /// `<namespace>#<session id>` elsewhere.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use madang_socketio::SocketIo;
    /// # let io = SocketIo::new();
    /// # let page = Page::open(&io).await;
    /// # let socket = io.sockets().remove(0);
    /// assert_eq!(socket.id().len(), 20);
    /// assert_eq!(&*socket.rooms()[0], socket.id());
    /// assert_ne!(socket.id(), socket.conn().session_id());
    /// # Ok(())
    /// # }
    /// ```
    pub fn id(&self) -> &str {
        &self.inner.id
    }

    /// The namespace.
    ///
    /// ```
    /// use madang_socketio::Socket;
    ///
    /// async fn connected(socket: Socket) {
    ///     println!("one of {} in {}", socket.namespace().socket_count(), socket.nsp().name());
    /// }
    /// # madang_socketio::SocketIo::new().ns("/", connected);
    /// ```
    pub fn namespace(&self) -> &Namespace {
        &self.inner.namespace
    }

    /// The same, by Node's name.
    pub fn nsp(&self) -> &Namespace {
        &self.inner.namespace
    }

    /// The server.
    ///
    /// ```
    /// use madang_socketio::{EmitError, Socket};
    ///
    /// async fn connected(socket: Socket) -> Result<(), EmitError> {
    ///     socket.io().of("/admin").emit("connected", socket.id()) // to those in another namespace
    /// }
    /// # madang_socketio::SocketIo::new().ns("/", connected);
    /// ```
    pub fn io(&self) -> SocketIo {
        SocketIo::around(self.inner.client.server.clone())
    }

    /// The connection, which it may share with sockets of other namespaces.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let io = madang_socketio::SocketIo::new();
    /// # let page = Page::open(&io).await;
    /// # let socket = io.sockets().remove(0);
    /// assert_eq!(socket.client().sockets(), [socket]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn client(&self) -> Client {
        Client(self.inner.client.clone())
    }

    /// The session of Engine.IO underneath: its transport, its protocol, what waits in it.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use madang_engineio::{Protocol, TransportKind};
    /// # let io = madang_socketio::SocketIo::new();
    /// # let page = Page::open(&io).await;
    /// # let socket = io.sockets().remove(0);
    ///
    /// assert_eq!(socket.conn().transport(), TransportKind::Polling);
    /// assert_eq!(socket.conn().protocol(), Protocol::V4);
    /// # Ok(())
    /// # }
    /// ```
    pub fn conn(&self) -> &madang_engineio::Socket {
        &self.inner.client.engine
    }

    /// What is known from the client's first request.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let io = madang_socketio::SocketIo::new();
    /// # let page = Page::open(&io).await;
    /// # let socket = io.sockets().remove(0);
    /// assert_eq!(socket.handshake().query_value("EIO").as_deref(), Some("4"));
    /// assert_eq!(socket.request().header("user-agent"), Some("page"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn handshake(&self) -> &Handshake {
        &self.inner.handshake
    }

    /// The same, by Node's name for the request itself.
    pub fn request(&self) -> &Handshake {
        &self.inner.handshake
    }

    /// Its session in the hub, by which what others publish there can be kept from it.
    ///
    /// ```
    /// use madang_hub::{Publication, RoomName};
    /// use madang_socketio::Socket;
    ///
    /// /// Publishes to a room of the hub what a socket says, for all others who are in it.
    /// fn publish(socket: &Socket, room: &RoomName, publication: Publication) {
    ///     socket.io().hub().to(room).except_session(socket.session()).publish(publication);
    /// }
    /// ```
    pub fn session(&self) -> SessionId {
        self.inner.session
    }

    /// Its member in the hub, for what goes to it alone without being an event of its namespace: [`Hub::send`](madang_hub::Hub::send).
    ///
    /// ```
    /// use madang_hub::Publication;
    /// use madang_socketio::Socket;
    ///
    /// /// Repeats for one what a room has heard, without encoding it again.
    /// fn repeat(socket: &Socket, heard: &Publication) {
    ///     socket.io().hub().send(socket.member(), heard.clone());
    /// }
    /// ```
    pub fn member(&self) -> MemberId {
        self.inner.member
    }

    /// Whether it came back with its state, rooms and data, and got what it had missed.
    ///
    /// ```
    /// use madang_socketio::{EmitError, Socket};
    ///
    /// async fn connected(socket: Socket) -> Result<(), EmitError> {
    ///     if socket.recovered() {
    ///         return Ok(()); // it has its rooms and its data, and has missed nothing
    ///     }
    ///     socket.emit("everything", vec!["that", "it", "must", "know"])
    /// }
    /// # madang_socketio::SocketIo::new().ns("/", connected);
    /// ```
    pub fn recovered(&self) -> bool {
        self.inner.recovered
    }

    /// The same as [`recovered`](Self::recovered).
    pub fn is_recovered(&self) -> bool {
        self.inner.recovered
    }

    /// Whether it is connected; in middlewares it isn't yet.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let io = madang_socketio::SocketIo::new();
    /// # let page = Page::open(&io).await;
    /// # let socket = io.sockets().remove(0);
    /// assert!(socket.connected() && !socket.recovered());
    /// socket.disconnect(false);
    /// assert!(socket.disconnected());
    /// # Ok(())
    /// # }
    /// ```
    pub fn connected(&self) -> bool {
        matches!(self.state(), State::Connected | State::Leaving)
    }

    /// Whether it isn't [connected](Self::connected).
    pub fn disconnected(&self) -> bool {
        !self.connected()
    }

    /// Bytes that wait for the client, of all its namespaces.
    ///
    /// ```
    /// use madang_socketio::Socket;
    ///
    /// /// Whether it is worth sending a large picture now.
    /// fn keeps_up(socket: &Socket) -> bool {
    ///     socket.buffered_bytes() < 64 << 10
    /// }
    /// ```
    pub fn buffered_bytes(&self) -> usize {
        self.conn().buffered_bytes()
    }

    /// The rooms that it is in, its own first; none once it is gone.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let io = madang_socketio::SocketIo::new();
    /// # let page = Page::open(&io).await;
    /// # let socket = io.sockets().remove(0);
    /// socket.join("yard")?;
    /// let rooms = socket.rooms();
    /// assert_eq!([&*rooms[0], &*rooms[1]], [socket.id(), "yard"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn rooms(&self) -> Vec<Arc<str>> {
        let names = &self.inner.namespace.inner.names;
        let table = (self.state() == State::Entering).then(|| lock(&self.inner.namespace.inner.table));
        let place = lock(&self.inner.place);
        let Some(membership) = &*place else {
            return Vec::new();
        };
        let mut joined = membership.rooms();
        if let Some(table) = &table {
            joined.extend_from_slice(table.early(&self.inner.id));
        }
        let joined = joined.iter().filter(|name| *name != names.everyone());
        let rooms = std::iter::once(self.inner.id.clone());
        rooms.chain(joined.map(|name| names.room(name).into())).collect()
    }

    /// Joins a room, or several. What is sent there from now on arrives.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let io = madang_socketio::SocketIo::new();
    /// # let mut page = Page::open(&io).await;
    /// # let socket = io.sockets().remove(0);
    /// socket.join("yard")?;
    /// socket.join(["hall", "roof"])?;
    /// io.to("roof").emit("news", 1)?;
    /// # assert_eq!(page.receive().await, r#"2["news",1]"#);
    /// assert!(socket.join("").is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When it can't be the name of a room (1 to 256 bytes without control characters, of which the namespace's name takes some unless it is `/`), or the socket is in too many
    /// ([`rooms_per_member`](madang_hub::Limits::rooms_per_member), 1,024), or gone. Of several rooms those before it have been joined.
    pub fn join(&self, rooms: impl Rooms) -> Result<(), JoinError> {
        let mut events = Vec::new();
        let joined = self.join_quietly(rooms, &mut events);
        self.inner.namespace.announce(&events);
        joined
    }

    fn join_quietly(&self, rooms: impl Rooms, events: &mut RoomEvents) -> Result<(), JoinError> {
        let namespace = &self.inner.namespace;
        let mut table = lock(&namespace.inner.table);
        let place = lock(&self.inner.place);
        let membership = place.as_ref().ok_or(JoinError::Disconnected)?;
        let mut joined = Ok(());
        rooms.for_each(|room| {
            if joined.is_ok() {
                let names = &namespace.inner.names;
                joined = table.join(self, membership, room, names, events);
            }
        });
        joined
    }

    /// Leaves a room, or several. What was sent there before still arrives.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let io = madang_socketio::SocketIo::new();
    /// # let page = Page::open(&io).await;
    /// # let socket = io.sockets().remove(0);
    /// socket.join(["yard", "hall"])?;
    /// socket.leave("yard");
    /// assert_eq!(&*socket.rooms()[1], "hall");
    /// # Ok(())
    /// # }
    /// ```
    pub fn leave(&self, rooms: impl Rooms) {
        let namespace = &self.inner.namespace;
        let mut events = Vec::new();
        {
            let mut table = lock(&namespace.inner.table);
            let place = lock(&self.inner.place);
            let Some(membership) = &*place else { return };
            rooms.for_each(|room| {
                if let Ok(name) = namespace.inner.names.of(room) {
                    membership.leave(&name);
                    table.leave(&self.inner.id, &name, &namespace.inner.names, &mut events);
                }
            });
        }
        namespace.announce(&events);
    }

    /// Disconnects it from the namespace, with the reason "server namespace disconnect" at both ends; the client doesn't reconnect by itself. With `close` all namespaces of the
    /// client, and its connection.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let io = madang_socketio::SocketIo::new();
    /// # let mut page = Page::open(&io).await;
    /// # let socket = io.sockets().remove(0);
    /// socket.emit("farewell", ())?; // arrives before the end
    /// socket.disconnect(true);
    /// assert!(!socket.connected());
    /// # assert_eq!(page.receive().await, r#"2["farewell"]"#);
    /// # assert_eq!(page.receive().await, "1");
    /// # Ok(())
    /// # }
    /// ```
    pub fn disconnect(&self, close: bool) {
        if close {
            self.client().close();
        } else if self.change(State::Connected, State::Leaving) {
            // Once it is told, the client may ask to be let in again.
            self.inner.client.forget(self);
            self.send_disconnect();
            self.go(DisconnectReason::ServerNamespaceDisconnect);
        }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.inner.namespace.inner.shared
    }

    fn state(&self) -> State {
        match self.inner.state.load(Ordering::Acquire) {
            0 => State::Entering,
            1 => State::Connected,
            2 => State::Leaving,
            _ => State::Gone,
        }
    }

    /// Whether it was in this state until now.
    fn change(&self, from: State, to: State) -> bool {
        let state = &self.inner.state;
        state
            .compare_exchange(from as u8, to as u8, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }
}

impl PartialEq for Socket {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }
}

impl Eq for Socket {}

impl Hash for Socket {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.id.hash(state);
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("id", &self.id())
            .field("namespace", &self.namespace().name())
            .finish_non_exhaustive()
    }
}
