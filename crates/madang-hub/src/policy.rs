//! What happens to those who read too slowly, room by room.

use std::collections::HashMap;

use crate::{
    error::LimitReached,
    id::RoomName,
    limits::Limits,
    sync::{Mutex, lock},
    tally::Tallies,
};

/// What becomes of a room's publications for a member whose outbox is full.
///
/// Whichever acts is seen: by the operator in [`Stats`](crate::Stats) (`disconnected`, `dropped`, `replaced`, `volatile`), and by the reader, who is
/// disconnected with a reason (a WebSocket with close code 1008) or told what it missed with the notice of [`Hub::set_notice`](crate::Hub::set_notice).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Policy {
    /// The member is disconnected: it gets everything in order, or knows that it didn't. For chat, orders, anything with a history.
    #[default]
    Disconnect,
    /// The oldest droppable publications make room, and the reader gets a notice of how many it missed. For notices that age: typing, cursors.
    DropOldest,
    /// An unsent publication is replaced by a newer one of the room with the same key, full or not, of which there is no notice; then as `DropOldest`. For quotes and scores.
    Latest,
}

/// All that a hub has for slow readers.
pub(crate) struct Slow {
    pub(crate) policies: Policies,
    pub(crate) tallies: Tallies,
}

impl Slow {
    pub(crate) fn new() -> Self {
        Self {
            policies: Policies::new(),
            tallies: Tallies::new(),
        }
    }
}

/// The rooms whose policy isn't the default one.
pub(crate) struct Policies {
    table: Mutex<HashMap<RoomName, Policy>>,
}

impl Policies {
    pub(crate) fn new() -> Self {
        Self {
            table: Mutex::new(HashMap::new()),
        }
    }

    pub(crate) fn of(&self, room: &RoomName) -> Policy {
        lock(&self.table).get(room).copied().unwrap_or_default()
    }

    pub(crate) fn set(&self, room: &RoomName, policy: Policy, limits: &Limits) -> Result<(), LimitReached> {
        let mut table = lock(&self.table);
        if policy == Policy::default() {
            table.remove(room);
        } else if let Some(known) = table.get_mut(room) {
            *known = policy;
        } else if table.len() >= limits.policies {
            return Err(LimitReached::policies(limits));
        } else {
            table.insert(room.clone(), policy);
        }
        Ok(())
    }
}
