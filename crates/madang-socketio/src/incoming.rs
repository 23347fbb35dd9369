//! What other servers of the cluster ask for, done here.

use crate::ack::Ack;
use crate::adapter::{ClusterAudience, ClusterBody, ClusterEvent, ClusterMessage};
use crate::context::ServerContext;
use crate::proto::{Args, Arguments, Value};
use crate::registry::Server;
use crate::remote::SocketDetails;
use crate::{BroadcastOperator, Namespace};
use madang_ws::Utf8Bytes;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// A message of another server.
pub(crate) struct Incoming<'a> {
    pub(crate) server: &'a Arc<Server>,
    pub(crate) from: u64,
}

impl Incoming<'_> {
    pub(crate) fn receive(&self, namespace: &str, body: ClusterBody) {
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
        if let Some(key) = &event.key {
            operator = operator.key(key.as_str());
        }
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
