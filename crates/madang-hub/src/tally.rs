//! What the policies did to slow readers: counted for the hub, and told to the reader.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;

use crate::{
    publication::{Publication, WireForm},
    stats::Stats,
    sync::{Mutex, lock},
};

/// Where a hub counts what its policies do to slow readers, and what these are told, in one wire form. A recipient gets it from
/// [`Batch::tally`](crate::Batch::tally) and gives it to its outbox ([`Outbox::tell`](crate::Outbox::tell)). Cloning is cheap.
#[derive(Clone)]
pub struct Tally {
    inner: Arc<Inner>,
}

impl Tally {
    /// Counts a volatile publication that was dropped without passing through an outbox.
    pub fn count_volatile(&self) {
        self.count().volatile.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_dropped(&self, entries: usize) {
        self.count().dropped.fetch_add(entries as u64, Ordering::Relaxed);
    }

    pub(crate) fn count_replaced(&self) {
        self.count().replaced.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_disconnected(&self) {
        self.count().disconnected.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    pub(crate) fn has_notice(&self) -> bool {
        lock(&self.inner.shared.notice).is_some()
    }

    /// What somebody is told who missed so many publications; nothing if there is no notice, or none in this form.
    pub(crate) fn notice(&self, skipped: u64) -> Bytes {
        let Some(make) = lock(&self.inner.shared.notice).clone() else {
            return Bytes::new();
        };
        let encode = || make(skipped).encoded(self.inner.form).clone();
        // The application's code, in the middle of a connection's: a panic costs the notice alone.
        catch_unwind(AssertUnwindSafe(encode)).unwrap_or_default()
    }

    fn count(&self) -> &Shared {
        &self.inner.shared
    }
}

impl fmt::Debug for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tally")
            .field("form", &self.inner.form)
            .finish_non_exhaustive()
    }
}

/// The tallies of one hub: one for each form, made once, so that an outbox keeps a pointer and no more.
pub(crate) struct Tallies {
    forms: [Tally; WireForm::COUNT],
    shared: Arc<Shared>,
}

impl Tallies {
    pub(crate) fn new() -> Self {
        let shared = Arc::new(Shared::default());
        let tally = |form| Tally {
            inner: Arc::new(Inner {
                form,
                shared: shared.clone(),
            }),
        };
        Self {
            forms: WireForm::ALL.map(tally),
            shared,
        }
    }

    pub(crate) fn of(&self, form: WireForm) -> &Tally {
        &self.forms[form as usize]
    }

    pub(crate) fn set_notice(&self, notice: Notice) {
        // What was there before is dropped after the lock.
        let _before = lock(&self.shared.notice).replace(notice);
    }

    pub(crate) fn add_to(&self, stats: &mut Stats) {
        let Shared {
            dropped,
            replaced,
            volatile,
            disconnected,
            ..
        } = &*self.shared;
        stats.dropped += dropped.load(Ordering::Relaxed);
        stats.replaced += replaced.load(Ordering::Relaxed);
        stats.volatile += volatile.load(Ordering::Relaxed);
        stats.disconnected += disconnected.load(Ordering::Relaxed);
    }
}

pub(crate) type Notice = Arc<dyn Fn(u64) -> Publication + Send + Sync>;

struct Inner {
    form: WireForm,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    dropped: AtomicU64,
    replaced: AtomicU64,
    volatile: AtomicU64,
    disconnected: AtomicU64,
    notice: Mutex<Option<Notice>>,
}
