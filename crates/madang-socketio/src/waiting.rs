//! `connect_timeout`: who has been let into no namespace in time is sent away.

use crate::client::ClientInner;
use crate::registry::Server;
use crate::shared::lock;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Clients in the order in which they came, which is that of their deadlines: one timer for all of them.
#[derive(Default)]
pub(crate) struct Waiting {
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    /// The last ticket that has been given.
    last: Ticket,
    entries: BTreeMap<Ticket, (Instant, Weak<ClientInner>)>,
    is_watched: bool,
}

/// A client's place in the queue; never 0.
pub(crate) type Ticket = u64;

impl Waiting {
    /// The client has this long from now on.
    pub(crate) fn enter(&self, server: &Arc<Server>, client: &Arc<ClientInner>, time: Duration) -> Ticket {
        // Far enough for anybody who wants no limit.
        const FOREVER: Duration = Duration::from_secs(100 * 365 * 86_400);
        let mut queue = lock(&self.queue);
        let deadline = Instant::now() + time.min(FOREVER);
        queue.last += 1;
        let ticket = queue.last;
        queue.entries.insert(ticket, (deadline, Arc::downgrade(client)));
        if !queue.is_watched {
            queue.is_watched = true;
            server.shared.spawn(watch(Arc::downgrade(server), deadline));
        }
        ticket
    }

    /// The client is in, or gone.
    pub(crate) fn leave(&self, ticket: Ticket) {
        lock(&self.queue).entries.remove(&ticket);
    }

    /// Those whose time is up, and when the next one's is.
    fn expired(&self, now: Instant) -> (Vec<Arc<ClientInner>>, Option<Instant>) {
        let mut queue = lock(&self.queue);
        let mut expired = Vec::new();
        while let Some(first) = queue.entries.first_entry() {
            if first.get().0 > now {
                return (expired, Some(first.get().0));
            }
            expired.extend(first.remove().1.upgrade());
        }
        queue.is_watched = false;
        (expired, None)
    }
}

/// Runs as long as anybody waits.
async fn watch(server: Weak<Server>, first: Instant) {
    let mut next = Some(first);
    while let Some(deadline) = next {
        sleep_until(deadline).await;
        let Some(server) = server.upgrade() else { return };
        let (expired, then) = server.waiting.expired(Instant::now());
        for client in expired {
            client.expire();
        }
        next = then;
    }
}
