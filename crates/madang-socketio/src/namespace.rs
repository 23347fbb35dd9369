//! Namespaces: what clients connect to, with rooms and middlewares of their own.

use crate::ack::Collector;
use crate::broadcast::Flags;
use crate::context::{ConnectContext, ServerContext};
use crate::error::EmitError;
use crate::event::Packet;
use crate::everywhere::Everywhere;
use crate::handler::{Callback, Handler, IntoOutcome, callback, plain};
use crate::middleware::{Check, ConnectError, check};
use crate::proto::{Header, Recovery, RecoveryLimits};
use crate::recovery::{Remembered, Was, remember};
use crate::registry::Server;
use crate::rooms::{Audience, Names, RoomEvent, RoomEvents, Rooms, Table};
use crate::shared::{Shared, lock, now, panic_message};
use crate::socket::Socket;
use crate::{
    AckError, BroadcastAck, BroadcastOperator, Event, IntoReply, RemoteSocket, RequestError, SocketIo, id,
};
use madang_hub::{InvalidName, LimitReached, Policy, Publication};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

/// A namespace. Cloning is cheap.
///
/// Everything that is sent from here is for everyone in it; [`to`](Self::to) and its siblings narrow that down.
///
#[doc = include_str!("../doc/namespace/namespace.md")]
#[derive(Clone)]
pub struct Namespace {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) name: Arc<str>,
    pub(crate) names: Names,
    pub(crate) shared: Arc<Shared>,
    pub(crate) server: Weak<Server>,
    pub(crate) table: Mutex<Table>,
    pub(crate) hooks: Mutex<Hooks>,
    /// What is remembered for those who come back. Held while an event is sent, so that offsets are in the order in which the events leave.
    pub(crate) memory: Option<Mutex<Recovery<Remembered, Was>>>,
    pub(crate) ids: AtomicU64,
    pub(crate) collectors: Mutex<HashMap<u64, Collector>>,
    /// Listeners for outgoing events, on all its sockets.
    pub(crate) outgoing: AtomicUsize,
    /// Which matcher brought it to life, if one did.
    pub(crate) parent: Option<u64>,
    watched: AtomicBool,
    watchers: Mutex<Vec<Watcher>>,
    listeners: Mutex<Vec<(Box<str>, ServerCallback)>>,
}

type ServerCallback = Arc<dyn Callback<ServerContext>>;

type Watcher = Arc<dyn Fn(&RoomEvent) + Send + Sync>;

/// What is done with those who want in. A namespace inherits them from its matcher.
#[derive(Clone, Default)]
pub(crate) struct Hooks {
    pub(crate) middlewares: Vec<Check<ConnectContext, ConnectError>>,
    pub(crate) connected: Vec<Arc<dyn Callback<ConnectContext>>>,
}

impl Hooks {
    pub(crate) fn use_<H, T, E>(&mut self, middleware: H)
    where
        H: Handler<ConnectContext, T, Output = Result<(), E>>,
        T: 'static,
        E: Into<ConnectError> + Send + 'static,
    {
        let broken = || ConnectError::new("internal error");
        self.middlewares.push(check(middleware, E::into, broken));
    }

    pub(crate) fn on_connect<H, T>(&mut self, handler: H)
    where
        H: Handler<ConnectContext, T>,
        H::Output: IntoOutcome,
        T: 'static,
    {
        self.connected.push(plain(handler));
    }
}

impl Namespace {
    pub(crate) fn new(
        name: &str,
        shared: &Arc<Shared>,
        server: Weak<Server>,
        hooks: Hooks,
        parent: Option<u64>,
    ) -> Result<Self, InvalidName> {
        let memory = shared.recovery.as_ref().map(|recovery| {
            let limits = RecoveryLimits {
                max_disconnection_duration: recovery.max_disconnection_duration,
                unnoticed: shared.unnoticed,
                bytes: recovery.bytes,
                sessions: recovery.sessions,
            };
            Mutex::new(Recovery::new(&id::prefix(), limits))
        });
        Ok(Self {
            inner: Arc::new(Inner {
                name: name.into(),
                names: Names::new(name)?,
                shared: shared.clone(),
                server,
                table: Mutex::default(),
                hooks: Mutex::new(hooks),
                memory,
                ids: AtomicU64::new(0),
                collectors: Mutex::default(),
                outgoing: AtomicUsize::new(0),
                parent,
                watched: AtomicBool::new(false),
                watchers: Mutex::default(),
                listeners: Mutex::default(),
            }),
        })
    }

    /// Its name, with the slash.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// The server, unless it is gone already.
    ///
    /// ```
    /// use madang_socketio::SocketIo;
    ///
    /// let io = SocketIo::new();
    /// let chat = io.of("/chat");
    /// assert!(chat.io().is_some());
    /// drop(io); // a namespace doesn't keep its server
    /// assert!(chat.io().is_none());
    /// ```
    pub fn io(&self) -> Option<SocketIo> {
        self.inner.server.upgrade().map(SocketIo::around)
    }

    /// Calls the handler for every socket that has connected. It runs after CONNECT has been answered, and what it emits comes after that answer; a client's events
    /// that come before it has finished wait for it, unless it has added a listener for them already.
    ///
    #[doc = include_str!("../doc/namespace/on_connect.md")]
    pub fn on_connect<H, T>(&self, handler: H)
    where
        H: Handler<ConnectContext, T>,
        H::Output: IntoOutcome,
        T: 'static,
    {
        lock(&self.inner.hooks).on_connect(handler);
    }

    /// Adds a middleware, which decides whether a client may enter; they are asked in the order in which they were added. The client gets the error as `connect_error`.
    ///
    /// A middleware may let the socket join rooms and put data into it. One that panics lets nobody in.
    ///
    #[doc = include_str!("../doc/namespace/use.md")]
    pub fn use_<H, T, E>(&self, middleware: H)
    where
        H: Handler<ConnectContext, T, Output = Result<(), E>>,
        T: 'static,
        E: Into<ConnectError> + Send + 'static,
    {
        lock(&self.inner.hooks).use_(middleware);
    }

    /// Calls the handler for events that another server of the cluster sends with [`server_side_emit`](Self::server_side_emit); what it returns is the answer to
    /// [`server_side_emit_with_ack`](Self::server_side_emit_with_ack).
    ///
    #[doc = include_str!("../doc/namespace/on.md")]
    pub fn on<H, T>(&self, event: &str, handler: H)
    where
        H: Handler<ServerContext, T>,
        H::Output: IntoReply,
        T: 'static,
    {
        let handler = callback(handler, |context: &ServerContext, output: H::Output| {
            output.into_reply(context.ack.clone())
        });
        lock(&self.inner.listeners).push((event.into(), handler));
    }

    /// Calls this for whatever happens to rooms from now on: Node's `adapter.on("join-room")` and its siblings. It must be brief: whoever joins waits for it.
    ///
    #[doc = include_str!("../doc/namespace/on_room.md")]
    pub fn on_room(&self, watcher: impl Fn(&RoomEvent) + Send + Sync + 'static) {
        lock(&self.inner.watchers).push(Arc::new(watcher));
        self.inner.watched.store(true, Ordering::Release);
    }

    /// The sockets that are connected to this server, in no order.
    ///
    #[doc = include_str!("../doc/namespace/sockets.md")]
    pub fn sockets(&self) -> Vec<Socket> {
        lock(&self.inner.table).sockets().cloned().collect()
    }

    /// The socket with this id, if it is connected to this server.
    ///
    /// ```
    /// # let io = madang_socketio::SocketIo::new();
    /// if let Some(socket) = io.socket("Ae2xJw9sT4vQ1bLkZ0Rd") {
    ///     socket.disconnect(true);
    /// }
    /// ```
    pub fn socket(&self, id: &str) -> Option<Socket> {
        lock(&self.inner.table).get(id).cloned()
    }

    /// How many sockets are connected to this server.
    pub fn socket_count(&self) -> usize {
        lock(&self.inner.table).len()
    }

    /// Sets what happens to members of a room who read too slowly, from now on. Of an event for several rooms the policy of the first counts; what is sent to
    /// one socket is never dropped, and the [`send_limit`](madang_engineio::Config::send_limit) holds whatever the policy.
    ///
    /// * [`Policy::Disconnect`], the default: who lets more wait than `send_limit` is disconnected, with
    ///   [`DisconnectReason::ForcedClose`](crate::DisconnectReason::ForcedClose).
    /// * [`Policy::DropOldest`]: the oldest events make room.
    /// * [`Policy::Latest`]: an event takes the place of an unread one with the same [`key`](Self::key), or the same lack of one. With
    ///   [recovery](crate::ConnectionStateRecovery) it waits behind all earlier ones instead, so that a client that comes back has missed nothing but what was replaced.
    ///
    /// An event and its attachments are dropped or replaced together.
    ///
    /// ```
    /// use madang_hub::Policy;
    ///
    /// # let io = madang_socketio::SocketIo::new();
    /// // Who reads too slowly misses the oldest, and stays.
    /// io.set_room_policy("ticker", Policy::DropOldest)?;
    /// # Ok::<(), madang_socketio::PolicyError>(())
    /// ```
    ///
    /// # Errors
    /// When too many rooms have a policy of their own, or the name can't be that of a room.
    pub fn set_room_policy(&self, room: &str, policy: Policy) -> Result<(), PolicyError> {
        let name = self.inner.names.of(room)?;
        Ok(self.inner.shared.hub.set_policy(&name, policy)?)
    }

    /// The same, for what is sent to everyone in the namespace.
    ///
    /// ```
    /// # let io = madang_socketio::SocketIo::new();
    /// io.of("/quotes").set_policy(madang_hub::Policy::DropOldest)?;
    /// # Ok::<(), madang_socketio::PolicyError>(())
    /// ```
    ///
    /// # Errors
    /// When too many rooms have a policy of their own.
    pub fn set_policy(&self, policy: Policy) -> Result<(), PolicyError> {
        let everyone = self.inner.names.everyone();
        Ok(self.inner.shared.hub.set_policy(everyone, policy)?)
    }

    fn operator(&self) -> BroadcastOperator {
        BroadcastOperator::new(self, Audience::default())
    }

    /// To the members of this room, or of these. A socket's id is a room that it alone is in.
    ///
    #[doc = include_str!("../doc/operators/whom.md")]
    pub fn to(&self, rooms: impl Rooms) -> BroadcastOperator {
        self.operator().to(rooms)
    }

    /// The same as [`to`](Self::to).
    ///
    #[doc = include_str!("../doc/operators/whom.md")]
    pub fn in_(&self, rooms: impl Rooms) -> BroadcastOperator {
        self.operator().to(rooms)
    }

    /// Not to the members of this room, or of these.
    ///
    #[doc = include_str!("../doc/operators/whom.md")]
    pub fn except(&self, rooms: impl Rooms) -> BroadcastOperator {
        self.operator().except(rooms)
    }

    /// What it is about, such as the symbol of a quote: where the policy is [`Latest`](Policy::Latest), it takes the place of an event with the same key that somebody
    /// hasn't read yet.
    ///
    #[doc = include_str!("../doc/operators/key.md")]
    pub fn key(&self, key: &str) -> BroadcastOperator {
        self.operator().key(key)
    }

    /// Not to those who can't take it at once.
    ///
    #[doc = include_str!("../doc/operators/how.md")]
    pub fn volatile(&self) -> BroadcastOperator {
        self.operator().volatile()
    }

    /// Whether to compress it, where answers to polling are.
    ///
    #[doc = include_str!("../doc/operators/how.md")]
    pub fn compress(&self, compress: bool) -> BroadcastOperator {
        self.operator().compress(compress)
    }

    /// Only to those who are connected to this server.
    ///
    #[doc = include_str!("../doc/operators/whom.md")]
    pub fn local(&self) -> BroadcastOperator {
        self.operator().local()
    }

    /// How long to wait for acknowledgements, or for other servers.
    ///
    #[doc = include_str!("../doc/operators/how.md")]
    pub fn timeout(&self, timeout: Duration) -> BroadcastOperator {
        self.operator().timeout(timeout)
    }

    /// Sends an event to everyone: with one argument, several as a tuple, or none as `()`. An array `[T; N]` is a tuple to serde, hence several; a vector or a slice is one.
    ///
    #[doc = include_str!("../doc/operators/emit.md")]
    ///
    /// # Errors
    /// When the name is reserved, or the arguments can't be encoded.
    pub fn emit(&self, event: &str, args: impl Serialize) -> Result<(), EmitError> {
        self.operator().emit(event, args)
    }

    /// Sends the event `message`.
    ///
    #[doc = include_str!("../doc/operators/send.md")]
    ///
    /// # Errors
    /// As [`emit`](Self::emit).
    pub fn send(&self, args: impl Serialize) -> Result<(), EmitError> {
        self.emit("message", args)
    }

    /// The same as [`send`](Self::send).
    ///
    /// ```
    /// # let io = madang_socketio::SocketIo::new();
    /// io.write("hello")?;
    /// # Ok::<(), madang_socketio::EmitError>(())
    /// ```
    ///
    /// # Errors
    /// As [`emit`](Self::emit).
    pub fn write(&self, args: impl Serialize) -> Result<(), EmitError> {
        self.emit("message", args)
    }

    /// Sends an event to everyone, and collects the acknowledgements: [`BroadcastOperator::emit_with_ack`].
    ///
    #[doc = include_str!("../doc/operators/emit_with_ack.md")]
    pub fn emit_with_ack<T: DeserializeOwned + Send + 'static>(
        &self,
        event: &str,
        args: impl Serialize,
    ) -> BroadcastAck<T> {
        self.operator().emit_with_ack(event, args)
    }

    /// Makes an event to [publish](BroadcastOperator::publish).
    ///
    #[doc = include_str!("../doc/operators/publish.md")]
    ///
    /// # Errors
    /// When the name is reserved, or the arguments can't be encoded.
    #[allow(clippy::needless_pass_by_value)] // a temporary tuple, in practice
    pub fn event(&self, event: &str, args: impl Serialize) -> Result<Event, EmitError> {
        EmitError::check(event)?;
        let parser = self.inner.shared.parser;
        Ok(Event::new(parser, self.name(), event, &args)?)
    }

    /// Everyone who is connected, to whichever server of the cluster.
    ///
    #[doc = include_str!("../doc/operators/fetch_sockets.md")]
    ///
    /// # Errors
    /// As [`BroadcastOperator::fetch_sockets`], and as safe to cancel.
    pub async fn fetch_sockets(&self) -> Result<Vec<RemoteSocket>, RequestError> {
        self.operator().fetch_sockets().await
    }

    /// The ids of everyone who is connected: `allSockets` of Node's earlier versions. [`fetch_sockets`](Self::fetch_sockets) tells more.
    ///
    #[doc = include_str!("../doc/operators/all_sockets.md")]
    ///
    /// # Errors
    /// As [`BroadcastOperator::fetch_sockets`], and as safe to cancel.
    pub async fn all_sockets(&self) -> Result<Vec<Arc<str>>, RequestError> {
        self.operator().all_sockets().await
    }

    /// Lets everyone join.
    ///
    #[doc = include_str!("../doc/operators/sockets.md")]
    pub fn sockets_join(&self, rooms: impl Rooms) {
        self.operator().sockets_join(rooms);
    }

    /// Lets everyone leave.
    ///
    #[doc = include_str!("../doc/operators/sockets.md")]
    pub fn sockets_leave(&self, rooms: impl Rooms) {
        self.operator().sockets_leave(rooms);
    }

    /// Disconnects everyone from the namespace; the whole connections if `close`.
    ///
    #[doc = include_str!("../doc/operators/sockets.md")]
    pub fn disconnect_sockets(&self, close: bool) {
        self.operator().disconnect_sockets(close);
    }

    /// Sends an event to the other servers of the cluster: their [`on`](Self::on).
    ///
    #[doc = include_str!("../doc/namespace/server_side_emit.md")]
    ///
    /// # Errors
    /// When the name is reserved, or the arguments can't be encoded.
    #[allow(clippy::needless_pass_by_value)] // a temporary tuple, in practice
    pub fn server_side_emit(&self, event: &str, args: impl Serialize) -> Result<(), EmitError> {
        Everywhere(self).server_side_emit(event, &args)
    }

    /// The same, and waits for one answer of each, for 5 s: the first argument, as `T`.
    ///
    /// Unlike acknowledgements of clients it is sent when the future is first polled. Dropping that makes answers that come later ignored.
    ///
    #[doc = include_str!("../doc/namespace/server_side_emit_with_ack.md")]
    ///
    /// # Errors
    /// When it can't be sent; or not all of them answer in time, with the answers that came.
    #[allow(clippy::needless_pass_by_value)] // a temporary tuple, in practice
    pub async fn server_side_emit_with_ack<T: DeserializeOwned>(
        &self,
        event: &str,
        args: impl Serialize,
    ) -> Result<Vec<T>, crate::BroadcastError<T>> {
        let responses = Everywhere(self).server_side_emit_with_ack(event, &args);
        match responses {
            Ok(responses) => responses.await.read(),
            Err(error) => Err(crate::BroadcastError {
                error: AckError::Emit(error),
                responses: Vec::new(),
                expected: 0,
            }),
        }
    }

    /// Sends a packet with the offset that it must have, and remembers it.
    pub(crate) fn publish(&self, audience: &Audience, flags: &Flags, packet: Packet) {
        self.send_with_offset(packet, flags, audience, |publication| {
            self.deliver(audience, publication);
        });
    }

    /// What the application has to do with a packet has been done before: its code mustn't run while the memory is locked.
    pub(crate) fn send_with_offset(
        &self,
        packet: Packet,
        flags: &Flags,
        audience: &Audience,
        send: impl FnOnce(Publication),
    ) {
        let Some(memory) = &self.inner.memory else {
            return send(packet.publication(flags));
        };
        let parser = self.inner.shared.parser;
        let with = |offset: &str| {
            let packet = packet.with_offset(parser, self.header(None), offset);
            // A client that has an offset is taken to have what was sent before.
            packet.publication(flags).in_order()
        };
        remember(memory, |memory| {
            if flags.volatile {
                return send(with(&memory.offset()));
            }
            let publication = with(&memory.next_offset());
            send(publication.clone());
            let remembered = Remembered {
                publication,
                audience: audience.clone(),
            };
            let bytes = remembered.bytes();
            memory.push(remembered, bytes, now());
        });
    }

    /// To all of them, in one publication.
    pub(crate) fn deliver(&self, audience: &Audience, publication: Publication) {
        let table = lock(&self.inner.table);
        let target = table.target(&self.inner.shared.hub, audience, &self.inner.names);
        drop(table);
        if let Some(target) = target {
            target.publish(publication);
        }
    }

    pub(crate) fn select(&self, audience: &Audience) -> Vec<Socket> {
        lock(&self.inner.table).select(audience, &self.inner.names)
    }

    pub(crate) fn next_id(&self) -> u64 {
        self.inner.ids.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn header(&self, id: Option<u64>) -> Header<'_> {
        Header {
            namespace: &self.inner.name,
            id,
        }
    }

    /// Tells those who watch, without a lock.
    pub(crate) fn announce(&self, events: &RoomEvents) {
        if events.is_empty() || !self.inner.watched.load(Ordering::Acquire) {
            return;
        }
        let watchers = lock(&self.inner.watchers).clone();
        for event in events {
            for watcher in &watchers {
                let called = catch_unwind(AssertUnwindSafe(|| watcher(event)));
                if let Err(panic) = called {
                    tracing::error!(
                        ?event,
                        panic = panic_message(&*panic),
                        "a watcher of rooms panicked"
                    );
                }
            }
        }
    }

    pub(crate) fn listeners(&self, event: &str) -> Vec<Arc<dyn Callback<ServerContext>>> {
        lock(&self.inner.listeners)
            .iter()
            .filter(|(name, _)| **name == *event)
            .map(|(_, listener)| listener.clone())
            .collect()
    }
}

impl fmt::Debug for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Namespace")
            .field("name", &self.name())
            .finish_non_exhaustive()
    }
}

/// Why a room has no policy of its own.
///
/// ```
/// let io = madang_socketio::SocketIo::new();
/// let error = io.set_room_policy("", madang_hub::Policy::DropOldest).unwrap_err();
/// assert!(matches!(error, madang_socketio::PolicyError::Name(_)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The name can't be that of a room.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// Too many rooms have one.
    #[error(transparent)]
    Limit(#[from] LimitReached),
}

impl PolicyError {
    /// A stable identifier for logs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Name(error) => error.code(),
            Self::Limit(error) => error.code(),
        }
    }
}
