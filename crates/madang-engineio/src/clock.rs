//! The time of all sessions: one task and one queue rather than a timer for each.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;
use tokio::sync::Notify;

/// This moment, as tokio's timers count it; not simply the system's, since a test may have stopped tokio's clock.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// Something with deadlines.
pub(crate) trait Timed: Send + Sync + 'static {
    /// Does what was due at `armed`, and says when to look again; nothing if it has been armed for another time since.
    fn handle_timeout(&self, armed: Instant, now: Instant) -> Option<Instant>;

    /// Has come to its end.
    fn finish(&self);
}

/// Calls sessions when they are due, and sees to their end.
pub(crate) struct Clock {
    queue: Mutex<Queue>,
    changed: Arc<Notify>,
}

#[derive(Default)]
struct Queue {
    /// Earliest first. A session whose deadline has moved on is looked at too early once, which costs less than finding it here.
    due: BinaryHeap<Reverse<Entry>>,
    ended: Vec<Arc<dyn Timed>>,
    /// How many have ended since the queue was last rid of them.
    gone: usize,
    running: bool,
}

impl Queue {
    /// Rids it of those who have ended, once they may be the most: a crowd that has left mustn't stay in memory until it is due.
    fn forget(&mut self, gone: usize) {
        self.gone += gone;
        if self.gone > SPARE && self.gone > self.due.len() / 2 {
            self.gone = 0;
            self.due.retain(|Reverse(entry)| entry.timed.strong_count() > 0);
            self.due.shrink_to(2 * self.due.len());
        }
    }
}

struct Entry {
    due: Instant,
    timed: Weak<dyn Timed>,
}

impl Clock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            queue: Mutex::default(),
            changed: Arc::new(Notify::new()),
        })
    }

    /// Starts the task, unless it runs. Within a tokio runtime.
    pub(crate) fn start(self: &Arc<Self>) {
        let mut queue = self.lock();
        if !queue.running {
            queue.running = true;
            drop(queue);
            tokio::spawn(run(Arc::downgrade(self), self.changed.clone()));
        }
    }

    /// Has it looked at by then.
    pub(crate) fn arm<T: Timed>(&self, due: Instant, timed: &Arc<T>) {
        let timed: Weak<T> = Arc::downgrade(timed);
        let mut queue = self.lock();
        let first = queue.due.peek().is_none_or(|Reverse(first)| due < first.due);
        queue.due.push(Reverse(Entry { due, timed }));
        drop(queue);
        if first {
            self.changed.notify_one();
        }
    }

    /// Has its end seen to, soon and from no lock.
    pub(crate) fn finish(&self, timed: Arc<dyn Timed>) {
        self.lock().ended.push(timed);
        self.changed.notify_one();
    }

    /// Does what is due and returns when to go on.
    fn turn(&self, now: Instant) -> Option<Instant> {
        loop {
            let mut queue = self.lock();
            let ended = std::mem::take(&mut queue.ended);
            if !ended.is_empty() {
                drop(queue);
                let gone = ended.len();
                ended.into_iter().for_each(|timed| timed.finish());
                self.lock().forget(gone);
                continue;
            }
            let Reverse(first) = queue.due.peek()?;
            if first.due > now {
                return Some(first.due);
            }
            let Some(Reverse(entry)) = queue.due.pop() else {
                continue;
            };
            drop(queue);
            let Some(timed) = entry.timed.upgrade() else {
                continue;
            };
            if let Some(due) = timed.handle_timeout(entry.due, now) {
                self.lock().due.push(Reverse(Entry { due, ..entry }));
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sessions that have ended and are kept in the queue whatever happens: some hundred KiB.
const SPARE: usize = 256;

/// Until the server is gone, and its last session with it.
async fn run(clock: Weak<Clock>, changed: Arc<Notify>) {
    let running = Running(clock);
    loop {
        let next = match running.0.upgrade() {
            Some(clock) => clock.turn(now()),
            None => return,
        };
        match next {
            Some(due) => {
                let _ = tokio::time::timeout_at(due.into(), changed.notified()).await;
            }
            None => changed.notified().await,
        }
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        self.changed.notify_one();
    }
}

/// The task. It may go with its runtime while sessions are served in another one: the next that opens there starts it again.
struct Running(Weak<Clock>);

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(clock) = self.0.upgrade() {
            clock.lock().running = false;
        }
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.due.cmp(&other.due)
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.due == other.due
    }
}

impl Eq for Entry {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    struct Session;

    impl Timed for Session {
        fn handle_timeout(&self, _armed: Instant, _now: Instant) -> Option<Instant> {
            None
        }

        fn finish(&self) {}
    }

    #[test]
    fn those_who_have_ended_are_not_kept_until_they_would_have_been_due() {
        let clock = Clock::new();
        let now = Instant::now();
        let later = now + Duration::from_secs(3600);
        let living = Arc::new(Session);
        clock.arm(later, &living);
        for _ in 0..100_000 {
            let session = Arc::new(Session);
            clock.arm(later, &session);
            clock.finish(session);
            assert_eq!(clock.turn(now), Some(later));
            assert!(clock.lock().due.len() <= 2 * SPARE);
        }
        assert_eq!(clock.turn(later), None);
        drop(living);
    }
}
