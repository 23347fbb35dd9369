//! What was looked up a moment ago: whoever asks often doesn't ask the database each time.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long something that was looked up holds. What another process changes acts after this at the latest.
pub(super) const RECENT_TIME: Duration = Duration::from_millis(500);

/// How much is remembered: more people than ask within [`RECENT_TIME`]. Beyond it all is forgotten, and looked up anew.
pub(super) const RECENT_LIMIT: usize = 4096;

/// Answers by what was asked.
#[derive(Debug)]
pub(super) struct Recent<K, V>(Mutex<Known<K, V>>);

/// That something was asked for, before which change.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    changes: u64,
}

#[derive(Debug)]
struct Known<K, V> {
    answers: HashMap<K, (V, Instant)>,
    changes: u64,
}

impl<K: Eq + Hash, V: Clone> Recent<K, V> {
    /// What was answered, if that was a moment ago.
    ///
    /// # Errors
    /// It must be asked; the answer is given to [`Self::put`].
    pub(super) fn get(&self, key: &K, now: Instant) -> Result<V, Asked> {
        let known = self.known();
        let answer = known.answers.get(key);
        let recent = answer.filter(|(_, at)| now.saturating_duration_since(*at) < RECENT_TIME);
        let changes = known.changes;
        recent.map(|(value, _)| value.clone()).ok_or(Asked { changes })
    }

    /// Remembers an answer, unless something has changed since it was asked for: it may be of before.
    pub(super) fn put(&self, asked: Asked, key: K, value: V, now: Instant) {
        let mut known = self.known();
        if known.changes != asked.changes {
            return;
        }
        if known.answers.len() >= RECENT_LIMIT {
            known.answers.clear();
        }
        known.answers.insert(key, (value, now));
    }

    /// Forgets all: something has changed.
    pub(super) fn forget(&self) {
        let mut known = self.known();
        known.answers.clear();
        known.changes += 1;
    }

    fn known(&self) -> MutexGuard<'_, Known<K, V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Self(Mutex::new(Known {
            answers: HashMap::new(),
            changes: 0,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learn<K: Eq + Hash, V: Clone>(recent: &Recent<K, V>, key: K, value: V, now: Instant) {
        let asked = recent.get(&key, now).err().unwrap();
        recent.put(asked, key, value, now);
    }

    #[test]
    fn an_answer_holds_for_a_moment() {
        let (recent, now) = (Recent::default(), Instant::now());
        learn(&recent, "kim", 1, now);
        let a_bit = Duration::from_millis(1);
        assert_eq!(recent.get(&"kim", now + RECENT_TIME - a_bit).ok(), Some(1));
        assert!(recent.get(&"kim", now + RECENT_TIME).is_err());
        assert!(recent.get(&"lee", now).is_err());
        recent.forget();
        assert!(recent.get(&"kim", now).is_err());
    }

    #[test]
    fn an_answer_of_before_a_change_is_not_remembered() {
        let (recent, now) = (Recent::default(), Instant::now());
        let asked = recent.get(&"kim", now).err().unwrap();
        recent.forget();
        recent.put(asked, "kim", 1, now);
        assert!(recent.get(&"kim", now).is_err());
    }

    #[test]
    fn so_much_is_remembered() {
        let (recent, now) = (Recent::default(), Instant::now());
        for n in 0..=RECENT_LIMIT {
            learn(&recent, n, n, now);
            assert!(recent.known().answers.len() <= RECENT_LIMIT);
        }
        assert_eq!(recent.get(&RECENT_LIMIT, now).ok(), Some(RECENT_LIMIT));
    }
}
