//! How often something may happen, for each key that it is counted by.

use std::fmt;
use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use super::RATE_WINDOW;

/// Keys that a rate remembers at most: one for each connection there may be, and as many who came and went. All of them take a few MiB.
pub(super) const KEYS: usize = 65_536;

/// A number within [`RATE_WINDOW`] for each key, or no limit.
pub(super) struct Rate<K: Clone + Eq + Hash, C: Clock = DefaultClock> {
    counted: Option<Counted<K, C>>,
}

struct Counted<K: Clone + Eq + Hash, C: Clock> {
    limiter: RwLock<Limiter<K, C>>,
    quota: Quota,
    clock: C,
    /// Since the keys were gone through: each may have brought a new one.
    checks: AtomicUsize,
}

type Limiter<K, C> = RateLimiter<K, HashMapStateStore<K>, C, NoOpMiddleware<<C as Clock>::Instant>>;

impl<K: Clone + Eq + Hash> Rate<K> {
    pub(super) fn new(number: Option<NonZeroU32>) -> Self {
        Self::with_clock(number, DefaultClock::default())
    }
}

impl<K: Clone + Eq + Hash, C: Clock + Clone> Rate<K, C> {
    fn with_clock(number: Option<NonZeroU32>, clock: C) -> Self {
        let counted = number.map(|number| {
            // Not 0: a window has more nanoseconds than a number may have.
            let quota = Quota::with_period(RATE_WINDOW / number.get())
                .unwrap_or_else(|| unreachable!("a window of {RATE_WINDOW:?} has room for {number}"))
                .allow_burst(number);
            Counted {
                limiter: RwLock::new(RateLimiter::new(
                    quota,
                    HashMapStateStore::default(),
                    clock.clone(),
                )),
                quota,
                clock,
                checks: AtomicUsize::new(0),
            }
        });
        Self { counted }
    }

    /// Counts so many at once.
    ///
    /// # Errors
    /// They are too many; in how long they won't be, in whole milliseconds. They haven't been counted then.
    pub(super) fn check(&self, key: &K, number: usize) -> Result<(), Duration> {
        match &self.counted {
            Some(counted) => counted.check(key, number),
            None => Ok(()),
        }
    }
}

impl<K: Clone + Eq + Hash, C: Clock + Clone> Counted<K, C> {
    fn check(&self, key: &K, number: usize) -> Result<(), Duration> {
        let most = self.quota.burst_size();
        // What is larger than all that may be takes all: it would never get through otherwise.
        let number = u32::try_from(number).unwrap_or(u32::MAX).min(most.get());
        let Some(number) = NonZeroU32::new(number) else {
            return Ok(());
        };
        if self.checks.fetch_add(1, Ordering::Relaxed) >= KEYS / 2 {
            self.forget();
        }
        let limiter = self.limiter.read().unwrap_or_else(PoisonError::into_inner);
        match limiter.check_key_n(key, number) {
            Ok(Err(until)) => {
                let time = until.wait_time_from(self.clock.now());
                // Rounded up: who comes back then is let in.
                let millis = time.as_nanos().div_ceil(1_000_000);
                Err(Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX)))
            }
            // The number has been cut down to what fits.
            Ok(Ok(())) | Err(_) => Ok(()),
        }
    }

    /// Forgets who has used nothing lately. If that are still too many, everybody begins anew: nobody is kept out for others being many.
    fn forget(&self) {
        let mut limiter = self.limiter.write().unwrap_or_else(PoisonError::into_inner);
        // Somebody else may have done it while this one waited.
        if self.checks.load(Ordering::Relaxed) < KEYS / 2 {
            return;
        }
        // The check for which this is done.
        self.checks.store(1, Ordering::Relaxed);
        limiter.retain_recent();
        if limiter.len() > KEYS / 2 {
            tracing::warn!(limit = KEYS, "too many to keep count of: all begin anew");
            *limiter = RateLimiter::new(self.quota, HashMapStateStore::default(), self.clock.clone());
        }
        limiter.shrink_to_fit();
    }
}

impl<K: Clone + Eq + Hash, C: Clock> fmt::Debug for Rate<K, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quota = self.counted.as_ref().map(|counted| counted.quota);
        f.debug_struct("Rate")
            .field("quota", &quota)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    fn rate(number: u32) -> (Rate<u32, FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        (Rate::with_clock(NonZeroU32::new(number), clock.clone()), clock)
    }

    fn keys(rate: &Rate<u32, FakeRelativeClock>) -> usize {
        rate.counted.as_ref().unwrap().limiter.read().unwrap().len()
    }

    #[test]
    fn so_many_at_once_and_again_as_time_passes() {
        let (rate, clock) = rate(3);
        assert_eq!([(); 3].map(|()| rate.check(&1, 1)), [Ok(()); 3]);
        let wait = rate.check(&1, 1).unwrap_err();
        assert_eq!(
            wait,
            Duration::from_millis(3334),
            "a third of the window, rounded up"
        );
        assert_eq!(rate.check(&2, 3), Ok(()), "another key has its own");
        clock.advance(wait - Duration::from_millis(1));
        assert!(rate.check(&1, 1).is_err(), "refused ones don't count");
        clock.advance(Duration::from_millis(1));
        assert_eq!(rate.check(&1, 1), Ok(()));
        assert!(rate.check(&1, 1).is_err());
        clock.advance(RATE_WINDOW);
        assert_eq!([(); 3].map(|()| rate.check(&1, 1)), [Ok(()); 3]);
        assert!(rate.check(&1, 1).is_err(), "nothing is saved up beyond a window");
    }

    #[test]
    fn what_is_larger_than_all_takes_all() {
        let (rate, clock) = rate(100);
        assert_eq!(rate.check(&1, 5000), Ok(()));
        assert_eq!(rate.check(&1, 1), Err(Duration::from_millis(100)));
        assert_eq!(rate.check(&1, 5000), Err(RATE_WINDOW));
        clock.advance(RATE_WINDOW);
        assert_eq!(rate.check(&1, usize::MAX), Ok(()));
        assert_eq!(rate.check(&1, 0), Ok(()), "nothing is always allowed");
    }

    #[test]
    fn without_a_number_nothing_is_limited() {
        let (rate, _) = rate(0);
        assert!((0..100_000).all(|_| rate.check(&1, 1 << 20).is_ok()));
    }

    #[test]
    fn who_was_here_long_ago_is_forgotten() {
        let (rate, clock) = rate(1);
        for key in 0..(KEYS / 2) as u32 {
            rate.check(&key, 1).unwrap();
        }
        clock.advance(RATE_WINDOW * 2);
        let newest = KEYS as u32;
        rate.check(&newest, 1).unwrap();
        assert_eq!(keys(&rate), 1);
        assert!(rate.check(&newest, 1).is_err());
    }

    #[test]
    fn so_many_keys_are_remembered() {
        let (rate, _clock) = rate(1);
        let mut most = 0;
        for key in 0..(KEYS * 3) as u32 {
            assert_eq!(
                rate.check(&key, 1),
                Ok(()),
                "nobody is kept out for others being many"
            );
            if key % 1024 == 0 {
                most = most.max(keys(&rate));
            }
        }
        assert!(most <= KEYS, "{most}");
        assert!(most > KEYS / 2, "{most}");
    }
}
