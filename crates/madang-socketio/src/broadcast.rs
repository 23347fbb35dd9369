//! Operators: whom something is for, and how it goes.

use crate::ack::{Collecting, Collector, Forward, Responses};
use crate::error::EmitError;
use crate::event::Packet;
use crate::everywhere::Everywhere;
use crate::proto::{Args, Parser};
use crate::rooms::{Audience, Rooms};
use crate::shared::lock;
use crate::{
    AckError, BroadcastAck, BroadcastError, Event, Namespace, RemoteSocket, RequestError, SocketDetails,
};
use madang_hub::{InvalidName, Key, SessionId};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::oneshot;

/// How long acknowledgements of a broadcast and answers of other servers are waited for, unless a timeout says otherwise: Node's 5 s.
pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// A set of sockets in the making: the union of some rooms (or everyone in the namespace), without the members of others. Who is in these rooms is decided when something is
/// done with them. Each gets a broadcast once, in however many of the rooms it is.
///
/// ```
/// # let io = madang_socketio::SocketIo::new();
/// io.to("news").except("muted").volatile().emit("tick", 7)?;
/// io.of("/admin").to(["a", "b"]).disconnect_sockets(true);
/// # Ok::<(), madang_socketio::EmitError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "an operator does nothing until something is emitted"]
pub struct BroadcastOperator {
    namespace: Namespace,
    audience: Audience,
    pub(crate) flags: Flags,
}

/// How something goes.
#[derive(Clone, Debug)]
pub(crate) struct Flags {
    /// Or why it can't be one, which whoever emits is told.
    pub(crate) key: Result<Option<Key>, InvalidName>,
    pub(crate) volatile: bool,
    pub(crate) compress: bool,
    pub(crate) local: bool,
    pub(crate) timeout: Option<Duration>,
}

impl Default for Flags {
    fn default() -> Self {
        Self {
            key: Ok(None),
            volatile: false,
            compress: true,
            local: false,
            timeout: None,
        }
    }
}

impl Flags {
    pub(crate) fn set_key(&mut self, key: &str) {
        self.key = Key::try_from(key).map(Some);
    }

    /// Whether something can be emitted with them.
    pub(crate) fn check(&self) -> Result<(), EmitError> {
        self.key
            .as_ref()
            .map_or_else(|error| Err(EmitError::Key(*error)), |_| Ok(()))
    }

    pub(crate) fn key(&self) -> Option<&Key> {
        self.key.as_ref().ok()?.as_ref()
    }
}

impl BroadcastOperator {
    pub(crate) fn new(namespace: &Namespace, audience: Audience) -> Self {
        Self {
            namespace: namespace.clone(),
            audience,
            flags: Flags::default(),
        }
    }

    /// Adds the members of this room, or of these.
    ///
    #[doc = include_str!("../doc/operators/whom.md")]
    pub fn to(mut self, rooms: impl Rooms) -> Self {
        // Of no rooms at all nobody is a member, whereas without this call everyone is meant.
        let before = self.audience.rooms.len();
        rooms.for_each(|room| self.audience.rooms.push(room.into()));
        if self.audience.rooms.len() == before && before == 0 {
            self.audience.rooms.push("".into());
        }
        self
    }

    /// The same as [`to`](Self::to).
    ///
    #[doc = include_str!("../doc/operators/whom.md")]
    pub fn in_(self, rooms: impl Rooms) -> Self {
        self.to(rooms)
    }

    /// Leaves out the members of this room, or of these.
    ///
    #[doc = include_str!("../doc/operators/whom.md")]
    pub fn except(mut self, rooms: impl Rooms) -> Self {
        rooms.for_each(|room| self.audience.except.push(room.into()));
        self
    }

    /// Leaves out a session of the hub: the one that a plain WebSocket message came from, for instance.
    ///
    /// ```
    /// use madang_hub::{Key, SessionId};
    /// use madang_socketio::{EmitError, SocketIo};
    ///
    /// /// What somebody says who is in the room over plain WebSocket.
    /// fn said(io: &SocketIo, by: SessionId, text: &str) -> Result<(), EmitError> {
    ///     io.to("yard").except_session(by).emit("said", text)
    /// }
    /// # said(&SocketIo::new(), SessionId::new(1), "hello").unwrap();
    /// ```
    pub fn except_session(mut self, session: SessionId) -> Self {
        self.audience.except_sessions.push(session);
        self
    }

    /// What it is about, such as the symbol of a quote: where the policy is [`Latest`](madang_hub::Policy::Latest), it takes the place of an event of the same room
    /// with the same key that somebody hasn't read yet.
    ///
    #[doc = include_str!("../doc/operators/key.md")]
    pub fn key(mut self, key: &str) -> Self {
        self.flags.set_key(key);
        self
    }

    /// Leaves out those who can't take it at once.
    ///
    #[doc = include_str!("../doc/operators/how.md")]
    pub fn volatile(mut self) -> Self {
        self.flags.volatile = true;
        self
    }

    /// Whether to compress it, where answers to polling are. Default `true`.
    ///
    #[doc = include_str!("../doc/operators/how.md")]
    pub fn compress(mut self, compress: bool) -> Self {
        self.flags.compress = compress;
        self
    }

    /// Only those who are connected to this server.
    ///
    #[doc = include_str!("../doc/operators/whom.md")]
    pub fn local(mut self) -> Self {
        self.flags.local = true;
        self
    }

    /// How long to wait for acknowledgements, or for other servers. Default 5 s.
    ///
    #[doc = include_str!("../doc/operators/how.md")]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.flags.timeout = Some(timeout);
        self
    }

    /// Sends them an event: with one argument, several as a tuple (or an array, which is one to serde), or none as `()`. It doesn't wait for anything.
    ///
    #[doc = include_str!("../doc/operators/emit.md")]
    ///
    /// # Errors
    /// When the name is reserved, the arguments can't be encoded, or the [`key`](Self::key) can't be one.
    #[allow(clippy::needless_pass_by_value)] // a temporary tuple, in practice
    pub fn emit(&self, event: &str, args: impl Serialize) -> Result<(), EmitError> {
        EmitError::check(event)?;
        self.flags.check()?;
        let shared = &self.namespace.inner.shared;
        let parser = shared.parser;
        let header = self.namespace.header(None);
        let packet = Packet::event(parser, header, event, &args)?;
        let packet = match shared.has_others && parser != Parser::Json {
            true => packet.with_text(event, &args)?,
            false => packet,
        };
        self.namespace.publish(&self.audience, &self.flags, packet);
        if self.is_overheard() {
            self.overhear(event, &Args::of(&args)?);
        }
        if let Some(cluster) = self.cluster() {
            cluster.broadcast(&self.audience, &self.flags, event, Args::of(&args)?, None);
        }
        Ok(())
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

    /// Sends an event that is ready: with what plain WebSocket members of the rooms get. With a [`key`](Self::key) that can't be one it isn't sent, and an error is
    /// logged.
    ///
    #[doc = include_str!("../doc/operators/publish.md")]
    pub fn publish(&self, event: &Event) {
        if let Err(error) = self.flags.check() {
            return tracing::error!(event = event.name(), %error, "an event can't be published");
        }
        let parser = self.namespace.inner.shared.parser;
        self.namespace
            .publish(&self.audience, &self.flags, event.packet());
        if self.is_overheard() {
            self.overhear(event.name(), &event.args(parser));
        }
        if let Some(cluster) = self.cluster() {
            let frame = event.frame();
            let args = event.args(parser);
            cluster.broadcast(&self.audience, &self.flags, event.name(), args, frame);
        }
    }

    /// Sends them an event and collects their acknowledgements, of each the first argument. It is sent at once; the future waits.
    ///
    /// The result is all of them, or [`BroadcastError`] with those that came in time. The expected number is that of the sockets that the event was sent to. It waits for 5 s,
    /// from the first poll on, unless a [`timeout`](Self::timeout) says otherwise; dropping it makes whatever comes later ignored.
    ///
    #[doc = include_str!("../doc/operators/emit_with_ack.md")]
    #[allow(clippy::needless_pass_by_value)] // a temporary tuple, in practice
    pub fn emit_with_ack<T: DeserializeOwned + Send + 'static>(
        &self,
        event: &str,
        args: impl Serialize,
    ) -> BroadcastAck<T> {
        match self.ask(event, &args) {
            Ok(responses) => BroadcastAck(Box::pin(async move { responses.await.read() })),
            Err(error) => BroadcastAck(Box::pin(async move {
                Err(BroadcastError {
                    error: AckError::Emit(error),
                    responses: Vec::new(),
                    expected: 0,
                })
            })),
        }
    }

    fn ask<T: Serialize + ?Sized>(
        &self,
        event: &str,
        args: &T,
    ) -> Result<impl Future<Output = Responses> + Send + 'static + use<T>, EmitError> {
        EmitError::check(event)?;
        self.flags.check()?;
        let timeout = self.flags.timeout.unwrap_or(DEFAULT_TIMEOUT);
        let elsewhere = match self.cluster() {
            None => None,
            Some(cluster) => {
                let args = Args::of(args)?;
                Some(cluster.broadcast_with_ack(&self.audience, &self.flags, event, args, timeout)?)
            }
        };
        let here = self.collect(event, args, None, |_| {})?;
        Ok(async move {
            let here = here.finish(timeout);
            match elsewhere {
                None => here.await,
                Some(elsewhere) => {
                    let (mut here, elsewhere) = futures_util::future::join(here, elsewhere).await;
                    here.add(elsewhere);
                    here
                }
            }
        })
    }

    /// Sends an event to those who are here, and says where their acknowledgements are collected.
    pub(crate) fn collect<T: Serialize + ?Sized>(
        &self,
        event: &str,
        args: &T,
        forward: Option<Arc<Forward>>,
        counted: impl FnOnce(usize),
    ) -> Result<Collecting, EmitError> {
        self.flags.check()?;
        let inner = &self.namespace.inner;
        let id = self.namespace.next_id();
        let packet = Packet::event(inner.shared.parser, self.namespace.header(Some(id)), event, args)?;
        let pending: std::collections::HashSet<_> = self
            .namespace
            .select(&self.audience)
            .iter()
            .map(|socket| socket.inner.id.clone())
            .collect();
        let (sender, done) = oneshot::channel();
        let collector = Collector {
            responses: Responses {
                expected: pending.len(),
                args: Vec::new(),
            },
            // Nobody to wait for is dropped at once.
            done: (!pending.is_empty()).then_some(sender),
            pending,
            forward,
        };
        let count = collector.pending.len();
        {
            let mut collectors = lock(&inner.collectors);
            let limit = inner.shared.limits.pending_broadcasts;
            if collectors.len() >= limit {
                return Err(EmitError::TooManyAcks(limit));
            }
            collectors.insert(id, collector);
        }
        counted(count);
        self.namespace
            .deliver(&self.audience, packet.publication(&self.flags));
        if self.is_overheard() {
            self.overhear(event, &Args::of(args)?);
        }
        Ok(Collecting {
            namespace: self.namespace.clone(),
            id,
            done,
        })
    }

    /// Who they are, also those who are connected to other servers of the cluster.
    ///
    #[doc = include_str!("../doc/operators/fetch_sockets.md")]
    ///
    /// # Errors
    /// When a server doesn't answer in time, 5 s unless a [`timeout`](Self::timeout) says otherwise, or too many requests are pending.
    ///
    /// Cancel safe: it changes nothing, and answers that come later are ignored.
    pub async fn fetch_sockets(&self) -> Result<Vec<RemoteSocket>, RequestError> {
        let mut sockets: Vec<_> = self
            .namespace
            .select(&self.audience)
            .iter()
            .map(|socket| RemoteSocket::new(SocketDetails::of(socket), &self.namespace))
            .collect();
        if let Some(cluster) = self.cluster() {
            let timeout = self.flags.timeout.unwrap_or(DEFAULT_TIMEOUT);
            sockets.extend(cluster.fetch_sockets(&self.audience, timeout)?.await?);
        }
        Ok(sockets)
    }

    /// Their ids: `allSockets` of Node's earlier versions. [`fetch_sockets`](Self::fetch_sockets) tells more.
    ///
    #[doc = include_str!("../doc/operators/all_sockets.md")]
    ///
    /// # Errors
    /// As [`fetch_sockets`](Self::fetch_sockets), and as safe to cancel.
    pub async fn all_sockets(&self) -> Result<Vec<Arc<str>>, RequestError> {
        let sockets = self.fetch_sockets().await?;
        Ok(sockets.into_iter().map(|socket| socket.id).collect())
    }

    /// Lets them join this room, or these. A room that can't be joined is logged.
    ///
    #[doc = include_str!("../doc/operators/sockets.md")]
    pub fn sockets_join(&self, rooms: impl Rooms) {
        let rooms = list(rooms);
        for socket in self.namespace.select(&self.audience) {
            if let Err(error) = socket.join(&rooms) {
                tracing::error!(%error, "a socket can't join a room");
            }
        }
        if let Some(cluster) = self.cluster() {
            cluster.sockets_join(&self.audience, rooms);
        }
    }

    /// Lets them leave this room, or these.
    ///
    #[doc = include_str!("../doc/operators/sockets.md")]
    pub fn sockets_leave(&self, rooms: impl Rooms) {
        let rooms = list(rooms);
        for socket in self.namespace.select(&self.audience) {
            socket.leave(&rooms);
        }
        if let Some(cluster) = self.cluster() {
            cluster.sockets_leave(&self.audience, rooms);
        }
    }

    /// Disconnects them from the namespace; their whole connections if `close`: Node's `disconnectSockets`. See [`Socket::disconnect`](crate::Socket::disconnect).
    ///
    #[doc = include_str!("../doc/operators/sockets.md")]
    pub fn disconnect_sockets(&self, close: bool) {
        for socket in self.namespace.select(&self.audience) {
            socket.disconnect(close);
        }
        if let Some(cluster) = self.cluster() {
            cluster.disconnect_sockets(&self.audience, close);
        }
    }

    fn cluster(&self) -> Option<Everywhere<'_>> {
        let shared = &self.namespace.inner.shared;
        (!self.flags.local && shared.adapter.is_some()).then_some(Everywhere(&self.namespace))
    }

    /// Whether any socket of the namespace listens to what is sent to it.
    fn is_overheard(&self) -> bool {
        self.namespace.inner.outgoing.load(Ordering::Relaxed) > 0
    }

    fn overhear(&self, event: &str, args: &Args) {
        for socket in self.namespace.select(&self.audience) {
            socket.overhear(event, args);
        }
    }

    pub(crate) fn with_flags(mut self, flags: Flags) -> Self {
        self.flags = flags;
        self
    }
}

fn list(rooms: impl Rooms) -> Vec<Arc<str>> {
    let mut list = Vec::new();
    rooms.for_each(|room| list.push(room.into()));
    list
}
