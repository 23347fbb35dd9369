//! The rooms, on the hub and the store. Whoever is in a room gets the same publications, in the form of the way they came.
//!
//! ```text
//! open     one room: its history, what is said in it       guest   somebody in it, by a socket: presence and typing
//! reader   somebody who only reads, over HTTP              seat    which way a guest came, as a member of the hub
//! history  reading back: memory first, then the store      wire    what is published, in the form of each way
//! around   reading on both sides of an offset              entry   an entry of the log, as an event
//! doing    what people do, on its way into the log         markers who has read what
//! rules    what moderators have decided, also elsewhere    attendance  somebody over HTTP whom the others see
//! slow     whose turn it is in slow mode
//! ```
//!
//! Two locks keep a room's order: `turn` lets one message at a time be stored and published, so messages are published in the order of their
//! offsets; `state` makes stepping in exact, so that a welcome's position and what follows it have neither a hole nor an overlap.

mod around;
mod attendance;
mod doing;
mod entry;
mod guest;
mod history;
mod markers;
mod open;
mod reader;
mod rules;
mod search;
mod seat;
mod slow;
mod wire;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(super) use attendance::Attendance;
pub(super) use doing::Doing;
pub(super) use guest::Guest;
pub use history::HISTORY_BYTES;
pub(super) use history::{Excerpt, Failure};
pub(super) use open::{OpenRoom, Said, Saying, address, in_time, now, unavailable};
pub(super) use reader::{Delivery, Listener};
pub(super) use rules::Permit;
pub(super) use seat::{Seat, hub_session};
pub(super) use wire::{Wire, server_sent_event};

use crate::chat::Room;
use crate::store::{Store, StoreError};

/// Rooms that stay open without anybody in them, the ones opened last: whoever polls finds where they stand, and their newest messages, in memory.
pub(super) const RECENT_ROOMS: usize = 256;

/// Every room that somebody is in, and some more.
#[derive(Debug)]
pub(super) struct Rooms {
    shared: Arc<Shared>,
    recent: Mutex<VecDeque<Arc<OpenRoom>>>,
}

/// What rooms have in common.
#[derive(Debug)]
struct Shared {
    wire: Wire,
    store: Store,
    stop: CancellationToken,
    /// What has work to finish when the server stops.
    tasks: TaskTracker,
    open: Mutex<HashMap<Room, Weak<OpenRoom>>>,
    /// Up to which number of the moderation log the rooms know what holds; `None` before it was first asked for.
    seen: tokio::sync::Mutex<Option<i64>>,
}

impl Rooms {
    pub(super) fn new(wire: Wire, store: Store, stop: CancellationToken, tasks: TaskTracker) -> Self {
        let shared = Shared {
            wire,
            store,
            stop,
            tasks,
            open: Mutex::default(),
            seen: tokio::sync::Mutex::default(),
        };
        Self {
            shared: Arc::new(shared),
            recent: Mutex::default(),
        }
    }

    /// What they are on.
    pub(super) fn wire(&self) -> &Wire {
        &self.shared.wire
    }

    /// A room, which exists as long as somebody holds it.
    ///
    /// # Errors
    /// The store cannot say where the room stands.
    pub(super) async fn open(&self, name: &Room) -> Result<Arc<OpenRoom>, StoreError> {
        let (room, new) = self.find(name);
        if new {
            let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
            recent.push_back(room.clone());
            let oldest = (recent.len() > RECENT_ROOMS).then(|| recent.pop_front());
            drop(recent);
            // A room that ends takes locks of its own.
            drop(oldest);
        }
        room.prepare().await?;
        Ok(room)
    }

    fn find(&self, name: &Room) -> (Arc<OpenRoom>, bool) {
        let mut open = self.shared.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(room) = open.get(name).and_then(Weak::upgrade) {
            return (room, false);
        }
        let room = Arc::new(OpenRoom::new(name, &self.shared));
        open.insert(name.clone(), Arc::downgrade(&room));
        (room, true)
    }
}

impl Shared {
    /// A room is gone, unless somebody has opened it anew in the meantime.
    fn forget(&self, name: &Room) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.get(name).is_some_and(|room| room.strong_count() == 0) {
            open.remove(name);
        }
    }
}
