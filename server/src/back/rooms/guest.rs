//! Somebody in a room by a socket: presence, typing, stepping in and out.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::Instant;

use madang_hub::{Position, Publication, RoomName, SessionId};
use smallvec::SmallVec;

use super::history::{Excerpt, Failure};
use super::open::{OpenRoom, Said};
use super::{Doing, Permit, Seat, hub_session};
use crate::back::metrics::Way;
use crate::chat::{
    AccountId, Act, Change, ClientId, Event, LEASE, Marker, Name, NameKey, Person, Presence, Range, Reading,
    Refusal, Sender, Session, Written,
};

/// Who is in a room.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) presence: Presence,
    /// Whether a task ends the leases of `presence`.
    timed: bool,
    /// The sockets of Socket.IO that are here, by the sender that they are.
    sockets: HashMap<Sender, SmallVec<[SessionId; 1]>>,
    /// Who has read what.
    pub(super) reading: Reading,
    /// Whether a task tells what `reading` has to tell.
    pub(super) telling: bool,
    /// The newest message that was changed since the room was opened: whoever has not read so far reads it from the store, as it is now, and not from memory.
    pub(super) changed: u64,
    /// The sessions that are here by a socket, by their name.
    senders: HashMap<Name, Sessions>,
    /// When something was said last, since the room was opened.
    pub(super) said: Option<Instant>,
}

/// Sessions, and whose they are if that is an account.
type Sessions = SmallVec<[(Sender, Option<AccountId>); 1]>;

/// Somebody in a room. Dropped, they are lost: the connection broke off, and whoever returns soon was never away.
#[derive(Debug)]
pub(in crate::back) struct Guest {
    room: Arc<OpenRoom>,
    name: Name,
    sender: Sender,
    permit: Permit,
    seat: Seat,
    goodbye: bool,
}

impl OpenRoom {
    /// Steps in: from now on the room's events reach the seat. The welcome, which comes first, is handed to `welcome`; what was missed since a
    /// position, unless that is too long ago, comes behind it.
    pub(in crate::back) fn join(
        self: Arc<Self>,
        name: Name,
        permit: Permit,
        session: Session,
        seat: Seat,
        since: Option<Position>,
        welcome: impl FnOnce(&Seat, Written),
    ) -> Guest {
        let sender = session.sender();
        let mut state = self.state();
        seat.join(self.address());
        if let Some(socket) = seat.other_session() {
            state.sockets.entry(sender).or_default().push(socket);
        }
        let account = permit.who().account.as_ref().map(|account| account.id);
        let senders = state.senders.entry(name.clone()).or_default();
        senders.push((sender, account));
        if let Some(joined) = state.presence.join(&name) {
            self.tell(&joined, state.seats_of(Some(sender)));
        }
        let missed = since.map(|since| self.missed(&state, since, sender));
        let person = permit.who().person().unwrap_or(Person::Guest(sender));
        let position = self.history().position();
        let event = Event::Welcome {
            room: self.name(),
            name: name.as_str(),
            session: session.to_string(),
            sender: sender.to_string(),
            offset: position.offset,
            epoch: position.epoch.to_string(),
            account: permit.who().account.as_ref().map(|account| account.name.as_str()),
            role: permit.role().as_str(),
            recovered: missed.as_ref().map(Option::is_some),
            members: state.presence.list(&name),
            read: state.reading.offset(person).unwrap_or_default(),
            readers: state.reading.list(person),
        };
        welcome(&seat, event.write());
        for publication in missed.flatten().unwrap_or_default() {
            seat.send(&self.shared().wire.hub, publication);
        }
        drop(state);
        Guest {
            room: self,
            name,
            sender,
            permit,
            seat,
            goodbye: false,
        }
    }

    /// What others have said since a position; `None` if memory doesn't reach back so far.
    fn missed(&self, state: &State, since: Position, sender: Sender) -> Option<Vec<Publication>> {
        let entries = self.remembered(state, self.of_today(since)).ok()?;
        let others = entries
            .into_iter()
            .filter(|entry| !entry.except.contains(&hub_session(sender)));
        Some(others.map(|entry| entry.publication).collect())
    }

    /// Has a task end the leases, while there are any.
    pub(super) fn keep_time(self: &Arc<Self>, state: &mut State) {
        if state.timed || state.presence.poll_timeout().is_none() {
            return;
        }
        state.timed = true;
        let room = self.clone();
        tokio::spawn(async move {
            // A new lease is never the first to end, since none is shorter: no need to be woken for it.
            while let Some(deadline) = room.next_deadline() {
                let deadline = deadline.min(Instant::now() + LEASE);
                tokio::select! {
                    () = room.shared().stop.cancelled() => return,
                    () = tokio::time::sleep_until(deadline.into()) => {}
                }
                room.state()
                    .presence
                    .handle_timeout(Instant::now(), |event| room.tell(&event, None));
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

impl State {
    /// Whether somebody of this name is here.
    pub(super) fn is_here(&self, name: &str) -> bool {
        name.parse().is_ok_and(|name| self.presence.knows(&name))
    }

    /// Every session of the hub that a sender has here.
    pub(super) fn seats_of(&self, sender: Option<Sender>) -> SmallVec<[SessionId; 2]> {
        let Some(sender) = sender else {
            return SmallVec::new();
        };
        let sockets = self.sockets.get(&sender).into_iter().flatten().copied();
        std::iter::once(hub_session(sender)).chain(sockets).collect()
    }

    /// A session that is here by a socket under a name of this key: an account's, or a guest's.
    pub(super) fn sender_named(&self, key: &NameKey, account: Option<AccountId>) -> Option<Sender> {
        let named = self.senders.iter().filter(|(name, _)| NameKey::of(name) == *key);
        let mut senders = named.flat_map(|(_, senders)| senders);
        senders.find_map(|(sender, whose)| (*whose == account).then_some(*sender))
    }

    /// Whoever has said something doesn't type it any more.
    pub(super) fn stopped_typing<'a>(&mut self, author: &'a Name) -> Option<Event<'a>> {
        self.presence.typing(author, false, Instant::now())
    }
}

impl Guest {
    /// Says something to the others, or changes what was said.
    ///
    /// # Errors
    /// As [`OpenRoom::act`].
    pub(in crate::back) async fn act(&self, client_id: &ClientId, change: &Change) -> Result<Said, Refusal> {
        let doing = Doing {
            author: &self.name,
            who: self.permit.who(),
            client_id,
            change,
        };
        self.room.act(doing).await
    }

    /// Has read everything up to an offset.
    pub(in crate::back) fn read(&self, offset: u64) {
        self.room.read_up_to(Marker {
            person: self.person(),
            name: self.name.clone(),
            offset,
            sender: Some(self.sender),
        });
    }

    /// Who it is: the account, on all devices, or the guest of this session.
    pub(in crate::back) fn person(&self) -> Person {
        self.permit.who().person().unwrap_or(Person::Guest(self.sender))
    }

    /// Their leave to be here.
    pub(in crate::back) fn permit(&self) -> &Permit {
        &self.permit
    }

    /// The same, to wait for its end.
    pub(in crate::back) fn permit_mut(&mut self) -> &mut Permit {
        &mut self.permit
    }

    /// Where it is in the hub.
    pub(in crate::back) fn address(&self) -> &RoomName {
        self.room.address()
    }

    /// Which way it came.
    pub(in crate::back) fn way(&self) -> Way {
        match self.seat {
            Seat::WebSocket(_) => Way::WebSocket,
            Seat::SocketIo(_) => Way::SocketIo,
        }
    }

    /// Reads a part of the history, one's own messages too.
    ///
    /// # Errors
    /// As [`OpenRoom::read`].
    pub(in crate::back) async fn history(&self, range: Range) -> Result<Excerpt, Failure> {
        self.room.read(range, None).await
    }

    /// Tells the others who types.
    pub(in crate::back) fn typing(&self, active: bool) {
        // Whoever may not say anything doesn't type anything either.
        let active = active && self.permit.allow(Act::Gesture).is_ok();
        let state = &mut *self.room.state();
        if let Some(event) = state.presence.typing(&self.name, active, Instant::now()) {
            self.room.tell(&event, state.seats_of(Some(self.sender)));
        }
        self.room.keep_time(state);
    }

    /// Steps out after a goodbye.
    pub(in crate::back) fn leave(mut self) {
        self.goodbye = true;
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.seat.leave(self.room.address());
        let mut state = self.room.state();
        if let Some(socket) = self.seat.other_session()
            && let Entry::Occupied(mut sockets) = state.sockets.entry(self.sender)
        {
            sockets.get_mut().retain(|other| *other != socket);
            if sockets.get().is_empty() {
                sockets.remove();
            }
        }
        if let Entry::Occupied(mut senders) = state.senders.entry(self.name.clone()) {
            let account = self.permit.who().account.as_ref().map(|account| account.id);
            let place = senders
                .get()
                .iter()
                .position(|here| *here == (self.sender, account));
            place.map(|place| senders.get_mut().swap_remove(place));
            if senders.get().is_empty() {
                senders.remove();
            }
        }
        let left = if self.goodbye {
            state.presence.leave(&self.name)
        } else {
            state.presence.lose(&self.name, Instant::now())
        };
        // A server that stops has no such news: everybody is being sent away, and will be back.
        if self.room.shared().stop.is_cancelled() {
            return;
        }
        if let Some(left) = left {
            self.room.tell(&left, None);
        }
        self.room.keep_time(&mut state);
    }
}
