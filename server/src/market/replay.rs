//! A recording that is told again: which tick is due.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::feed::{Feed, FeedEvent};
use super::listing::Listing;
use super::pace::{Pace, PaceChange, PaceState, Speed};
use super::recording::Recording;
use super::values::Tick;

/// A recording and how far it has been told. At every time of it, what was told is all that happened until then: one that is turned back begins anew and tells
/// at once what was before, and one that is turned forward tells at once what lies between.
#[derive(Debug)]
pub struct Replay {
    recording: Arc<Recording>,
    control: Arc<Mutex<Control>>,
    /// How many ticks were told.
    told: usize,
    /// Of [`Control::turns`], how many were looked at; `None` before anything was told.
    turns: Option<u64>,
    ended: bool,
}

/// What turns a replay, from anywhere.
#[derive(Clone, Debug)]
pub struct ReplayHandle(Arc<Mutex<Control>>);

#[derive(Debug)]
struct Control {
    pace: Pace,
    /// How often somebody turned to another time.
    turns: u64,
    /// Who waits for the next tick.
    waker: Option<Waker>,
}

impl Replay {
    /// Begins at the recording's first tick, now.
    pub fn new(recording: Arc<Recording>, speed: Speed, now_ms: i64) -> Self {
        let pace = Pace::new(recording.from(), recording.to(), speed, now_ms);
        let control = Control {
            pace,
            turns: 0,
            waker: None,
        };
        Self {
            recording,
            control: Arc::new(Mutex::new(control)),
            told: 0,
            turns: None,
            ended: false,
        }
    }

    /// What turns it.
    pub fn handle(&self) -> ReplayHandle {
        ReplayHandle(self.control.clone())
    }

    fn next(&self) -> Option<&Tick> {
        self.recording.ticks().get(self.told)
    }
}

impl Feed for Replay {
    fn listings(&self) -> &[Listing] {
        self.recording.listings()
    }

    fn poll_event(&mut self, now_ms: i64, cx: &mut Context<'_>) -> Poll<FeedEvent> {
        let control = self.control.clone();
        let mut control = lock(&control);
        let at = control.pace.at(now_ms);
        if self.turns != Some(control.turns) {
            let first = self.turns.replace(control.turns).is_none();
            let told = self
                .told
                .checked_sub(1)
                .and_then(|last| self.recording.ticks().get(last));
            if first || told.is_some_and(|last| last.at_ms > at) {
                (self.told, self.ended) = (0, false);
                return Poll::Ready(FeedEvent::Restarted);
            }
        }
        match self.next().copied() {
            Some(tick) if tick.at_ms <= at => {
                self.told += 1;
                return Poll::Ready(FeedEvent::Tick(tick));
            }
            None if !self.ended => {
                self.ended = true;
                return Poll::Ready(FeedEvent::Ended);
            }
            _ => {}
        }
        control.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    fn poll_timeout(&self) -> Option<i64> {
        let pace = lock(&self.control).pace;
        if self.turns.is_none() {
            return pace.due(self.recording.from());
        }
        match self.next() {
            Some(tick) => pace.due(tick.at_ms),
            None => (!self.ended).then(|| pace.due(self.recording.to())).flatten(),
        }
    }
}

impl ReplayHandle {
    /// Goes on otherwise, from now.
    pub fn change(&self, change: &PaceChange, now_ms: i64) -> PaceState {
        let mut control = lock(&self.0);
        control.pace.change(change, now_ms);
        control.turns += u64::from(change.seek_ms.is_some());
        if let Some(waker) = control.waker.take() {
            waker.wake();
        }
        control.pace.state(now_ms)
    }

    /// How far it is, and how it goes on.
    pub fn state(&self, now_ms: i64) -> PaceState {
        lock(&self.0).pace.state(now_ms)
    }
}

/// Nothing that holds the lock leaves it half changed.
fn lock(control: &Mutex<Control>) -> MutexGuard<'_, Control> {
    control.lock().unwrap_or_else(PoisonError::into_inner)
}
