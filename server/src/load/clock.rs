//! The clock that delays are measured by.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Microseconds since 1970 that never go back: the system's time is read once, and what follows is counted.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    began: Instant,
    began_us: u64,
}

impl Clock {
    /// Starts it.
    pub fn start() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            began: Instant::now(),
            began_us: micros(since),
        }
    }

    /// The same, ahead of this one by so many microseconds: how another machine's clock goes.
    #[must_use]
    pub fn ahead(self, by_us: i64) -> Self {
        Self {
            began_us: self.began_us.saturating_add_signed(by_us),
            ..self
        }
    }

    /// The time.
    pub fn now_us(&self) -> u64 {
        self.began_us + micros(self.began.elapsed())
    }
}

fn micros(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
