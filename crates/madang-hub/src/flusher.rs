//! The future that delivers.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use crate::shard::Shard;

/// Delivers what was published in one shard: once per turn of the executor that it was spawned on, however many publications there were.
///
/// It is woken by the first operation of a turn and by no other. It ends after the last [`Hub`](crate::Hub) and
/// [`Membership`](crate::Membership) are gone. It belongs to no runtime: any executor, or a thread that blocks on it, will do. Dropping it
/// early loses nothing but time: publishers then deliver when [`Limits::turn_log`](crate::Limits::turn_log) is reached.
#[must_use = "nothing is delivered in time unless the flusher is spawned"]
pub struct Flusher {
    shard: Arc<Shard>,
}

impl Flusher {
    pub(crate) fn new(shard: Arc<Shard>) -> Self {
        Self { shard }
    }
}

impl Future for Flusher {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.shard.flush(Some(cx.waker())) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl fmt::Debug for Flusher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flusher").finish_non_exhaustive()
    }
}
