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
pub(super) struct Recent<K, V> {
    known: Mutex<HashMap<K, (V, Instant)>>,
}

impl<K: Eq + Hash, V: Clone> Recent<K, V> {
    /// What was answered, if that was a moment ago.
    pub(super) fn get(&self, key: &K, now: Instant) -> Option<V> {
        let known = self.known();
        let (value, at) = known.get(key)?;
        (now.saturating_duration_since(*at) < RECENT_TIME).then(|| value.clone())
    }

    /// Remembers an answer.
    pub(super) fn put(&self, key: K, value: V, now: Instant) {
        let mut known = self.known();
        if known.len() >= RECENT_LIMIT {
            known.clear();
        }
        known.insert(key, (value, now));
    }

    /// Forgets all: something has changed.
    pub(super) fn forget(&self) {
        self.known().clear();
    }

    fn known(&self) -> MutexGuard<'_, HashMap<K, (V, Instant)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Self {
            known: Mutex::new(HashMap::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_holds_for_a_moment() {
        let (recent, now) = (Recent::default(), Instant::now());
        recent.put("kim", 1, now);
        let a_bit = Duration::from_millis(1);
        assert_eq!(recent.get(&"kim", now + RECENT_TIME - a_bit), Some(1));
        assert_eq!(recent.get(&"kim", now + RECENT_TIME), None);
        assert_eq!(recent.get(&"lee", now), None);
        recent.forget();
        assert_eq!(recent.get(&"kim", now), None);
    }

    #[test]
    fn so_much_is_remembered() {
        let (recent, now) = (Recent::default(), Instant::now());
        for n in 0..=RECENT_LIMIT {
            recent.put(n, n, now);
            assert!(recent.known().len() <= RECENT_LIMIT);
        }
        assert_eq!(recent.get(&RECENT_LIMIT, now), Some(RECENT_LIMIT));
    }
}
