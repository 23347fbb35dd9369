//! A recipient's place in the hub.

use std::fmt;

use smallvec::SmallVec;

use crate::{
    error::LimitReached,
    hub::Hub,
    id::{MemberId, RoomName, SessionId},
    log::Op,
    publication::Publication,
    shard::Appended,
    sync::{Mutex, lock},
};

/// A recipient's place in the hub, made by [`Hub::enter`]. Dropping it leaves all rooms and the hub.
///
/// Its calls never wait for a delivery, apart from the one that finds the turn log full ([`Limits::turn_log`](crate::Limits::turn_log)).
#[must_use = "dropping a membership leaves the hub"]
pub struct Membership {
    hub: Hub,
    id: MemberId,
    session: SessionId,
    /// Held while an operation goes into the log, so that the log has them in the order in which they changed this list.
    rooms: Mutex<SmallVec<[RoomName; 1]>>,
}

impl Membership {
    pub(crate) fn new(hub: Hub, id: MemberId, session: SessionId) -> Self {
        Self {
            hub,
            id,
            session,
            rooms: Mutex::new(SmallVec::new()),
        }
    }

    /// Joins a room: what is published there from now on arrives. Does nothing in a room it is in already.
    ///
    /// # Errors
    /// When it is in [`Limits::rooms_per_member`](crate::Limits::rooms_per_member) rooms.
    pub fn join(&self, room: &RoomName) -> Result<(), LimitReached> {
        let appended = self.join_only(room, Vec::new())?;
        self.follow_up(appended);
        Ok(())
    }

    /// Leaves a room: what was published there until now still arrives, nothing later does. Does nothing outside the room.
    pub fn leave(&self, room: &RoomName) {
        let mut rooms = lock(&self.rooms);
        let Some(index) = rooms.iter().position(|joined| joined == room) else {
            return;
        };
        rooms.remove(index);
        rooms.shrink_to_fit();
        let shard = self.hub.shard_of(self.id);
        let appended = shard.append_only(Op::Leave {
            slot: shard.slot(self.id),
            room: room.clone(),
        });
        drop(rooms);
        shard.follow_up(appended);
    }

    /// The rooms it is in, in the order in which it joined them.
    pub fn rooms(&self) -> Vec<RoomName> {
        lock(&self.rooms).to_vec()
    }

    /// Its session, which [`Membership::publish`] leaves out.
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// Its address for [`Hub::send`].
    pub fn id(&self) -> MemberId {
        self.id
    }

    /// The hub it is in.
    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    /// Publishes to this member alone: [`Hub::send`].
    pub fn send(&self, publication: Publication) {
        self.hub.send(self.id, publication);
    }

    /// Publishes to the members of a room except its own session. It need not be in the room.
    pub fn publish(&self, room: &RoomName, publication: Publication) {
        self.hub
            .to(room)
            .except_session(self.session)
            .publish(publication);
    }
}

impl Membership {
    /// Sends something to this member and joins, so that nothing of the room comes before that; without waking or flushing, which
    /// [`Membership::follow_up`] must do: for callers that hold a lock.
    pub(crate) fn join_only(
        &self,
        room: &RoomName,
        first: Vec<Publication>,
    ) -> Result<SmallVec<[Appended; 4]>, LimitReached> {
        let mut rooms = lock(&self.rooms);
        let joins = !rooms.contains(room);
        if joins && rooms.len() >= self.hub.limits().rooms_per_member {
            return Err(LimitReached::rooms(self.hub.limits()));
        }
        let shard = self.hub.shard_of(self.id);
        let sent = first
            .into_iter()
            .map(|publication| self.hub.addressed(self.id, publication));
        let mut appended: SmallVec<[Appended; 4]> =
            sent.map(|post| shard.append_only(Op::Publish(post))).collect();
        if joins {
            rooms.push(room.clone());
            appended.push(shard.append_only(Op::Join {
                slot: shard.slot(self.id),
                room: room.clone(),
            }));
        }
        Ok(appended)
    }

    pub(crate) fn follow_up(&self, appended: SmallVec<[Appended; 4]>) {
        let shard = self.hub.shard_of(self.id);
        appended
            .into_iter()
            .for_each(|appended| shard.follow_up(appended));
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        let shard = self.hub.shard_of(self.id);
        shard.append(Op::Exit {
            slot: shard.slot(self.id),
        });
    }
}

impl fmt::Debug for Membership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Membership")
            .field("id", &self.id)
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}
