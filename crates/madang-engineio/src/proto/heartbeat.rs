//! The heartbeat: the server asks in version 4, the client in version 3.

use super::Protocol;
use std::time::{Duration, Instant};

/// The times of a session.
///
/// ```
/// use madang_engineio::proto::Timing;
/// use std::time::Duration;
///
/// let timing = Timing {
///     ping_interval: Duration::from_secs(25),
///     ping_timeout: Duration::from_secs(20),
///     upgrade_timeout: Duration::from_secs(10),
/// };
/// // When a client that has vanished is given up, at the latest.
/// assert_eq!(timing.ping_interval + timing.ping_timeout, Duration::from_secs(45));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Between a pong and the next ping.
    pub ping_interval: Duration,
    /// For the answer to a ping.
    pub ping_timeout: Duration,
    /// From the opening of a probed connection to its `upgrade` packet.
    pub upgrade_timeout: Duration,
}

/// Where the heartbeat stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heartbeat {
    due: Instant,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The next ping is ours.
    Resting,
    /// A pong is awaited.
    Awaiting,
    /// The same, and something else arrived meanwhile: it has been given more time, once.
    Extended,
    /// Version 3: the client's ping is awaited.
    Listening,
}

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beat {
    Nothing,
    Ping,
    TimedOut,
}

impl Heartbeat {
    pub(crate) fn new(protocol: Protocol, timing: &Timing, now: Instant) -> Self {
        match protocol {
            Protocol::V4 => Self {
                due: later(now, timing.ping_interval),
                phase: Phase::Resting,
            },
            Protocol::V3 => Self {
                due: later(now, timing.ping_interval.saturating_add(timing.ping_timeout)),
                phase: Phase::Listening,
            },
        }
    }

    pub(crate) fn due(&self) -> Instant {
        self.due
    }

    /// A ping arrived (version 3).
    pub(crate) fn ping(&mut self, timing: &Timing, now: Instant) {
        *self = Self::new(Protocol::V3, timing, now);
    }

    /// A pong arrived (version 4).
    pub(crate) fn pong(&mut self, timing: &Timing, now: Instant) {
        *self = Self::new(Protocol::V4, timing, now);
    }

    /// Something else arrived: a client busy sending is given time for its pong, once for each ping.
    pub(crate) fn heard(&mut self, timing: &Timing, now: Instant) {
        if self.phase == Phase::Awaiting {
            self.phase = Phase::Extended;
            self.due = later(now, timing.ping_timeout);
        }
    }

    pub(crate) fn handle_timeout(&mut self, timing: &Timing, now: Instant) -> Beat {
        if now < self.due {
            return Beat::Nothing;
        }
        if self.phase == Phase::Resting {
            self.phase = Phase::Awaiting;
            self.due = later(now, timing.ping_timeout);
            return Beat::Ping;
        }
        Beat::TimedOut
    }
}

/// That much later; times too far to be represented never come.
pub(crate) fn later(now: Instant, by: Duration) -> Instant {
    const FAR: Duration = Duration::from_secs(60 * 60 * 24 * 365);
    now.checked_add(by).unwrap_or(now + FAR)
}
