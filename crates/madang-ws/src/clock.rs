//! The time, as tokio's timers count it.

use std::time::Instant;

/// This moment; not simply the system's, since a test may have stopped tokio's clock.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
