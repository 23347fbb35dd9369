//! What other servers of the cluster are asked for.

use crate::Namespace;
use crate::ack::Responses;
use crate::adapter::{ClusterBody, ClusterEvent, ClusterMessage, RequestError};
use crate::broadcast::{DEFAULT_TIMEOUT, Flags};
use crate::error::EmitError;
use crate::proto::Args;
use crate::remote::RemoteSocket;
use crate::requests::{Answers, Pending};
use crate::rooms::Audience;
use madang_ws::Message;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;

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
        flags: &Flags,
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
        flags: &Flags,
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

fn event(flags: &Flags, name: &str, args: Args, frame: Option<Message>) -> ClusterEvent {
    ClusterEvent {
        name: name.into(),
        args,
        frame,
        key: flags.key().cloned(),
        volatile: flags.volatile,
        compress: flags.compress,
    }
}
