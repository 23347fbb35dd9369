//! The turn log: what happened in one shard since its flusher ran, in order.
//!
//! Joins and leaves stand in it beside the publications. So who gets a publication is decided by the order of calls alone, and none of
//! these calls ever waits for a delivery.

use std::{cmp::Reverse, collections::BinaryHeap, sync::Arc, task::Waker};

use smallvec::SmallVec;

use crate::{
    id::{MemberId, RoomName, SessionId},
    limits::Limits,
    publication::Publication,
    recipient::Recipient,
};

/// One line of the log.
pub(crate) enum Op {
    Enter {
        slot: u32,
        id: MemberId,
        session: SessionId,
        recipient: Arc<dyn Recipient>,
    },
    Join {
        slot: u32,
        room: RoomName,
    },
    Leave {
        slot: u32,
        room: RoomName,
    },
    Exit {
        slot: u32,
    },
    Publish(Post),
}

impl Op {
    pub(crate) fn post(&self) -> Option<&Post> {
        match self {
            Self::Publish(post) => Some(post),
            _ => None,
        }
    }

    fn cost(&self) -> usize {
        Limits::OPERATION_COST
            + self
                .post()
                .map_or(0, |post| post.publication.size() + post.to.size())
    }
}

// What the documentation of the limit says an operation costs is what it costs.
const _: () = assert!(size_of::<Op>() <= Limits::OPERATION_COST);

/// A publication on its way.
#[derive(Clone)]
pub(crate) struct Post {
    pub(crate) to: To,
    pub(crate) except: SmallVec<[SessionId; 1]>,
    pub(crate) publication: Publication,
}

/// Whom a publication is for, sessions left aside.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) enum To {
    Room(RoomName),
    Member(MemberId),
    Set(Arc<Set>),
}

impl To {
    pub(crate) fn first_room(&self) -> Option<&RoomName> {
        match self {
            Self::Room(room) => Some(room),
            Self::Member(_) => None,
            Self::Set(set) => set.rooms.as_ref().and_then(|rooms| rooms.first()),
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::Room(_) | Self::Member(_) => 0,
            Self::Set(set) => {
                (set.rooms.as_ref().map_or(0, Vec::len) + set.except.len()) * size_of::<RoomName>()
                    + set.members.len() * size_of::<MemberId>()
            }
        }
    }
}

/// The union of some rooms, or everyone if `None`; without the members of others.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Set {
    pub(crate) rooms: Option<Vec<RoomName>>,
    /// Members besides those of the rooms.
    pub(crate) members: Vec<MemberId>,
    pub(crate) except: Vec<RoomName>,
}

/// The log of one shard, with the slots it hands to those who enter.
#[derive(Default)]
pub(crate) struct Log {
    ops: Vec<Op>,
    cost: usize,
    waker: Option<Waker>,
    closed: bool,
    /// The lowest free slot goes first, so that a table which was large once can get shorter.
    free: BinaryHeap<Reverse<u32>>,
    fresh: u32,
    serial: u32,
}

impl Log {
    /// The flusher's waker comes back with the first line of a turn, and only then.
    #[must_use]
    pub(crate) fn append(&mut self, op: Op) -> Option<Waker> {
        self.cost += op.cost();
        self.ops.push(op);
        self.waker.take()
    }

    pub(crate) fn cost(&self) -> usize {
        self.cost
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }

    pub(crate) fn register(&mut self, waker: &Waker) {
        match &mut self.waker {
            Some(known) => known.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
    }

    /// Takes everything, and leaves `spare` (which must be empty) to be filled.
    pub(crate) fn take(&mut self, spare: Vec<Op>) -> Vec<Op> {
        self.cost = 0;
        std::mem::replace(&mut self.ops, spare)
    }

    pub(crate) fn allocate(&mut self) -> (u32, u32) {
        self.serial = self.serial.wrapping_add(1);
        let slot = match self.free.pop() {
            Some(Reverse(slot)) => slot,
            None => {
                self.fresh += 1;
                self.fresh - 1
            }
        };
        (slot, self.serial)
    }

    pub(crate) fn reclaim(&mut self, slots: &mut Vec<u32>) {
        self.free.extend(slots.drain(..).map(Reverse));
    }

    #[must_use]
    pub(crate) fn close(&mut self) -> Option<Waker> {
        self.closed = true;
        self.waker.take()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }
}
