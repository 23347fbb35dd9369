//! When to try again.

use std::time::Duration;

/// The first delay at most. A server that restarts is back about then.
pub const SHORTEST_DELAY: Duration = Duration::from_millis(500);

/// Later ones at most. Nobody minds that a feed is back half a minute after a long night.
pub const LONGEST_DELAY: Duration = Duration::from_secs(30);

/// How long to wait before trying again: twice as long each time, and never quite the same, so that those who lost a server
/// together don't come back together.
#[derive(Clone, Copy, Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// It failed once more: how long to wait, where `random` is a number in [0, 1).
    pub fn delay(&mut self, random: f64) -> Duration {
        let factor = 2_u32.saturating_pow(self.failures);
        self.failures = self.failures.saturating_add(1);
        let most = SHORTEST_DELAY.saturating_mul(factor).min(LONGEST_DELAY);
        most.mul_f64(0.5 + random / 2.0)
    }

    /// It went well.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_longest() {
        let mut backoff = Backoff::default();
        let delays: Vec<_> = (0..8).map(|_| backoff.delay(0.999_999).as_millis()).collect();
        assert_eq!(delays, [499, 999, 1_999, 3_999, 7_999, 15_999, 29_999, 29_999]);
        backoff.failures = u32::MAX;
        assert_eq!(backoff.delay(0.0), LONGEST_DELAY / 2, "not less than half");
        backoff.reset();
        assert_eq!(backoff.delay(0.0), SHORTEST_DELAY / 2);
    }
}
