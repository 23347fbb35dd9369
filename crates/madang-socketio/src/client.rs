//! One connection of a client, and the namespaces that it is in.

use crate::context::ConnectContext;
use crate::handshake::{Handshake, Request, parse_query};
use crate::middleware::ConnectError;
use crate::proto::{Args, DecodeError, Decoder, Encode as _, Messages, PacketKind};
use crate::recovery::restore;
use crate::registry::{Entrance, Server};
use crate::shared::lock;
use crate::{DisconnectReason, Namespace, Socket};
use http::request::Parts;
use madang_engineio::{ClientAddr, CloseReason, Message, Protocol};
use madang_ws::Utf8Bytes;
use smallvec::SmallVec;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// A connection, which sockets of several namespaces may share.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use madang_socketio::SocketIo;
/// # let io = SocketIo::new();
/// # io.of("/chat");
/// # let mut page = Page::open(&io).await;
/// # page.send("0/chat,").await;
/// # page.receive().await;
/// # let socket = io.sockets().remove(0);
/// let client = socket.client();
/// assert_eq!(client.sockets().len(), 2); // it is in `/` and in `/chat`
/// assert_eq!(client.request().header("user-agent"), Some("page"));
/// client.close();
/// assert_eq!((io.socket_count(), io.of("/chat").socket_count()), (0, 0));
/// # assert_eq!(client.conn().session_id().len(), 20);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client(pub(crate) Arc<ClientInner>);

impl Client {
    /// The session of Engine.IO underneath.
    ///
    /// ```
    /// use madang_engineio::TransportKind;
    /// use madang_socketio::Socket;
    ///
    /// async fn connected(socket: Socket) {
    ///     if socket.client().conn().transport() == TransportKind::Polling {
    ///         println!("{} hasn't upgraded yet", socket.id());
    ///     }
    /// }
    /// # madang_socketio::SocketIo::new().ns("/", connected);
    /// ```
    pub fn conn(&self) -> &madang_engineio::Socket {
        &self.0.engine
    }

    /// The request that it came with.
    pub fn request(&self) -> Handshake {
        self.0.handshake(None)
    }

    /// Its sockets, one for each namespace.
    pub fn sockets(&self) -> Vec<Socket> {
        self.0.sockets()
    }

    /// Disconnects all of them, with the reason "server namespace disconnect", and closes the connection once that has been sent.
    pub fn close(&self) {
        for socket in self.sockets() {
            socket.disconnect(false);
        }
        let shared = &self.0.server.shared;
        // What was sent may still wait in the hub, and has to be in the session before that is closed. To count its members, the hub hands out everything.
        shared.hub.member_count(self.0.server.everyone());
        self.0.end(DisconnectReason::ForcedClose);
        self.0.engine.close(false);
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("engine", self.conn())
            .finish_non_exhaustive()
    }
}

pub(crate) struct ClientInner {
    pub(crate) server: Arc<Server>,
    pub(crate) engine: madang_engineio::Socket,
    pub(crate) shard: usize,
    request: Arc<Request>,
    extensions: Option<Box<http::Extensions>>,
    /// Of who waits for it to join a namespace; 0 once nobody does.
    ticket: AtomicU64,
    broken: AtomicBool,
    state: Mutex<State>,
}

/// What layers in front have put into the request, for handlers. The address is known otherwise.
fn extensions(request: &Parts) -> Option<Box<http::Extensions>> {
    let has_address = request.extensions.get::<ClientAddr>().is_some();
    if request.extensions.len() == usize::from(has_address) {
        return None;
    }
    let mut extensions = request.extensions.clone();
    extensions.remove::<ClientAddr>();
    Some(Box::new(extensions))
}

/// The namespaces of a client.
#[derive(Default)]
struct State {
    sockets: SmallVec<[Socket; 1]>,
    /// Most of the time, of most clients: nothing.
    passing: Option<Box<Passing>>,
    closed: bool,
}

/// Namespaces on the way in and out.
#[derive(Default)]
struct Passing {
    /// Those that it has asked for.
    entering: SmallVec<[Utf8Bytes; 1]>,
    /// Those that the server has disconnected it from: what is still on its way to them isn't the client's fault.
    left: Vec<Arc<str>>,
}

impl State {
    fn socket(&self, namespace: &str) -> Option<&Socket> {
        self.sockets
            .iter()
            .find(|socket| socket.namespace().name() == namespace)
    }

    fn enters(&mut self, namespace: Utf8Bytes) {
        let passing = self.passing.get_or_insert_default();
        passing.left.retain(|left| **left != *namespace);
        passing.entering.push(namespace);
    }

    fn no_longer_enters(&mut self, namespace: &str) {
        if let Some(passing) = &mut self.passing {
            passing.entering.retain(|name| **name != *namespace);
            if passing.entering.is_empty() && passing.left.is_empty() {
                self.passing = None;
            }
        }
    }

    fn is_entering(&self, namespace: &str) -> bool {
        let passing = self.passing.as_ref();
        passing.is_some_and(|passing| passing.entering.iter().any(|name| **name == *namespace))
    }

    /// Those that it is in, or on its way into.
    fn len(&self) -> usize {
        self.sockets.len() + self.passing.as_ref().map_or(0, |passing| passing.entering.len())
    }

    fn has_left(&self, namespace: &str) -> bool {
        let passing = self.passing.as_ref();
        passing.is_some_and(|passing| passing.left.iter().any(|left| **left == *namespace))
    }
}

/// What a session of Engine.IO is to this crate.
pub(crate) struct Connection {
    pub(crate) client: Arc<ClientInner>,
    decoder: Decoder,
}

impl Connection {
    pub(crate) fn open(server: &Arc<Server>, engine: madang_engineio::Socket, request: &Parts) -> Self {
        let shared = &server.shared;
        let address = engine.remote_addr();
        let extensions = extensions(request);
        let is_v3 = engine.protocol() == Protocol::V3;
        let client = Arc::new(ClientInner {
            server: server.clone(),
            engine,
            shard: shared.next_shard(),
            request: Arc::new(Request::new(request, address)),
            extensions,
            ticket: AtomicU64::new(0),
            broken: AtomicBool::new(false),
            state: Mutex::default(),
        });
        let ticket = server.waiting.enter(server, &client, shared.connect_timeout);
        client.ticket.store(ticket, Ordering::Release);
        if is_v3 {
            // Socket.IO 1 and 2 are in `/` without asking, if they are let in.
            client.connect("/".into(), None);
        }
        Self {
            client,
            decoder: shared.parser.decoder(shared.max_attachments),
        }
    }

    pub(crate) fn receive(&mut self, message: Message) {
        if self.client.broken.load(Ordering::Acquire) {
            return;
        }
        match self.decoder.receive(message) {
            Ok(None) => {}
            Ok(Some(packet)) => self.client.receive(&packet.namespace, packet.kind),
            Err(error) => self.client.malformed(&error),
        }
    }

    pub(crate) fn close(&self, reason: CloseReason) {
        self.client.end(reason.into());
    }
}

impl ClientInner {
    pub(crate) fn sockets(&self) -> Vec<Socket> {
        lock(&self.state).sockets.to_vec()
    }

    pub(crate) fn extensions(&self) -> http::Extensions {
        let extensions = self.extensions.as_deref();
        extensions.cloned().unwrap_or_default()
    }

    fn handshake(&self, auth: Option<Args>) -> Handshake {
        Handshake {
            request: self.request.clone(),
            auth: auth.map(Arc::new),
        }
    }

    fn receive(self: &Arc<Self>, namespace: &Utf8Bytes, packet: PacketKind) {
        let (namespace, query) = match (self.engine.protocol(), namespace.split_once('?')) {
            // Socket.IO 1 and 2 authenticate with a query.
            (Protocol::V3, Some((name, query))) => (namespace.slice_ref(name), Some(query)),
            _ => (namespace.clone(), None),
        };
        let (socket, was_there) = {
            let state = lock(&self.state);
            let socket = state.socket(&namespace).cloned();
            let was_there = socket.is_none() && state.has_left(&namespace);
            (socket, was_there)
        };
        match (socket, packet) {
            (None, PacketKind::Connect(auth)) => {
                let query = query.map(|query| {
                    let pairs = parse_query(query).into_iter();
                    let pairs: serde_json::Map<_, _> =
                        pairs.map(|(name, value)| (name, value.into())).collect();
                    Args::of(&pairs).unwrap_or_default()
                });
                self.connect(namespace, query.or_else(|| (!auth.is_empty()).then_some(auth)));
            }
            (
                Some(socket),
                packet @ (PacketKind::Event { .. } | PacketKind::Ack { .. } | PacketKind::Disconnect),
            ) => {
                socket.receive(packet);
            }
            (None, PacketKind::Event { .. } | PacketKind::Ack { .. } | PacketKind::Disconnect)
                if was_there => {}
            _ => {
                tracing::debug!(
                    namespace = &*namespace,
                    "a client speaks to a namespace that it isn't in, or asks twice"
                );
                self.violation();
            }
        }
    }

    /// The client wants into a namespace.
    fn connect(self: &Arc<Self>, namespace: Utf8Bytes, auth: Option<Args>) {
        let limit = self.server.shared.limits.namespaces_per_client;
        let is_full = {
            let mut state = lock(&self.state);
            if state.closed {
                return;
            }
            if state.is_entering(&namespace) {
                drop(state);
                return self.violation();
            }
            let is_full = state.len() >= limit;
            if !is_full {
                state.enters(namespace.clone());
            }
            is_full
        };
        if is_full {
            return self.refuse(&namespace, &ConnectError::new("too many namespaces"));
        }
        let client = self.clone();
        let handshake = self.handshake(auth);
        self.server.shared.run(Box::pin(async move {
            let admitted = client.admit(&namespace, handshake).await;
            match admitted {
                Ok((socket, entrance)) => {
                    let entered = client.enter(&namespace, &socket);
                    drop(entrance);
                    if entered {
                        socket.connect().await;
                    } else {
                        socket.lose();
                        client.server.clean_up(socket.namespace());
                    }
                }
                Err((error, place)) => {
                    let was_open = client.no_longer_enters(&namespace);
                    if let Some(place) = place {
                        client.server.clean_up(&place);
                    }
                    if was_open {
                        client.refuse(&namespace, &error);
                    }
                }
            }
        }));
    }

    /// Finds the namespace and asks its middlewares. The namespace stays while the entrance does: until the socket is in it.
    async fn admit(
        self: &Arc<Self>,
        name: &str,
        handshake: Handshake,
    ) -> Result<(Socket, Entrance), (ConnectError, Option<Namespace>)> {
        let Some(entrance) = self.server.entrance(name, &handshake).await else {
            return Err((ConnectError::new("Invalid namespace"), None));
        };
        let namespace = entrance.namespace();
        let restored = restore(namespace, self, &handshake);
        let shared = &self.server.shared;
        let skip = restored.is_some()
            && shared
                .recovery
                .as_ref()
                .is_some_and(|recovery| recovery.skip_middlewares);
        let socket = restored.unwrap_or_else(|| Socket::new(namespace, self, handshake));
        if !skip {
            let middlewares = lock(&namespace.inner.hooks).middlewares.clone();
            for middleware in middlewares {
                let context = ConnectContext {
                    socket: socket.clone(),
                };
                if let Err(error) = middleware(context).await {
                    socket.discard();
                    return Err((error, Some(namespace.clone())));
                }
            }
        }
        Ok((socket, entrance))
    }

    /// Whether it is still there to be let in.
    fn enter(&self, namespace: &str, socket: &Socket) -> bool {
        let events = {
            let mut state = lock(&self.state);
            state.no_longer_enters(namespace);
            if state.closed {
                return false;
            }
            state.sockets.push(socket.clone());
            socket.welcome()
        };
        self.stop_waiting();
        socket.namespace().announce(&events);
        true
    }

    fn no_longer_enters(&self, namespace: &str) -> bool {
        let mut state = lock(&self.state);
        state.no_longer_enters(namespace);
        !state.closed
    }

    fn refuse(&self, namespace: &str, error: &ConnectError) {
        let parser = self.server.shared.parser;
        let messages = match (self.engine.protocol(), error.data()) {
            (Protocol::V4, _) => parser.connect_error(namespace, error),
            // For Socket.IO 1 and 2, whatever there is to say; but an object if there is no such namespace.
            (Protocol::V3, Some(data)) => parser.connect_error(namespace, data),
            (Protocol::V3, None) if error.message() == "Invalid namespace" => {
                parser.connect_error(namespace, error)
            }
            (Protocol::V3, None) => parser.connect_error(namespace, error.message()),
        };
        match messages {
            Ok(messages) => self.send(messages),
            Err(error) => tracing::error!(%error, "a connect_error can't be encoded"),
        }
    }

    fn send(&self, messages: Messages) {
        for message in messages {
            self.engine.send(message);
        }
    }

    /// A socket has left.
    pub(crate) fn forget(&self, socket: &Socket) {
        let limit = self.server.shared.limits.namespaces_per_client;
        let mut state = lock(&self.state);
        let before = state.sockets.len();
        state.sockets.retain(|known| known != socket);
        if state.sockets.len() < before {
            let left = &mut state.passing.get_or_insert_default().left;
            if left.len() < limit {
                left.push(socket.namespace().inner.name.clone());
            }
        }
    }

    /// What it sent isn't a packet: everyone is told, and the connection ends.
    fn malformed(&self, error: &DecodeError) {
        tracing::debug!(%error, code = error.code(), "a client sent something that isn't a packet");
        self.broken.store(true, Ordering::Release);
        let error: Arc<str> = error.to_string().into();
        for socket in self.sockets() {
            socket.raise(&error);
        }
        self.engine.close(false);
    }

    /// It sent what it mustn't.
    fn violation(&self) {
        self.broken.store(true, Ordering::Release);
        self.end(DisconnectReason::ForcedServerClose);
        self.engine.close(false);
    }

    /// It took too long to get anywhere.
    pub(crate) fn expire(&self) {
        if lock(&self.state).sockets.is_empty() {
            tracing::debug!("a client has joined no namespace in time");
            self.violation();
        }
    }

    pub(crate) fn end(&self, reason: DisconnectReason) {
        let sockets = {
            let mut state = lock(&self.state);
            state.closed = true;
            std::mem::take(&mut state.sockets)
        };
        self.stop_waiting();
        for socket in sockets {
            socket.close(reason);
        }
    }

    fn stop_waiting(&self) {
        match self.ticket.swap(0, Ordering::AcqRel) {
            0 => {}
            ticket => self.server.waiting.leave(ticket),
        }
    }
}
