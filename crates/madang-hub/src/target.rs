//! Whom a publication is for: `to` some rooms, `except` others.

use std::{fmt, sync::Arc};

use smallvec::SmallVec;

use crate::{
    hub::Hub,
    id::{MemberId, RoomName, SessionId},
    log::{Post, Set, To},
    publication::Publication,
};

/// A set of members in the making: the union of some rooms (or everyone), without the members of others, without some sessions. Made by
/// [`Hub::to`] and [`Hub::everyone`]. Who is in these rooms is decided by the moment of [`Target::publish`].
///
/// Each member gets the publication once, in however many of the rooms it is. The policy is that of the first room, and
/// [`Policy::Disconnect`](crate::Policy::Disconnect) for everyone.
#[derive(Clone)]
#[must_use = "a target does nothing until it is published to"]
pub struct Target<'a> {
    hub: &'a Hub,
    to: To,
    except: SmallVec<[SessionId; 1]>,
}

impl<'a> Target<'a> {
    /// Adds the members of another room. Everyone stays everyone.
    pub fn to(mut self, room: &RoomName) -> Self {
        if let Some(rooms) = &mut self.set().rooms {
            rooms.push(room.clone());
        }
        self
    }

    /// Adds one member. Everyone stays everyone.
    pub fn to_member(mut self, member: MemberId) -> Self {
        let set = self.set();
        if set.rooms.is_some() {
            set.members.push(member);
        }
        self
    }

    /// Leaves out the members of a room, also those who are in one of the target's rooms.
    pub fn except(mut self, room: &RoomName) -> Self {
        self.set().except.push(room.clone());
        self
    }

    /// Leaves out every member of a session.
    pub fn except_session(mut self, session: SessionId) -> Self {
        self.except.push(session);
        self
    }

    /// Publishes to them, without waiting.
    pub fn publish(self, publication: Publication) {
        self.hub.publish(Post {
            to: self.to,
            except: self.except,
            publication,
        });
    }

    pub(crate) fn room(hub: &'a Hub, room: &RoomName) -> Self {
        Self {
            hub,
            to: To::Room(room.clone()),
            except: SmallVec::new(),
        }
    }

    pub(crate) fn nobody(hub: &'a Hub) -> Self {
        Self {
            hub,
            to: To::Set(Arc::new(Set {
                rooms: Some(Vec::new()),
                ..Set::default()
            })),
            except: SmallVec::new(),
        }
    }

    pub(crate) fn everyone(hub: &'a Hub) -> Self {
        Self {
            hub,
            to: To::Set(Arc::default()),
            except: SmallVec::new(),
        }
    }

    /// The target as a set, which a single room is not as long as it stays single.
    fn set(&mut self) -> &mut Set {
        if let To::Room(room) = &self.to {
            self.to = To::Set(Arc::new(Set {
                rooms: Some(vec![room.clone()]),
                ..Set::default()
            }));
        }
        match &mut self.to {
            To::Set(set) => Arc::make_mut(set),
            To::Room(_) | To::Member(_) => unreachable!("a target is made of rooms and was made a set above"),
        }
    }
}

impl fmt::Debug for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").finish_non_exhaustive()
    }
}
