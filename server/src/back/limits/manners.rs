//! A connection that goes on and on although it's refused.

use std::num::NonZeroU32;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use crate::chat::{Code, Refusal};

/// Refusals for going too fast that a connection may get at once: as many as commands may be under way before the first of them is answered.
/// Beyond: the connection is closed.
pub const REFUSALS: u32 = 256;

/// How many more it may get in a second: more than anybody gets who waits as told.
const REFUSALS_A_SECOND: u32 = 1;

/// Keeps count of a connection's refusals.
pub(in crate::back) struct Manners<C: Clock = DefaultClock> {
    /// Of most connections, nothing.
    patience: Option<Box<Patience<C>>>,
    clock: C,
}

type Patience<C> = RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<<C as Clock>::Instant>>;

impl Default for Manners {
    fn default() -> Self {
        Self::with_clock(DefaultClock::default())
    }
}

impl<C: Clock + Clone> Manners<C> {
    fn with_clock(clock: C) -> Self {
        Self {
            patience: None,
            clock,
        }
    }

    /// Whether this refusal is one too many for the connection to go on.
    pub(in crate::back) fn are_lost(&mut self, refusal: &Refusal) -> bool {
        if refusal.code != Code::RateLimited {
            return false;
        }
        let patience = self.patience.get_or_insert_with(|| {
            let number = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
            let quota = Quota::per_second(number(REFUSALS_A_SECOND)).allow_burst(number(REFUSALS));
            Box::new(RateLimiter::new(
                quota,
                InMemoryState::default(),
                self.clock.clone(),
            ))
        });
        patience.check().is_err()
    }
}

impl<C: Clock> std::fmt::Debug for Manners<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Manners")
            .field("refused", &self.patience.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use governor::clock::FakeRelativeClock;

    use super::*;

    #[test]
    fn whoever_goes_on_and_on_is_closed() {
        let clock = FakeRelativeClock::default();
        let mut manners = Manners::with_clock(clock.clone());
        let refusal = Refusal::rate_limited(Duration::from_secs(1));
        assert!((0..REFUSALS).all(|_| !manners.are_lost(&refusal)));
        assert!(manners.are_lost(&refusal));
        assert!(
            !manners.are_lost(&Code::BadJson.into()),
            "other refusals don't count"
        );
        clock.advance(Duration::from_secs(1));
        assert!(!manners.are_lost(&refusal));
        assert!(manners.are_lost(&refusal));
    }

    #[test]
    fn whoever_waits_as_told_is_never_closed() {
        let clock = FakeRelativeClock::default();
        let mut manners = Manners::with_clock(clock.clone());
        let refusal = Refusal::rate_limited(Duration::from_secs(1));
        for _ in 0..REFUSALS * 4 {
            assert!(!manners.are_lost(&refusal));
            clock.advance(Duration::from_secs(1));
        }
    }
}
