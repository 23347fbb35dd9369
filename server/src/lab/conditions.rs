//! What a run does to the network of its lines, and what that means for each piece that goes through.

use std::time::{Duration, Instant};

/// The weather of a run: the same on all of its lines.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Conditions {
    /// What each direction takes longer.
    pub latency: Duration,
    /// The share of segments that get lost, 0 to [`Self::MOST_LOSS`].
    pub loss: f64,
    /// Connections are cut, and new ones refused.
    pub offline: bool,
}

impl Conditions {
    /// With more, handshakes that take several round trips run into the time limits of their clients.
    pub const MOST_LATENCY: Duration = Duration::from_secs(2);

    /// With more, TCP itself would give the connection up.
    pub const MOST_LOSS: f64 = 0.3;
}

/// One direction of one connection: when what enters it comes out, in the order in which it entered.
///
/// TCP repeats what got lost, so loss is never a hole in the stream: it is a stall, for the piece and for all that
/// follows it. A sender notices by a timeout, which is what happens to small messages, that have nothing behind
/// them by which a receiver could tell that something is missing.
#[derive(Debug)]
pub(super) struct Road {
    free: Instant,
}

impl Road {
    /// What fits into a segment on most networks.
    const SEGMENT: usize = 1448;

    /// How long a sender waits at least for an acknowledgement before it sends again: Linux' own.
    const PATIENCE: Duration = Duration::from_millis(200);

    /// How often one segment may be lost: the wait doubles each time, and this many are 6 s.
    const REPEATS: u32 = 5;

    pub(super) fn new(now: Instant) -> Self {
        Self { free: now }
    }

    /// When a piece of `size` bytes that enters now comes out. `random` gives numbers in [0, 1).
    pub(super) fn due(
        &mut self,
        now: Instant,
        size: usize,
        conditions: &Conditions,
        mut random: impl FnMut() -> f64,
    ) -> Instant {
        let segments = if conditions.loss > 0.0 {
            size.div_ceil(Self::SEGMENT)
        } else {
            0
        };
        let stalls = (0..segments).map(|_| {
            let lost = (0..Self::REPEATS)
                .take_while(|_| random() < conditions.loss)
                .count();
            // 1 + 2 + 4 ... waits.
            let waits = (1 << lost) - 1;
            (Self::PATIENCE + 2 * conditions.latency) * waits
        });
        let stall = stalls.max().unwrap_or_default();
        self.free = self.free.max(now + conditions.latency + stall);
        self.free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATENCY: Duration = Duration::from_millis(50);

    fn conditions(loss: f64) -> Conditions {
        Conditions {
            latency: LATENCY,
            loss,
            offline: false,
        }
    }

    #[test]
    fn latency_delays_each_piece_and_holds_none_up() {
        let start = Instant::now();
        let mut road = Road::new(start);
        for after in [0, 1, 1, 400] {
            let now = start + Duration::from_millis(after);
            assert_eq!(road.due(now, 100, &conditions(0.0), || 0.0), now + LATENCY);
        }
    }

    #[test]
    fn a_lost_segment_stalls_itself_and_all_that_follows() {
        let start = Instant::now();
        let mut road = Road::new(start);
        // Lost twice, then through.
        let mut rolls = [0.0, 0.0, 0.9].into_iter();
        let due = road.due(start, 10, &conditions(0.1), || rolls.next().unwrap());
        let wait = Road::PATIENCE + 2 * LATENCY;
        assert_eq!(due, start + LATENCY + 3 * wait);
        let next = start + Duration::from_millis(1);
        assert_eq!(road.due(next, 10, &conditions(0.1), || 0.9), due, "in order");
        let later = due + Duration::from_millis(1);
        assert_eq!(road.due(later, 10, &conditions(0.1), || 0.9), later + LATENCY);
    }

    #[test]
    fn each_segment_of_a_large_piece_may_get_lost() {
        let start = Instant::now();
        let mut rolled = 0;
        Road::new(start).due(start, 3 * Road::SEGMENT + 1, &conditions(0.1), || {
            rolled += 1;
            0.9
        });
        assert_eq!(rolled, 4);
    }

    #[test]
    fn a_segment_is_lost_only_so_often() {
        let start = Instant::now();
        let due = Road::new(start).due(start, 1, &conditions(1.0), || 0.0);
        assert_eq!(due, start + LATENCY + 31 * (Road::PATIENCE + 2 * LATENCY));
    }
}
