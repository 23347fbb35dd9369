//! What arrives at a socket.

use super::Socket;
use super::listeners::Callbacks;
use crate::ack::Asked;
use crate::context::{ErrorContext, EventContext};
use crate::proto::{Args, PacketKind};
use crate::shared::lock;
use crate::{DisconnectReason, Failure};
use madang_ws::Utf8Bytes;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// How far the handler of the connection is.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Phase {
    /// It runs: events that nobody listens to yet are held.
    Running,
    /// It has finished, and what was held is being handled: whatever comes has to wait for that.
    Draining,
    Done,
}

impl Socket {
    /// A packet of the client's, neither the first nor a refusal.
    pub(crate) fn receive(&self, packet: PacketKind) {
        match packet {
            PacketKind::Event { name, args, id } => self.receive_event(EventContext {
                socket: self.clone(),
                name,
                args,
                id: id.map(Asked::new),
            }),
            PacketKind::Ack { id, args } => self.receive_ack(id, args),
            PacketKind::Disconnect => self.close(DisconnectReason::ClientNamespaceDisconnect),
            PacketKind::Connect(_) | PacketKind::ConnectError(_) => {}
        }
    }

    fn receive_event(&self, event: EventContext) {
        if self.inner.phase.load(Ordering::Acquire) != Phase::Done as u8 {
            let mut listeners = lock(&self.inner.listeners);
            let phase = self.inner.phase.load(Ordering::Acquire);
            let waits = phase == Phase::Draining as u8
                || phase == Phase::Running as u8
                    && (!listeners.listens(&event.name) || listeners.holds(&event.name));
            if waits {
                let limit = self.shared().limits.held_events;
                let is_held = listeners.hold(&event, limit);
                drop(listeners);
                if !is_held {
                    tracing::warn!(
                        event = &*event.name,
                        limit,
                        "dropped: too many events are held until the connection is handled"
                    );
                }
                return;
            }
        }
        self.dispatch(event);
    }

    /// The handler of the connection has finished: whatever was held has its turn.
    pub(crate) fn drain(&self) {
        let phase = &self.inner.phase;
        loop {
            let mut listeners = lock(&self.inner.listeners);
            let Some(event) = listeners.next_held() else {
                phase.store(Phase::Done as u8, Ordering::Release);
                return;
            };
            phase.store(Phase::Draining as u8, Ordering::Release);
            drop(listeners);
            self.dispatch(event);
        }
    }

    fn dispatch(&self, event: EventContext) {
        let mut listeners = lock(&self.inner.listeners);
        let Some(middlewares) = listeners.middlewares() else {
            let callbacks = listeners.take(&event.name);
            drop(listeners);
            return self.call(callbacks, event);
        };
        drop(listeners);
        let socket = self.clone();
        self.shared().run(Box::pin(async move {
            for middleware in middlewares {
                if let Err(error) = middleware(event.clone()).await {
                    return socket.raise(&error);
                }
            }
            // It may have gone meanwhile.
            if socket.connected() {
                let callbacks = lock(&socket.inner.listeners).take(&event.name);
                socket.call(callbacks, event);
            }
        }));
    }

    fn call(&self, callbacks: Callbacks, event: EventContext) {
        let mut callbacks = callbacks.into_iter();
        let Some(last) = callbacks.next_back() else {
            return;
        };
        for callback in callbacks {
            self.shared().run(callback.start(event.clone()));
        }
        self.shared().run(last.start(event));
    }

    /// Something went wrong: whoever listens is told.
    pub(crate) fn raise(&self, error: &Arc<str>) {
        let callbacks = lock(&self.inner.listeners).error();
        if callbacks.is_empty() {
            tracing::debug!(socket = self.id(), %error, "nobody listens to an error of a socket");
        }
        for callback in callbacks {
            self.shared().run(callback.start(ErrorContext {
                socket: self.clone(),
                error: error.clone(),
            }));
        }
    }

    /// Tells those who listen to what is sent.
    pub(crate) fn overhear(&self, event: &str, args: &Args) {
        let callbacks = lock(&self.inner.listeners).outgoing();
        for callback in callbacks {
            self.shared().run(callback.start(EventContext {
                socket: self.clone(),
                name: Utf8Bytes::from(event),
                args: args.clone(),
                id: None,
            }));
        }
    }

    fn receive_ack(&self, id: u64, args: Args) {
        let waiter = lock(&self.inner.acks).take(id);
        if let Some(waiter) = waiter {
            // Nobody may wait for it any more.
            let _ = waiter.send(args);
            return;
        }
        let mut collectors = lock(&self.inner.namespace.inner.collectors);
        let Some(collector) = collectors.get_mut(&id) else {
            return;
        };
        if !collector.pending.remove(&self.inner.id) {
            return;
        }
        if collector.pending.is_empty() {
            collector.done = None;
        }
        match collector.forward.clone() {
            None => collector.responses.args.push(args),
            Some(forward) => {
                drop(collectors);
                forward(args);
            }
        }
    }
}

impl From<Failure> for Arc<str> {
    fn from(failure: Failure) -> Self {
        failure.0
    }
}
