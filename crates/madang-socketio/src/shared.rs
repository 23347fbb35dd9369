//! What everything of one server has in common.

use crate::proto::Parser;
use crate::requests::Requests;
use crate::{Adapter, ClientFiles, ConnectionStateRecovery, Limits};
use futures_util::FutureExt;
use http::Extensions;
use madang_hub::{Flusher, Hub};
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

/// Something of the application's that runs.
pub(crate) type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

pub(crate) struct Shared {
    pub(crate) hub: Hub,
    /// Whether somebody else is in its rooms too.
    pub(crate) has_others: bool,
    pub(crate) parser: Parser,
    pub(crate) limits: Limits,
    pub(crate) path: Box<str>,
    pub(crate) max_attachments: usize,
    pub(crate) connect_timeout: Duration,
    pub(crate) recovery: Option<ConnectionStateRecovery>,
    /// How long a dead connection may go unnoticed.
    pub(crate) unnoticed: Duration,
    pub(crate) cleanup_empty_child_namespaces: bool,
    pub(crate) state: Extensions,
    pub(crate) runtime: OnceLock<Handle>,
    /// Until there is a runtime to spawn it on.
    pub(crate) flusher: Mutex<Option<Flusher>>,
    pub(crate) served: AtomicUsize,
    pub(crate) adapter: Option<Arc<dyn Adapter>>,
    pub(crate) requests: Requests,
    pub(crate) files: Option<ClientFiles>,
}

impl Shared {
    /// Remembers the runtime of the caller, if it has one.
    pub(crate) fn enter_runtime(&self) {
        if self.runtime.get().is_some() {
            return;
        }
        let Ok(handle) = Handle::try_current() else {
            return;
        };
        let handle = self.runtime.get_or_init(|| handle);
        if let Some(flusher) = lock(&self.flusher).take() {
            handle.spawn(flusher);
        }
    }

    /// Runs it here up to its first await, and leaves the rest to the runtime.
    pub(crate) fn run(&self, mut task: Task) {
        // Whoever calls from a thread of its own has no runtime around it, which handlers rely on.
        let runtime = self.runtime.get().filter(|_| tokio::task::try_id().is_none());
        let _entered = runtime.map(Handle::enter);
        let mut context = Context::from_waker(Waker::noop());
        // Once it is spawned it is polled again, so that a wake that is missed here isn't missed.
        if task.as_mut().poll(&mut context) == Poll::Pending {
            self.spawn(task);
        }
    }

    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        match self.runtime.get() {
            Some(runtime) => drop(runtime.spawn(task)),
            None => tracing::error!("a handler awaits outside of a tokio runtime, and was dropped"),
        }
    }

    /// Everything of one client goes through one shard, since it is one recipient.
    pub(crate) fn next_shard(&self) -> usize {
        self.served.fetch_add(1, Ordering::Relaxed) % self.hub.shards().get()
    }
}

/// What a panic says, if one stops the future.
pub(crate) async fn catch<T>(future: impl Future<Output = T>) -> Result<T, String> {
    AssertUnwindSafe(future)
        .catch_unwind()
        .await
        .map_err(|panic| panic_message(&*panic))
}

pub(crate) fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (None, Some(text)) => text.clone(),
        (None, None) => "a panic without text".to_owned(),
    }
}

/// The time, which tests can stop.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// No lock of this crate is held while code of the application runs, so that what a panic leaves behind is whole.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
