//! The chat's rooms on the hub and the store: order, presence, history. Whoever is in a room gets the same publications, in the form of the
//! connection they have.
//!
//! A room exists here while somebody is in it. Two locks keep its order: `turn` lets one message at a time be stored
//! and published, so messages are published in the order of their numbers; `state` makes stepping in exact, so that a
//! welcome's `last_seq` and what follows it have neither a hole nor an overlap.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use madang_hub::{Hub, Publication, RoomName, SessionId};
use madang_socketio::Namespace;
use madang_ws::Message as WsMessage;
use smallvec::SmallVec;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use super::history::shorten;
use super::seat::{Seat, hub_session};
use crate::chat::{
    ClientId, Event, HISTORY_LIMIT, Message, Name, Position, Presence, Range, Room, Session, Text, Written,
};
use crate::store::{Appended, Draft, Store, StoreError, StoredMessage};

/// Every room that somebody is in.
#[derive(Debug)]
pub(super) struct Rooms {
    wire: Wire,
    store: Store,
    stop: CancellationToken,
    open: Arc<Mutex<HashMap<Room, Weak<OpenRoom>>>>,
}

/// What events go out by.
#[derive(Clone, Debug)]
pub(super) struct Wire {
    pub(super) hub: Hub,
    /// Where the sockets of Socket.IO are, whose rooms are the hub's.
    pub(super) namespace: Namespace,
}

/// One room.
#[derive(Debug)]
pub(super) struct OpenRoom {
    name: Room,
    /// The hub's name of it.
    address: RoomName,
    wire: Wire,
    store: Store,
    stop: CancellationToken,
    turn: tokio::sync::Mutex<()>,
    state: Mutex<State>,
    /// Set when `last_seq` has been read from the store.
    ready: OnceCell<()>,
    open: Arc<Mutex<HashMap<Room, Weak<Self>>>>,
}

#[derive(Debug, Default)]
struct State {
    presence: Presence,
    /// Number of the newest message that was published, or was there when the room opened.
    last_seq: i64,
    /// Whether a task ends the leases of `presence`.
    timed: bool,
    /// The sockets of Socket.IO that are here, by the session of the chat.
    sockets: Sockets,
}

type Sockets = HashMap<u128, SmallVec<[SessionId; 1]>>;

/// Somebody in a room. Dropped, they are lost: the connection broke off, and whoever returns soon was never away.
#[derive(Debug)]
pub(super) struct Guest {
    room: Arc<OpenRoom>,
    name: Name,
    session: Session,
    seat: Seat,
    goodbye: bool,
}

impl Rooms {
    pub(super) fn new(wire: Wire, store: Store, stop: CancellationToken) -> Self {
        Self {
            wire,
            store,
            stop,
            open: Arc::default(),
        }
    }

    /// Where they are.
    pub(super) fn hub(&self) -> &Hub {
        &self.wire.hub
    }

    /// Steps in: from now on the room's events reach the seat. The welcome, which comes first, is handed to `welcome`.
    ///
    /// # Errors
    /// The store cannot say where the room stands; nothing has happened.
    pub(super) async fn join(
        &self,
        room: &Room,
        name: Name,
        session: Session,
        seat: Seat,
        welcome: impl FnOnce(&Seat, Written),
    ) -> Result<Guest, StoreError> {
        let room = self.open(room);
        room.ready
            .get_or_try_init(|| async {
                let last_seq = room.store.last_seq(room.name.as_str()).await?;
                room.state().last_seq = last_seq;
                Ok::<_, StoreError>(())
            })
            .await?;
        {
            let mut state = room.state();
            seat.join(&room.address);
            if let Some(socket) = seat.other_session() {
                state.sockets.entry(session.as_u128()).or_default().push(socket);
            }
            let state = &mut *state;
            if let Some(joined) = state.presence.join(&name) {
                room.publish_except(session, &state.sockets, &joined);
            }
            let event = Event::Welcome {
                room: room.name.as_str(),
                name: name.as_str(),
                session: session.to_string(),
                last_seq: state.last_seq,
                members: state.presence.list(&name),
            };
            welcome(&seat, event.write());
        }
        Ok(Guest {
            room,
            name,
            session,
            seat,
            goodbye: false,
        })
    }

    fn open(&self, name: &Room) -> Arc<OpenRoom> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(room) = open.get(name).and_then(Weak::upgrade) {
            return room;
        }
        let room = Arc::new(OpenRoom {
            name: name.clone(),
            address: address(name),
            wire: self.wire.clone(),
            store: self.store.clone(),
            stop: self.stop.clone(),
            turn: tokio::sync::Mutex::default(),
            state: Mutex::default(),
            ready: OnceCell::new(),
            open: self.open.clone(),
        });
        open.insert(name.clone(), Arc::downgrade(&room));
        room
    }
}

impl Guest {
    /// Stores a message and publishes it to the others.
    ///
    /// # Errors
    /// The store failed. The message may be there all the same; sending it again, with its id, is safe.
    pub(super) async fn send(&self, client_id: &ClientId, text: Text) -> Result<Appended, StoreError> {
        let room = &self.room;
        let draft = Draft {
            room: room.name.as_str().to_owned(),
            author: self.name.as_str().to_owned(),
            client_id: client_id.as_str().to_owned(),
            text: text.into_string(),
            at: now(),
        };
        let _turn = room.turn.lock().await;
        let appended = room.store.append(&draft).await?;
        room.publish_missed(appended.seq).await?;
        let state = &mut *room.state();
        if appended.seq > state.last_seq {
            state.last_seq = appended.seq;
            if let Some(stopped) = state.presence.typing(&self.name, false, Instant::now()) {
                room.publish_except(self.session, &state.sockets, &stopped);
            }
            let message = Message {
                seq: appended.seq,
                author: &draft.author,
                client_id: &draft.client_id,
                text: &draft.text,
                at: appended.at,
            };
            room.publish_except(self.session, &state.sockets, &Event::Message(message));
        }
        Ok(appended)
    }

    /// Reads a part of the history.
    ///
    /// # Errors
    /// The store failed.
    pub(super) async fn history(&self, range: Range) -> Result<Written, StoreError> {
        let (store, room) = (&self.room.store, self.room.name.as_str());
        let (mut page, after, before) = match range.position {
            Position::Newest => (store.newest(room, range.limit).await?, None, None),
            Position::After(seq) => (store.after(room, seq, range.limit).await?, Some(seq), None),
            Position::Before(seq) => (store.before(room, seq, range.limit).await?, None, Some(seq)),
        };
        shorten(&mut page, after.is_none());
        let messages = page.messages.iter().map(message).collect();
        Ok(Event::History {
            messages,
            after,
            before,
            more: page.more,
        }
        .write())
    }

    /// Tells the others who types.
    pub(super) fn typing(&self, active: bool) {
        let state = &mut *self.room.state();
        if let Some(event) = state.presence.typing(&self.name, active, Instant::now()) {
            self.room.publish_except(self.session, &state.sockets, &event);
        }
        self.room.keep_time(state);
    }

    /// Steps out after a goodbye.
    pub(super) fn leave(mut self) {
        self.goodbye = true;
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.seat.leave(&self.room.address);
        let mut state = self.room.state();
        if let Some(socket) = self.seat.other_session()
            && let Entry::Occupied(mut sockets) = state.sockets.entry(self.session.as_u128())
        {
            sockets.get_mut().retain(|other| *other != socket);
            if sockets.get().is_empty() {
                sockets.remove();
            }
        }
        let left = if self.goodbye {
            state.presence.leave(&self.name)
        } else {
            state.presence.lose(&self.name, Instant::now())
        };
        // A server that stops has no such news: everybody is being sent away, and will be back.
        if self.room.stop.is_cancelled() {
            return;
        }
        if let Some(left) = left {
            self.room.publish(&left);
        }
        self.room.keep_time(&mut state);
    }
}

impl OpenRoom {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(&self, event: &Event<'_>) {
        let publication = self.wire.publication(event);
        self.wire.hub.to(&self.address).publish(publication);
    }

    /// Publishes to everybody who isn't this session, by whichever connection.
    fn publish_except(&self, session: Session, sockets: &Sockets, event: &Event<'_>) {
        let publication = self.wire.publication(event);
        let others = self
            .wire
            .hub
            .to(&self.address)
            .except_session(hub_session(session));
        let sockets = sockets.get(&session.as_u128()).into_iter().flatten();
        let others = sockets.fold(others, |others, socket| others.except_session(*socket));
        others.publish(publication);
    }

    /// Publishes what was stored between the last published message and `seq` by somebody who couldn't publish it:
    /// a commit whose answer got lost. The caller has the turn.
    async fn publish_missed(&self, seq: i64) -> Result<(), StoreError> {
        loop {
            let last = self.state().last_seq;
            if seq <= last + 1 {
                return Ok(());
            }
            let missed = self.store.after(self.name.as_str(), last, HISTORY_LIMIT).await?;
            let mut state = self.state();
            for row in missed.messages.iter().filter(|row| row.seq < seq) {
                self.publish(&Event::Message(message(row)));
                state.last_seq = row.seq;
            }
            if state.last_seq == last {
                return Ok(());
            }
        }
    }

    /// Has a task end the leases, while there are any.
    fn keep_time(self: &Arc<Self>, state: &mut State) {
        if state.timed || state.presence.poll_timeout().is_none() {
            return;
        }
        state.timed = true;
        let room = self.clone();
        tokio::spawn(async move {
            // A new lease is never the first to end, since all have one length: no need to be woken for it.
            while let Some(deadline) = room.next_deadline() {
                tokio::select! {
                    () = room.stop.cancelled() => return,
                    () = tokio::time::sleep_until(deadline.into()) => {}
                }
                room.state()
                    .presence
                    .handle_timeout(Instant::now(), |event| room.publish(&event));
            }
        });
    }

    fn next_deadline(&self) -> Option<Instant> {
        let mut state = self.state();
        let deadline = state.presence.poll_timeout();
        state.timed = deadline.is_some();
        deadline
    }
}

impl Drop for OpenRoom {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        // Somebody may have opened it anew in the meantime.
        if open.get(&self.name).is_some_and(|room| room.strong_count() == 0) {
            open.remove(&self.name);
        }
    }
}

/// A chat room has the same name in the hub: 64 characters of UTF-8 are 256 bytes at most, none of them a control
/// character.
fn address(room: &Room) -> RoomName {
    RoomName::try_from(room.as_str()).unwrap_or_else(|error| unreachable!("{error}"))
}

impl Wire {
    /// An event in the forms of both ways: by Socket.IO its `type` is the event's name.
    fn publication(&self, event: &Event<'_>) -> Publication {
        let written = event.write();
        match self.namespace.event(written.name, written.body()) {
            Ok(event) => Publication::new(event.with_frame(written.json)),
            Err(error) => {
                tracing::error!(%error, event = written.name, "an event can't go by Socket.IO");
                WsMessage::from(written.json).into()
            }
        }
    }
}

fn message(row: &StoredMessage) -> Message<'_> {
    Message {
        seq: row.seq,
        author: &row.author,
        client_id: &row.client_id,
        text: &row.text,
        at: row.at,
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
