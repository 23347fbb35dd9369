//! Somebody who only reads, over HTTP: waiting for news once, or listening to all of it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use madang_hub::{Batch, Entry, Lost, Membership, Outbox, Position, Pushed, Recipient, SessionId, WireForm};
use tokio::sync::Notify;

use super::hub_session;
use super::open::OpenRoom;
use crate::back::QUEUED_BYTES;
use crate::chat::Sender;

/// Waits for the next message of a room: one wake-up, whatever it brings.
#[derive(Debug)]
pub(in crate::back) struct Waiter {
    news: Arc<News>,
    _membership: Membership,
}

/// Listens to a room's messages from some position on.
#[derive(Debug)]
pub(in crate::back) struct Listener {
    queue: Arc<Queue>,
    _membership: Membership,
}

/// Where a listener begins.
#[derive(Debug)]
pub(in crate::back) struct Beginning {
    /// Everything behind it will be delivered.
    pub(in crate::back) position: Position,
    /// What was said between the position that was asked for and this one.
    pub(in crate::back) missed: Result<Vec<Entry>, Lost>,
}

/// What a listener gets.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::back) enum Delivery {
    /// Some events of the stream, whole.
    Events(Bytes),
    /// The reader was too slow: nothing more comes.
    TooSlow,
}

impl OpenRoom {
    /// Waits for what comes behind a position; `None` if there is something already, or the position is lost. Messages of `except` are no news.
    pub(in crate::back) fn wait(&self, since: Position, except: Option<Sender>) -> Option<Waiter> {
        let news = Arc::new(News(Notify::new()));
        let membership = self.enter(except, news.clone());
        let joined = self
            .history()
            .join(Instant::now(), &membership, Some(since))
            .ok()?;
        let missed = joined.missed.ok()?;
        let except = except.map(hub_session);
        let own = |entry: &Entry| except.is_some_and(|session| entry.except.contains(&session));
        missed.iter().all(own).then_some(Waiter {
            news,
            _membership: membership,
        })
    }

    /// Listens from a position on, or from now on.
    pub(in crate::back) fn listen(
        &self,
        since: Option<Position>,
        except: Option<Sender>,
    ) -> Option<(Listener, Beginning)> {
        let queue = Arc::new(Queue::default());
        let membership = self.enter(except, queue.clone());
        // It is in no other room, so there is a place for it.
        // Nobody changes a message between the two.
        let state = self.state();
        let joined = self.history().join(Instant::now(), &membership, since).ok()?;
        let as_it_is = |entries| self.as_it_is(&state, since.unwrap_or(joined.position), entries);
        let listener = Listener {
            queue,
            _membership: membership,
        };
        let beginning = Beginning {
            position: joined.position,
            missed: joined.missed.and_then(as_it_is),
        };
        Some((listener, beginning))
    }

    fn enter(&self, except: Option<Sender>, recipient: Arc<dyn Recipient>) -> Membership {
        let session = except.map_or_else(nobody, hub_session);
        self.shared().wire.hub.enter(session, recipient)
    }
}

/// A session that says nothing, so that it doesn't matter whether others have it too.
fn nobody() -> SessionId {
    SessionId::new(0)
}

impl Waiter {
    /// Ready when there is something.
    ///
    /// # Cancel safety
    /// Safe: news stays news.
    pub(in crate::back) async fn news(&self) {
        self.news.0.notified().await;
    }
}

#[derive(Debug)]
struct News(Notify);

impl Recipient for News {
    fn deliver(&self, batch: &Batch<'_>) {
        // Who types is no news here.
        if batch.bytes(WireForm::Json) > 0 {
            self.0.notify_one();
        }
    }
}

impl Listener {
    /// What comes next: all that waits, in one piece.
    ///
    /// # Cancel safety
    /// Safe: what was not returned waits on.
    pub(in crate::back) async fn next(&self) -> Delivery {
        std::future::poll_fn(|context| {
            let mut state = self.queue.state();
            match state.take() {
                Some(delivery) => Poll::Ready(delivery),
                None => {
                    if !matches!(&state.waker, Some(waker) if waker.will_wake(context.waker())) {
                        state.waker = Some(context.waker().clone());
                    }
                    Poll::Pending
                }
            }
        })
        .await
    }
}

#[derive(Default)]
struct Queue(Mutex<Waiting>);

struct Waiting {
    outbox: Outbox,
    too_slow: bool,
    waker: Option<Waker>,
}

impl Default for Waiting {
    fn default() -> Self {
        Self {
            outbox: Outbox::new(QUEUED_BYTES),
            too_slow: false,
            waker: None,
        }
    }
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn take(&mut self) -> Option<Delivery> {
        let Some(first) = self.outbox.pop() else {
            return self.too_slow.then_some(Delivery::TooSlow);
        };
        if self.outbox.is_empty() {
            return Some(Delivery::Events(first));
        }
        let mut joined = BytesMut::with_capacity(first.len() + self.outbox.bytes());
        joined.extend_from_slice(&first);
        while let Some(next) = self.outbox.pop() {
            joined.extend_from_slice(&next);
        }
        Some(Delivery::Events(joined.freeze()))
    }
}

impl Recipient for Queue {
    fn deliver(&self, batch: &Batch<'_>) {
        let mut state = self.state();
        if state.too_slow {
            return;
        }
        state.outbox.tell(batch.tally(WireForm::EventStream));
        for (event, overflow) in batch.frames(WireForm::EventStream) {
            if state.outbox.push(event.clone(), overflow) == Pushed::Overflowed {
                state.too_slow = true;
                break;
            }
        }
        if let Some(waker) = state.waker.take() {
            drop(state);
            waker.wake();
        }
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Queue")
            .field("bytes", &state.outbox.bytes())
            .field("too_slow", &state.too_slow)
            .finish_non_exhaustive()
    }
}
