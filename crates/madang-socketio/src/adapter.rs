//! Several servers as one: what they tell each other, whatever the way.

use crate::ack::{Ack, Responses};
use crate::broadcast::{DEFAULT_TIMEOUT, Flags};
use crate::context::ServerContext;
use crate::error::EmitError;
use crate::proto::{Args, Arguments, Value};
use crate::remote::{RemoteSocket, SocketDetails};
use crate::requests::{Answers, Pending};
use crate::rooms::Audience;
use crate::server::Server;
use crate::{BroadcastOperator, Namespace};
use madang_hub::SessionId;
use madang_ws::{Message, Utf8Bytes};
use serde::Serialize;
use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::oneshot;

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

/// A message of another server.
struct Incoming<'a> {
    server: &'a Arc<Server>,
    from: u64,
}

impl Incoming<'_> {
    fn receive(&self, namespace: &str, body: ClusterBody) {
        let requests = &self.server.shared.requests;
        match body {
            ClusterBody::Sockets { request, sockets } => requests.sockets(request, sockets),
            ClusterBody::ClientCount { request, count } => requests.client_count(request, count),
            ClusterBody::Ack { request, args } => requests.ack(request, args),
            ClusterBody::Answer { request, args } => requests.answer(request, args),
            body => self.ask(namespace, body),
        }
    }

    fn ask(&self, name: &str, body: ClusterBody) {
        let Some(namespace) = self.server.namespace(name) else {
            return self.has_nobody(name, &body);
        };
        let operator =
            |audience: ClusterAudience| BroadcastOperator::new(&namespace, audience.into()).local();
        match body {
            ClusterBody::Broadcast { audience, event, ask } => {
                self.broadcast(&namespace, operator(audience), &event, ask);
            }
            ClusterBody::SocketsJoin { audience, rooms } => operator(audience).sockets_join(rooms),
            ClusterBody::SocketsLeave { audience, rooms } => operator(audience).sockets_leave(rooms),
            ClusterBody::DisconnectSockets { audience, close } => {
                operator(audience).disconnect_sockets(close);
            }
            ClusterBody::FetchSockets { request, audience } => {
                let sockets = namespace.select(&audience.into());
                let sockets = sockets.iter().map(SocketDetails::of).collect();
                self.answer(name, ClusterBody::Sockets { request, sockets });
            }
            ClusterBody::ServerSideEmit { name, args, request } => {
                self.server_side_emit(&namespace, &name, &args, request);
            }
            ClusterBody::Sockets { .. }
            | ClusterBody::ClientCount { .. }
            | ClusterBody::Ack { .. }
            | ClusterBody::Answer { .. } => {}
        }
    }

    /// Nobody can be in a namespace that there isn't, but whoever asks waits.
    fn has_nobody(&self, name: &str, body: &ClusterBody) {
        match *body {
            ClusterBody::FetchSockets { request, .. } => {
                let sockets = Vec::new();
                self.answer(name, ClusterBody::Sockets { request, sockets });
            }
            ClusterBody::Broadcast {
                ask: Some((request, _)),
                ..
            } => self.answer(name, ClusterBody::ClientCount { request, count: 0 }),
            _ => {}
        }
    }

    fn answer(&self, namespace: &str, body: ClusterBody) {
        answer(self.server, self.from, namespace, body);
    }

    fn broadcast(
        &self,
        namespace: &Namespace,
        operator: BroadcastOperator,
        event: &ClusterEvent,
        ask: Option<(u64, Duration)>,
    ) {
        let mut operator = operator.compress(event.compress);
        if event.volatile {
            operator = operator.volatile();
        }
        let args: Arguments<Value> = match event.args.read() {
            Ok(args) => args,
            Err(error) => {
                return tracing::error!(event = &*event.name, %error, "another server sent no arguments");
            }
        };
        let sent = match ask {
            None => namespace.event(&event.name, &args).map(|local| {
                operator.publish(&match &event.frame {
                    Some(frame) => local.with_frame(frame.clone()),
                    None => local,
                });
            }),
            Some((request, timeout)) => {
                let (server, from, name) = (self.server.clone(), self.from, namespace.inner.name.clone());
                let forward = move |body| answer(&server, from, &name, body);
                let acks = forward.clone();
                let ack = move |args| acks(ClusterBody::Ack { request, args });
                operator
                    .collect(&event.name, &args, Some(Arc::new(ack)), |count| {
                        forward(ClusterBody::ClientCount { request, count });
                    })
                    .map(|collecting| {
                        self.server.shared.spawn(async move {
                            collecting.finish(timeout).await;
                        });
                    })
            }
        };
        if let Err(error) = sent {
            tracing::error!(event = &*event.name, %error, "what another server sent can't be sent on");
        }
    }

    fn server_side_emit(&self, namespace: &Namespace, event: &str, args: &Args, request: Option<u64>) {
        let shared = &self.server.shared;
        let ack = match request {
            None => Ack::of_server(None),
            Some(request) => {
                let (sender, answered) = oneshot::channel();
                let (server, from, name) = (self.server.clone(), self.from, namespace.inner.name.clone());
                shared.spawn(async move {
                    if let Ok(args) = answered.await {
                        answer(&server, from, &name, ClusterBody::Answer { request, args });
                    }
                });
                Ack::of_server(Some(sender))
            }
        };
        for listener in namespace.listeners(event) {
            shared.run(listener.start(ServerContext {
                namespace: namespace.clone(),
                name: Utf8Bytes::from(event),
                args: args.clone(),
                ack: ack.clone(),
            }));
        }
    }
}

fn answer(server: &Server, to: u64, namespace: &str, body: ClusterBody) {
    if let Some(adapter) = &server.shared.adapter {
        adapter.send(ClusterMessage {
            from: server.shared.requests.uid(),
            to: Some(to),
            namespace: namespace.into(),
            body,
        });
    }
}

/// A namespace, on all the other servers.
pub(crate) struct Everywhere<'a>(pub(crate) &'a Namespace);

impl Everywhere<'_> {
    fn send(&self, body: ClusterBody) {
        let inner = &self.0.inner;
        if let Some(adapter) = &inner.shared.adapter {
            adapter.send(ClusterMessage {
                from: inner.shared.requests.uid(),
                to: None,
                namespace: inner.name.clone(),
                body,
            });
        }
    }

    fn others(&self) -> usize {
        let adapter = self.0.inner.shared.adapter.as_ref();
        adapter.map_or(0, |adapter| adapter.server_count().saturating_sub(1))
    }

    fn request(&self, answers: Answers) -> Result<Pending, RequestError> {
        let shared = &self.0.inner.shared;
        let limit = shared.limits.pending_requests;
        Pending::new(shared, answers, limit).ok_or(RequestError::TooMany(limit))
    }

    pub(crate) fn broadcast(
        &self,
        audience: &Audience,
        flags: Flags,
        name: &str,
        args: Args,
        frame: Option<Message>,
    ) {
        self.send(ClusterBody::Broadcast {
            audience: audience.into(),
            event: event(flags, name, args, frame),
            ask: None,
        });
    }

    pub(crate) fn broadcast_with_ack(
        &self,
        audience: &Audience,
        flags: Flags,
        name: &str,
        args: Args,
        timeout: Duration,
    ) -> Result<impl Future<Output = Responses> + Send + 'static + use<>, EmitError> {
        let answers = Answers::Acks {
            uncounted: self.others(),
            responses: Responses::default(),
        };
        let pending = self.request(answers);
        let pending =
            pending.map_err(|_| EmitError::TooManyAcks(self.0.inner.shared.limits.pending_requests))?;
        self.send(ClusterBody::Broadcast {
            audience: audience.into(),
            event: event(flags, name, args, None),
            ask: Some((pending.id(), timeout)),
        });
        Ok(async move {
            match pending.finish(timeout).await {
                Some(Answers::Acks {
                    uncounted,
                    mut responses,
                }) => {
                    // Whoever hasn't even counted its clients has at least one who hasn't answered, as far as anybody knows.
                    responses.expected += uncounted;
                    responses
                }
                _ => Responses::default(),
            }
        })
    }

    pub(crate) fn fetch_sockets(
        &self,
        audience: &Audience,
        timeout: Duration,
    ) -> Result<
        impl Future<Output = Result<Vec<RemoteSocket>, RequestError>> + Send + 'static + use<>,
        RequestError,
    > {
        let expected = self.others();
        let pending = self.request(Answers::Sockets {
            missing: expected,
            sockets: Vec::new(),
        })?;
        self.send(ClusterBody::FetchSockets {
            request: pending.id(),
            audience: audience.into(),
        });
        let namespace = self.0.clone();
        Ok(async move {
            match pending.finish(timeout).await {
                Some(Answers::Sockets { missing: 0, sockets }) => Ok(sockets
                    .into_iter()
                    .map(|details| RemoteSocket::new(details, &namespace))
                    .collect()),
                Some(Answers::Sockets { missing, .. }) => Err(RequestError::TimedOut {
                    answered: expected - missing,
                    expected,
                }),
                _ => Ok(Vec::new()),
            }
        })
    }

    pub(crate) fn sockets_join(&self, audience: &Audience, rooms: Vec<Arc<str>>) {
        let audience = audience.into();
        self.send(ClusterBody::SocketsJoin { audience, rooms });
    }

    pub(crate) fn sockets_leave(&self, audience: &Audience, rooms: Vec<Arc<str>>) {
        let audience = audience.into();
        self.send(ClusterBody::SocketsLeave { audience, rooms });
    }

    pub(crate) fn disconnect_sockets(&self, audience: &Audience, close: bool) {
        let audience = audience.into();
        self.send(ClusterBody::DisconnectSockets { audience, close });
    }

    pub(crate) fn server_side_emit<T: Serialize + ?Sized>(
        &self,
        event: &str,
        args: &T,
    ) -> Result<(), EmitError> {
        check(event)?;
        self.send(ClusterBody::ServerSideEmit {
            name: event.into(),
            args: Args::of(args)?,
            request: None,
        });
        Ok(())
    }

    pub(crate) fn server_side_emit_with_ack<T: Serialize + ?Sized>(
        &self,
        event: &str,
        args: &T,
    ) -> Result<impl Future<Output = Responses> + Send + 'static + use<T>, EmitError> {
        check(event)?;
        let args = Args::of(args)?;
        let expected = self.others();
        let pending = self.request(Answers::Servers {
            responses: Responses {
                expected,
                args: Vec::new(),
            },
        });
        let pending =
            pending.map_err(|_| EmitError::TooManyAcks(self.0.inner.shared.limits.pending_requests))?;
        self.send(ClusterBody::ServerSideEmit {
            name: event.into(),
            args,
            request: Some(pending.id()),
        });
        Ok(async move {
            match pending.finish(DEFAULT_TIMEOUT).await {
                Some(Answers::Servers { responses }) => responses,
                _ => Responses::default(),
            }
        })
    }
}

/// Names that servers have for events of their own.
fn check(event: &str) -> Result<(), EmitError> {
    match event {
        "connect" | "connection" | "new_namespace" => Err(EmitError::Reserved(event.into())),
        _ => Ok(()),
    }
}

fn event(flags: Flags, name: &str, args: Args, frame: Option<Message>) -> ClusterEvent {
    ClusterEvent {
        name: name.into(),
        args,
        frame,
        volatile: flags.volatile,
        compress: flags.compress,
    }
}
