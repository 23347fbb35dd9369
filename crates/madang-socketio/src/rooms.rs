//! Who is in a namespace, and in which rooms of it.

use crate::{JoinError, Socket};
use madang_hub::{Hub, InvalidName, Membership, RoomName, SessionId, Target};
use smallvec::SmallVec;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Something that happened to a room: Node's adapter events.
///
/// ```
/// use madang_socketio::{RoomEvent, SocketIo};
///
/// let io = SocketIo::new();
/// io.on_room(|event| match event {
///     RoomEvent::Join { room, id } => println!("{id} is in {room}"),
///     RoomEvent::Leave { room, id } => println!("{id} has left {room}"),
///     _ => {}
/// });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RoomEvent {
    /// `create-room`: somebody joined a room where nobody was.
    Create {
        /// The room.
        room: Arc<str>,
    },
    /// `delete-room`: the last one left.
    Delete {
        /// The room.
        room: Arc<str>,
    },
    /// `join-room`.
    Join {
        /// The room.
        room: Arc<str>,
        /// Who.
        id: Arc<str>,
    },
    /// `leave-room`.
    Leave {
        /// The room.
        room: Arc<str>,
        /// Who.
        id: Arc<str>,
    },
}

/// Names of rooms: one, or several in an array, a slice or a vector.
///
/// ```
/// use madang_socketio::{Rooms, SocketIo};
///
/// let io = SocketIo::new();
/// let (one, several) = ("yard".to_owned(), vec!["yard", "hall"]);
/// let _ = (io.to("yard"), io.to(&one), io.to(["yard", "hall"]), io.to(&several));
///
/// /// Rooms of the application's own: every desk of a floor.
/// struct Floor(u8);
///
/// impl Rooms for Floor {
///     fn for_each(self, mut call: impl FnMut(&str)) {
///         (1..=20).for_each(|desk| call(&format!("desk-{}-{desk}", self.0)));
///     }
/// }
///
/// io.to(Floor(3)).emit("lights out", ())?;
/// # Ok::<(), madang_socketio::EmitError>(())
/// ```
pub trait Rooms {
    /// Calls with each of them.
    fn for_each(self, call: impl FnMut(&str));
}

impl Rooms for &str {
    fn for_each(self, mut call: impl FnMut(&str)) {
        call(self);
    }
}

impl Rooms for String {
    fn for_each(self, mut call: impl FnMut(&str)) {
        call(&self);
    }
}

impl Rooms for &String {
    fn for_each(self, mut call: impl FnMut(&str)) {
        call(self);
    }
}

impl Rooms for &Arc<str> {
    fn for_each(self, mut call: impl FnMut(&str)) {
        call(self);
    }
}

impl<T: AsRef<str>, const N: usize> Rooms for [T; N] {
    fn for_each(self, mut call: impl FnMut(&str)) {
        self.iter().for_each(|room| call(room.as_ref()));
    }
}

impl<T: AsRef<str>> Rooms for &[T] {
    fn for_each(self, mut call: impl FnMut(&str)) {
        self.iter().for_each(|room| call(room.as_ref()));
    }
}

impl<T: AsRef<str>> Rooms for Vec<T> {
    fn for_each(self, call: impl FnMut(&str)) {
        self[..].for_each(call);
    }
}

impl<T: AsRef<str>> Rooms for &Vec<T> {
    fn for_each(self, call: impl FnMut(&str)) {
        self[..].for_each(call);
    }
}

/// Whom something is for. No rooms: everyone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Audience {
    pub(crate) rooms: SmallVec<[Arc<str>; 1]>,
    pub(crate) except: SmallVec<[Arc<str>; 1]>,
    pub(crate) except_sessions: SmallVec<[SessionId; 1]>,
}

impl Audience {
    /// Whether it's for someone who is in these rooms, its own id among them.
    pub(crate) fn includes(&self, session: SessionId, rooms: &[Arc<str>]) -> bool {
        (self.rooms.is_empty() || self.rooms.iter().any(|room| rooms.contains(room)))
            && !self.except.iter().any(|room| rooms.contains(room))
            && !self.except_sessions.contains(&session)
    }
}

/// The names that a namespace's rooms have in the hub.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    /// `/chat,`: of every room, and of the room of everyone.
    everyone: RoomName,
}

impl Names {
    pub(crate) fn new(namespace: &str) -> Result<Self, InvalidName> {
        let everyone = RoomName::try_from(format!("{namespace},").as_str())?;
        Ok(Self { everyone })
    }

    pub(crate) fn everyone(&self) -> &RoomName {
        &self.everyone
    }

    /// Rooms of `/` have their own names, so that members of the hub that aren't sockets can share them; a slash is what tells the others apart.
    fn text<'a>(&self, room: &'a str) -> Cow<'a, str> {
        match self.everyone.as_str() {
            "/," if !room.starts_with('/') => Cow::Borrowed(room),
            prefix => Cow::Owned(format!("{prefix}{room}")),
        }
    }

    /// An empty name would be the room of everyone.
    pub(crate) fn of(&self, room: &str) -> Result<RoomName, InvalidName> {
        if room.is_empty() {
            return Err(InvalidName::Empty);
        }
        RoomName::try_from(&*self.text(room))
    }

    pub(crate) fn room<'a>(&self, name: &'a RoomName) -> &'a str {
        let prefix = self.everyone.as_str();
        name.as_str().strip_prefix(prefix).unwrap_or(name.as_str())
    }
}

/// The sockets of a namespace. A socket's own room, which has its id as its name, is in no table.
#[derive(Default)]
pub(crate) struct Table {
    sockets: HashMap<Arc<str>, Socket>,
    rooms: HashMap<RoomName, HashSet<Arc<str>>>,
    /// Rooms of those who aren't let in yet, and mustn't hear what is said there before.
    early: HashMap<Arc<str>, Vec<RoomName>>,
}

/// What happened, for those who watch.
pub(crate) type RoomEvents = Vec<RoomEvent>;

impl Table {
    pub(crate) fn len(&self) -> usize {
        self.sockets.len()
    }

    pub(crate) fn sockets(&self) -> impl Iterator<Item = &Socket> {
        self.sockets.values()
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Socket> {
        self.sockets.get(id)
    }

    pub(crate) fn insert(&mut self, socket: Socket, events: &mut RoomEvents) {
        let id = socket.inner.id.clone();
        if self.sockets.insert(id.clone(), socket).is_none() {
            events.push(RoomEvent::Create { room: id.clone() });
            events.push(RoomEvent::Join { room: id.clone(), id });
        }
    }

    pub(crate) fn remove(
        &mut self,
        socket: &Socket,
        names: &Names,
        rooms: &[RoomName],
        events: &mut RoomEvents,
    ) {
        let id = &socket.inner.id;
        let known = self.sockets.get(id);
        let same = known.is_some_and(|known| Arc::ptr_eq(&known.inner, &socket.inner));
        // One that came back has its id, and its rooms with it.
        if known.is_some() && !same {
            return;
        }
        for room in rooms {
            self.leave(id, room, names, events);
        }
        if same {
            self.sockets.remove(id);
            events.push(RoomEvent::Leave {
                room: id.clone(),
                id: id.clone(),
            });
            events.push(RoomEvent::Delete { room: id.clone() });
        }
        if self.sockets.is_empty() {
            // A table that was large once shouldn't stay so.
            self.sockets = HashMap::new();
        }
    }

    /// Whether this socket has been let in.
    fn has(&self, socket: &Socket) -> bool {
        let known = self.sockets.get(&socket.inner.id);
        known.is_some_and(|known| Arc::ptr_eq(&known.inner, &socket.inner))
    }

    /// The rooms of a socket that isn't let in yet.
    pub(crate) fn early(&self, id: &str) -> &[RoomName] {
        self.early.get(id).map_or(&[], Vec::as_slice)
    }

    /// The same, when it is let in or gone.
    pub(crate) fn take_early(&mut self, id: &str) -> Vec<RoomName> {
        let early = self.early.remove(id).unwrap_or_default();
        if self.early.is_empty() {
            self.early = HashMap::new();
        }
        early
    }

    pub(crate) fn join(
        &mut self,
        socket: &Socket,
        membership: &Membership,
        room: &str,
        names: &Names,
        events: &mut RoomEvents,
    ) -> Result<(), JoinError> {
        let id = &socket.inner.id;
        if room == &**id {
            return Ok(());
        }
        let name = names.of(room)?;
        if self.has(socket) {
            membership.join(&name)?;
        } else {
            let early = self.early.entry(id.clone()).or_default();
            if !early.contains(&name) {
                early.push(name.clone());
            }
        }
        let members = self.rooms.entry(name).or_default();
        let first = members.is_empty();
        if members.insert(id.clone()) {
            let room: Arc<str> = room.into();
            if first {
                events.push(RoomEvent::Create { room: room.clone() });
            }
            let id = id.clone();
            events.push(RoomEvent::Join { room, id });
        }
        Ok(())
    }

    pub(crate) fn leave(&mut self, id: &Arc<str>, name: &RoomName, names: &Names, events: &mut RoomEvents) {
        if let Some(early) = self.early.get_mut(id) {
            early.retain(|room| room != name);
        }
        let Some(members) = self.rooms.get_mut(name) else {
            return;
        };
        if members.remove(id) {
            let room: Arc<str> = names.room(name).into();
            events.push(RoomEvent::Leave {
                room: room.clone(),
                id: id.clone(),
            });
            if members.is_empty() {
                self.rooms.remove(name);
                events.push(RoomEvent::Delete { room });
            }
        }
    }

    /// The sockets that something is for.
    pub(crate) fn select(&self, audience: &Audience, names: &Names) -> Vec<Socket> {
        let members = |room: &str| self.rooms.get(&*names.text(room));
        let excluded = |socket: &Socket| {
            let id = &socket.inner.id;
            let in_room = |room: &Arc<str>| room == id || members(room).is_some_and(|ids| ids.contains(id));
            audience.except.iter().any(in_room) || audience.except_sessions.contains(&socket.inner.session)
        };
        if audience.rooms.is_empty() {
            return self
                .sockets()
                .filter(|socket| !excluded(socket))
                .cloned()
                .collect();
        }
        let ids = audience.rooms.iter().flat_map(|room| {
            let own = self.sockets.get_key_value(room).map(|(id, _)| id);
            own.into_iter().chain(members(room).into_iter().flatten())
        });
        // In several rooms, yet there once.
        let ids: HashSet<&Arc<str>> = ids.collect();
        ids.into_iter()
            .filter_map(|id| self.sockets.get(id))
            .filter(|socket| !excluded(socket))
            .cloned()
            .collect()
    }

    /// The same, as members of the hub, with those of its rooms that aren't sockets. `None` if it can't be anyone.
    pub(crate) fn target<'a>(&self, hub: &'a Hub, audience: &Audience, names: &Names) -> Option<Target<'a>> {
        let mut target: Option<Target<'a>> = None;
        if audience.rooms.is_empty() {
            target = Some(hub.to(names.everyone()));
        }
        for room in &audience.rooms {
            if let Some(socket) = self.sockets.get(room) {
                let member = socket.inner.member;
                target = Some(target.unwrap_or_else(|| hub.nobody()).to_member(member));
                if !self.rooms.contains_key(&*names.text(room)) {
                    continue;
                }
            }
            // Nobody is in a room that can't be.
            let Ok(name) = names.of(room) else { continue };
            target = Some(match target {
                None => hub.to(&name),
                Some(target) => target.to(&name),
            });
        }
        let mut target = target?;
        for room in &audience.except {
            match self.sockets.get(room) {
                Some(socket) => target = target.except_session(socket.inner.session),
                None => {
                    if let Ok(name) = names.of(room) {
                        target = target.except(&name);
                    }
                    continue;
                }
            }
            if self.rooms.contains_key(&*names.text(room)) {
                if let Ok(name) = names.of(room) {
                    target = target.except(&name);
                }
            }
        }
        for session in &audience.except_sessions {
            target = target.except_session(*session);
        }
        Some(target)
    }
}
