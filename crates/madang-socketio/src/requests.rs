//! Requests to the other servers of a cluster, and what they answer.

use crate::ack::Responses;
use crate::proto::Args;
use crate::remote::SocketDetails;
use crate::shared::{Shared, lock};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::oneshot;

/// The requests that wait for answers.
pub(crate) struct Requests {
    uid: u64,
    last: AtomicU64,
    pending: Mutex<HashMap<u64, Request>>,
}

struct Request {
    answers: Answers,
    /// Dropped when nothing is missing any more.
    done: Option<oneshot::Sender<()>>,
}

/// What has been answered.
pub(crate) enum Answers {
    Sockets {
        missing: usize,
        sockets: Vec<SocketDetails>,
    },
    Acks {
        /// Servers that haven't said yet how many clients they have.
        uncounted: usize,
        responses: Responses,
    },
    Servers {
        responses: Responses,
    },
}

impl Answers {
    fn is_complete(&self) -> bool {
        match self {
            Self::Sockets { missing, .. } => *missing == 0,
            Self::Acks { uncounted, responses } => {
                *uncounted == 0 && responses.args.len() >= responses.expected
            }
            Self::Servers { responses } => responses.args.len() >= responses.expected,
        }
    }
}

impl Requests {
    pub(crate) fn new(uid: u64) -> Self {
        Self {
            uid,
            last: AtomicU64::new(0),
            pending: Mutex::default(),
        }
    }

    pub(crate) fn uid(&self) -> u64 {
        self.uid
    }

    pub(crate) fn sockets(&self, request: u64, more: Vec<SocketDetails>) {
        self.add(request, |answers| {
            if let Answers::Sockets { missing, sockets } = answers {
                *missing = missing.saturating_sub(1);
                sockets.extend(more);
            }
        });
    }

    pub(crate) fn client_count(&self, request: u64, count: usize) {
        self.add(request, |answers| {
            if let Answers::Acks { uncounted, responses } = answers {
                *uncounted = uncounted.saturating_sub(1);
                responses.expected += count;
            }
        });
    }

    pub(crate) fn ack(&self, request: u64, args: Args) {
        self.add(request, |answers| {
            if let Answers::Acks { responses, .. } = answers {
                responses.args.push(args);
            }
        });
    }

    pub(crate) fn answer(&self, request: u64, args: Args) {
        self.add(request, |answers| {
            if let Answers::Servers { responses } = answers {
                responses.args.push(args);
            }
        });
    }

    fn add(&self, request: u64, add: impl FnOnce(&mut Answers)) {
        if let Some(request) = lock(&self.pending).get_mut(&request) {
            add(&mut request.answers);
            if request.answers.is_complete() {
                request.done = None;
            }
        }
    }
}

/// A request's place, which goes with it.
pub(crate) struct Pending {
    shared: Arc<Shared>,
    id: u64,
    done: oneshot::Receiver<()>,
}

impl Pending {
    /// `None` if there are as many as may be.
    pub(crate) fn new(shared: &Arc<Shared>, answers: Answers, limit: usize) -> Option<Self> {
        let requests = &shared.requests;
        let (sender, done) = oneshot::channel();
        let mut pending = lock(&requests.pending);
        if pending.len() >= limit {
            return None;
        }
        let id = requests.last.fetch_add(1, Ordering::Relaxed);
        let request = Request {
            done: (!answers.is_complete()).then_some(sender),
            answers,
        };
        pending.insert(id, request);
        drop(pending);
        Some(Self {
            shared: shared.clone(),
            id,
            done,
        })
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// Everything, or what came in time.
    pub(crate) async fn finish(mut self, timeout: Duration) -> Option<Answers> {
        let _ = tokio::time::timeout(timeout, &mut self.done).await;
        let request = lock(&self.shared.requests.pending).remove(&self.id);
        request.map(|request| request.answers)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        lock(&self.shared.requests.pending).remove(&self.id);
    }
}
