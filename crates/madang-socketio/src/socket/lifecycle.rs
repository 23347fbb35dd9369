//! How a socket comes and goes.

use super::{Extensions, Inner, Listeners, Phase, Recoverable, Socket, State};
use crate::broadcast::Flags;
use crate::client::ClientInner;
use crate::context::{ConnectContext, DisconnectContext};
use crate::event::Packet;
use crate::id::Fresh;
use crate::proto::{Acks, Encode as _};
use crate::recovery::{Missed, Was, remember};
use crate::rooms::{RoomEvents, Table};
use crate::shared::{lock, now};
use crate::{DisconnectReason, Handshake, Namespace};
use futures_util::future::join_all;
use madang_engineio::Protocol;
use madang_hub::RoomName;
use serde::Serialize;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

/// What CONNECT is answered with.
#[derive(Serialize)]
struct Welcome<'a> {
    sid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<&'a str>,
}

impl Socket {
    /// One that nobody knows yet.
    pub(crate) fn new(namespace: &Namespace, client: &Arc<ClientInner>, handshake: Handshake) -> Self {
        Self::make(namespace, client, handshake, None)
    }

    fn make(
        namespace: &Namespace,
        client: &Arc<ClientInner>,
        handshake: Handshake,
        was: Option<(Box<str>, Was)>,
    ) -> Self {
        let shared = &namespace.inner.shared;
        let Fresh { id, pid, session } = Fresh::draw();
        let recovered = was.is_some();
        let is_v3 = client.engine.protocol() == Protocol::V3;
        let id = match (is_v3, namespace.name()) {
            (false, _) => id,
            (true, "/") => client.engine.session_id().into(),
            (true, name) => format!("{name}#{}", client.engine.session_id()).into(),
        };
        let (id, pid, position, data, extensions, session) = match was {
            None => (id, pid, None, None, client.extensions(), session),
            Some((pid, was)) => {
                let (data, extensions) = (was.data, was.extensions);
                (was.id, pid, Some(was.position), data, extensions, was.session)
            }
        };
        let recoverable = (namespace.inner.memory.is_some() && !is_v3).then(|| {
            let position = Mutex::new(position);
            Box::new(Recoverable { pid, position })
        });
        let membership = shared
            .hub
            .enter_shard(client.shard, session, client.engine.recipient());
        Self {
            inner: Arc::new(Inner {
                id,
                namespace: namespace.clone(),
                client: client.clone(),
                member: membership.id(),
                session,
                handshake,
                recoverable,
                recovered,
                state: AtomicU8::new(State::Entering as u8),
                phase: AtomicU8::new(Phase::Running as u8),
                acks: Mutex::new(Acks::new(shared.limits.pending_acks)),
                place: Mutex::new(Some(membership)),
                listeners: Mutex::new(Listeners::default()),
                ended: OnceLock::new(),
                data: Mutex::new(data),
                extensions: Extensions::new(extensions),
            }),
        }
    }

    /// One that was here before, with what it has missed. The namespace's memory is locked, so that it misses nothing more.
    pub(crate) fn restored(
        namespace: &Namespace,
        client: &Arc<ClientInner>,
        handshake: Handshake,
        pid: &str,
        mut was: Was,
        missed: Missed,
    ) -> (Self, RoomEvents) {
        let rooms = std::mem::take(&mut was.rooms);
        let socket = Self::make(namespace, client, handshake, Some((pid.into(), was)));
        let hub = &namespace.inner.shared.hub;
        for publication in missed {
            hub.send(socket.inner.member, publication);
        }
        let mut events = Vec::new();
        {
            let mut table = lock(&namespace.inner.table);
            socket.join_everyone();
            table.insert(socket.clone(), &mut events);
        }
        // It was in them before, unless other limits hold now.
        if let Err(error) = socket.join_quietly(&rooms, &mut events) {
            tracing::error!(%error, "a socket that came back can't join its rooms");
        }
        (socket, events)
    }

    /// Lets it in: it is told, and is somebody from here on. The client's lock is held, hence what happened to rooms is announced by the caller.
    #[must_use]
    pub(crate) fn welcome(&self) -> RoomEvents {
        let inner = &*self.inner;
        let namespace = &inner.namespace;
        let memory = namespace.inner.memory.as_ref().map(lock);
        if let (Some(recoverable), Some(memory)) = (&inner.recoverable, &memory) {
            lock(&recoverable.position).get_or_insert_with(|| memory.position());
        }
        let welcome = Welcome {
            sid: &inner.id,
            pid: inner.recoverable.as_ref().map(|recoverable| &*recoverable.pid),
        };
        // Socket.IO 2.x and before is told no id.
        let body = (inner.client.engine.protocol() == Protocol::V4).then_some(&welcome);
        let answer = self.shared().parser.connect(namespace.name(), body);
        match answer {
            Ok(messages) => {
                let publication = Packet::of(messages).publication(&Flags::default());
                self.shared().hub.send(inner.member, publication);
            }
            Err(error) => tracing::error!(%error, "two strings can't be encoded"),
        }
        self.change(State::Entering, State::Connected);
        let mut events = Vec::new();
        {
            let mut table = lock(&namespace.inner.table);
            self.join_everyone();
            table.insert(self.clone(), &mut events);
            for room in table.take_early(&inner.id) {
                self.join_early(&room, &mut table, &mut events);
            }
        }
        drop(memory);
        events
    }

    fn join_everyone(&self) {
        let everyone = self.inner.namespace.inner.names.everyone();
        if let Some(membership) = &*lock(&self.inner.place) {
            if let Err(error) = membership.join(everyone) {
                tracing::error!(%error, "a socket can't be where everyone is");
            }
        }
    }

    /// Joins a room that a middleware has let it join.
    fn join_early(&self, room: &RoomName, table: &mut Table, events: &mut RoomEvents) {
        let joined = lock(&self.inner.place)
            .as_ref()
            .map(|membership| membership.join(room));
        if let Some(Err(error)) = joined {
            tracing::error!(%error, "a socket can't be in a room that it has joined on its way in");
            table.leave(&self.inner.id, room, &self.inner.namespace.inner.names, events);
        }
    }

    /// Calls those who wait for connections; afterwards what has come meanwhile has its turn.
    pub(crate) async fn connect(&self) {
        let handlers = lock(&self.inner.namespace.inner.hooks).connected.clone();
        let started = handlers
            .into_iter()
            .map(|handler| handler.start(ConnectContext { socket: self.clone() }));
        // Each is polled in its turn, up to its first await.
        join_all(started).await;
        self.drain();
    }

    /// One that isn't let in.
    pub(crate) fn discard(&self) {
        if self.change(State::Entering, State::Gone) {
            self.forget();
        }
    }

    /// One whose client has gone on its way in. If it was coming back, it may try again.
    pub(crate) fn lose(&self) {
        if self.inner.recovered {
            self.persist();
        }
        self.discard();
    }

    /// Ends it, once.
    pub(crate) fn close(&self, reason: DisconnectReason) {
        if self.change(State::Connected, State::Leaving) {
            self.go(reason);
        }
    }

    /// Whoever has changed it to leaving sees to its end.
    pub(super) fn go(&self, reason: DisconnectReason) {
        let context = DisconnectContext {
            socket: self.clone(),
            reason,
        };
        let disconnecting = lock(&self.inner.listeners).disconnecting();
        for callback in disconnecting {
            self.shared().run(callback.start(context.clone()));
        }
        if reason.is_recoverable() {
            self.persist();
        }
        self.inner.client.forget(self);
        let _ = self.inner.ended.set(reason);
        self.change(State::Leaving, State::Gone);
        let disconnect = lock(&self.inner.listeners).disconnect();
        self.forget();
        for callback in disconnect {
            self.shared().run(callback.start(context.clone()));
        }
        if let Some(server) = self.inner.namespace.inner.server.upgrade() {
            server.clean_up(&self.inner.namespace);
        }
    }

    /// Keeps what it is, for when it comes back.
    fn persist(&self) {
        let inner = &*self.inner;
        let (Some(memory), Some(recoverable)) = (&inner.namespace.inner.memory, &inner.recoverable) else {
            return;
        };
        let Some(position) = *lock(&recoverable.position) else {
            return;
        };
        let was = Was {
            id: inner.id.clone(),
            session: inner.session,
            // Without its own, which it will have anyway.
            rooms: self.rooms().split_off(1),
            data: self.datum(),
            extensions: inner.extensions.all(),
            position,
        };
        remember(memory, |memory| {
            memory.persist(&recoverable.pid, was, position, now());
        });
    }

    /// Leaves everything, and lets go of whatever may hold it.
    fn forget(&self) {
        let namespace = &self.inner.namespace;
        let mut events = Vec::new();
        {
            let mut table = lock(&namespace.inner.table);
            if let Some(membership) = lock(&self.inner.place).take() {
                let mut rooms = membership.rooms();
                rooms.append(&mut table.take_early(&self.inner.id));
                table.remove(self, &namespace.inner.names, &rooms, &mut events);
            }
        }
        namespace.announce(&events);
        let waiting = lock(&self.inner.acks).drain();
        drop(waiting);
        let listeners = std::mem::take(&mut *lock(&self.inner.listeners));
        self.fewer_outgoing(listeners.any_outgoing());
        drop(listeners);
        // What a handler that still waits adds from now on would never be called.
        self.inner.phase.store(Phase::Done as u8, Ordering::Release);
    }

    pub(crate) fn send_disconnect(&self) {
        let messages = self.shared().parser.disconnect(self.inner.namespace.name());
        let publication = Packet::of(messages).publication(&Flags::default());
        self.shared().hub.send(self.inner.member, publication);
    }
}
