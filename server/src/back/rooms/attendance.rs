//! Somebody who is in a room over HTTP, under a name: the others see them, while they read or come again.

use std::sync::Arc;
use std::time::Instant;

use super::open::OpenRoom;
use crate::chat::{Name, Sender};

/// Somebody who reads a stream, or waits for news. Dropped, they may be back soon.
#[derive(Debug)]
pub(in crate::back) struct Attendance {
    room: Arc<OpenRoom>,
    name: Name,
    goodbye: bool,
}

impl OpenRoom {
    /// Shows somebody as long as what this returns is held, and for a while after it.
    pub(in crate::back) fn attend(self: &Arc<Self>, name: &Name, sender: Option<Sender>) -> Attendance {
        let state = &mut *self.state();
        if let Some(joined) = state.presence.join(name) {
            self.tell(&joined, state.seats_of(sender));
        }
        Attendance {
            room: self.clone(),
            name: name.clone(),
            goodbye: false,
        }
    }

    /// Shows somebody who looks in, until they should have looked in again.
    pub(in crate::back) fn look_in(self: &Arc<Self>, name: &Name, sender: Option<Sender>) {
        let mut state = self.state();
        if let Some(joined) = state.presence.look_in(name, Instant::now()) {
            self.tell(&joined, state.seats_of(sender));
        }
        self.keep_time(&mut state);
    }
}

impl Attendance {
    /// Ends it for good.
    pub(in crate::back) fn leave(mut self) {
        self.goodbye = true;
    }
}

impl Drop for Attendance {
    fn drop(&mut self) {
        let mut state = self.room.state();
        let left = if self.goodbye {
            state.presence.leave(&self.name)
        } else {
            state.presence.lose(&self.name, Instant::now())
        };
        if self.room.shared().stop.is_cancelled() {
            return;
        }
        if let Some(left) = left {
            self.room.tell(&left, None);
        }
        self.room.keep_time(&mut state);
    }
}
