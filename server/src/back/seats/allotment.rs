//! How much of what is sold one address may take: a session costs nothing, so that a limit for each keeps nobody from holding a whole hall.

use std::collections::{HashMap, VecDeque};
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::back::limits::{API_KEY_TIMES, Caller};

/// Places count for so long after they were held, whether or not they still are: a hall that is held again and again is kept from others as well.
pub const ALLOTMENT_TIME: Duration = Duration::from_secs(10 * 60);

/// Addresses whose holds are remembered at most, in some MiB: beyond, who has held nothing lately is forgotten, and if nobody is left out by that, all begin anew.
const ALLOTMENT_ADDRESSES: usize = 16_384;

/// What each address has taken lately.
#[derive(Debug)]
pub(in crate::back) struct Allotment {
    most: Option<NonZeroU32>,
    taken: Mutex<HashMap<Caller, VecDeque<Taken>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Taken {
    at: Instant,
    places: u32,
}

/// Places that count already, and don't any more if this is dropped without [`Self::keep`].
#[derive(Debug)]
pub(in crate::back) struct Taking<'a> {
    of: Option<(&'a Allotment, Caller, Taken)>,
}

impl Allotment {
    /// So many places for each address within [`ALLOTMENT_TIME`], or no limit.
    pub(super) fn new(most: Option<NonZeroU32>) -> Self {
        Self {
            most,
            taken: Mutex::default(),
        }
    }

    /// Takes so many places.
    ///
    /// # Errors
    /// They are too many; in how long they won't be.
    pub(in crate::back) fn take(
        &self,
        caller: Caller,
        places: usize,
        now: Instant,
    ) -> Result<Taking<'_>, Duration> {
        let Some(most) = self.most else {
            return Ok(Taking { of: None });
        };
        let most = match caller {
            Caller::Address(_) => most.get(),
            Caller::Key(_) => most.get().saturating_mul(API_KEY_TIMES),
        };
        // What is larger than all that may be takes all: it would never get through otherwise.
        let places = u32::try_from(places).unwrap_or(u32::MAX).min(most);
        let mut taken = self.taken();
        if taken.len() >= ALLOTMENT_ADDRESSES && !taken.contains_key(&caller) {
            taken.retain(|_, holds| holds.back().is_some_and(|last| !last.is_over(now)));
            if taken.len() >= ALLOTMENT_ADDRESSES {
                tracing::warn!(
                    limit = ALLOTMENT_ADDRESSES,
                    "too many addresses hold places: all begin anew"
                );
                taken.clear();
            }
        }
        let holds = taken.entry(caller).or_default();
        while holds.front().is_some_and(|first| first.is_over(now)) {
            holds.pop_front();
        }
        let mut surplus = (holds.iter().map(|hold| hold.places).sum::<u32>() + places).saturating_sub(most);
        if surplus > 0 {
            // Until enough of the oldest are over.
            let enough = holds.iter().find(|hold| {
                surplus = surplus.saturating_sub(hold.places);
                surplus == 0
            });
            let over = enough.map_or(now, |hold| hold.at + ALLOTMENT_TIME);
            return Err(over.saturating_duration_since(now));
        }
        let new = Taken { at: now, places };
        holds.push_back(new);
        Ok(Taking {
            of: Some((self, caller, new)),
        })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<Caller, VecDeque<Taken>>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    fn is_over(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.at) >= ALLOTMENT_TIME
    }
}

impl Taking<'_> {
    /// They are held.
    pub(in crate::back) fn keep(mut self) {
        self.of = None;
    }
}

impl Drop for Taking<'_> {
    fn drop(&mut self) {
        let Some((allotment, caller, new)) = self.of.take() else {
            return;
        };
        let mut taken = allotment.taken();
        if let Some(holds) = taken.get_mut(&caller) {
            if let Some(place) = holds.iter().rposition(|hold| *hold == new) {
                holds.remove(place);
            }
            if holds.is_empty() {
                taken.remove(&caller);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn address(n: u32) -> Caller {
        Caller::at(std::net::Ipv4Addr::from_bits(n).into())
    }

    fn of(most: u32) -> Allotment {
        Allotment::new(NonZeroU32::new(most))
    }

    #[test]
    fn an_address_takes_so_many_places_in_ten_minutes() {
        let (allotment, now) = (of(10), Instant::now());
        allotment.take(address(1), 6, now).unwrap().keep();
        allotment.take(address(1), 4, now + MINUTE).unwrap().keep();
        assert_eq!(
            allotment.take(address(1), 1, now + MINUTE).unwrap_err(),
            MINUTE * 9
        );
        assert_eq!(
            allotment.take(address(1), 7, now + MINUTE).unwrap_err(),
            MINUTE * 10
        );
        allotment.take(address(2), 10, now + MINUTE).unwrap().keep();
        allotment.take(address(1), 6, now + MINUTE * 10).unwrap().keep();
        assert!(allotment.take(address(1), 1, now + MINUTE * 10).is_err());
        assert!(of(0).take(address(1), 1000, now).is_ok(), "no limit");
        assert!(of(3).take(address(1), 4, now).is_ok(), "all that may be");
    }

    #[test]
    fn what_is_not_held_after_all_does_not_count() {
        let (allotment, now) = (of(10), Instant::now());
        for _ in 0..20 {
            drop(allotment.take(address(1), 10, now).unwrap());
        }
        assert!(allotment.taken().is_empty());
        let other = allotment.take(address(1), 5, now).unwrap();
        allotment.take(address(1), 5, now).unwrap().keep();
        drop(other);
        assert!(allotment.take(address(1), 6, now).is_err());
        assert!(allotment.take(address(1), 5, now).is_ok());
    }

    #[test]
    fn a_program_with_a_key_may_take_ten_times_as_many() {
        let (allotment, now) = (of(10), Instant::now());
        allotment.take(Caller::Key(0), 100, now).unwrap().keep();
        assert!(allotment.take(Caller::Key(0), 1, now).is_err());
    }

    #[test]
    fn so_many_addresses_are_remembered() {
        let (allotment, now) = (of(1), Instant::now());
        let many = u32::try_from(ALLOTMENT_ADDRESSES).unwrap();
        for n in 0..many {
            allotment
                .take(address(n), 1, now + MINUTE * (n % 2))
                .unwrap()
                .keep();
        }
        // Half of them are over.
        allotment
            .take(address(many), 1, now + MINUTE * 10)
            .unwrap()
            .keep();
        assert_eq!(allotment.taken().len(), ALLOTMENT_ADDRESSES / 2 + 1);
        assert!(allotment.take(address(1), 1, now + MINUTE * 10).is_err());
        for n in many + 1..=many + many / 2 {
            allotment.take(address(n), 1, now + MINUTE * 10).unwrap().keep();
        }
        assert_eq!(allotment.taken().len(), 1, "all but the last began anew");
    }
}
