//! A line: a TCP port that leads to the back, counts exactly what passes, and has the weather of its run.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use serde::Serialize;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::sync::{CancellationToken, DropGuard};
use utoipa::ToSchema;

use super::conditions::Conditions;
use super::flow;

/// An open line. Dropped, its port is closed and its connections are cut.
#[derive(Debug)]
pub struct Line {
    addr: SocketAddr,
    counts: Arc<Counts>,
    _open: DropGuard,
}

/// What passed through a line since it was opened. Bytes are those of TCP's payload, so with all headers of HTTP and
/// frames of WebSocket, and without what TCP and IP add themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Counted {
    /// Connections that were let through.
    pub connections: u64,
    /// Connections that are through now.
    pub open: u64,
    /// Connections that were refused, or got no answer from the back.
    pub refused: u64,
    /// Requests of HTTP, the one that asks for an upgrade included.
    pub requests: u64,
    /// Bytes from clients.
    pub bytes_up: u64,
    /// Bytes to clients.
    pub bytes_down: u64,
}

/// [`Counted`], while it counts.
#[derive(Debug, Default)]
pub(super) struct Counts {
    connections: AtomicU64,
    open: AtomicUsize,
    refused: AtomicU64,
    pub(super) requests: AtomicU64,
    pub(super) bytes_up: AtomicU64,
    pub(super) bytes_down: AtomicU64,
}

impl Line {
    /// Connections that are through at once: what the most simulated clients need, each with a connection to poll and
    /// one to go over to, and as many again for those that begin while others end.
    pub const CONNECTIONS: usize = 4096;

    /// Leads from an open port to the back, in the weather of `conditions`, for so many connections at once.
    ///
    /// # Errors
    /// The port is gone already.
    pub fn open(
        listener: TcpListener,
        back: SocketAddr,
        conditions: watch::Receiver<Conditions>,
        most: usize,
    ) -> io::Result<Self> {
        let addr = listener.local_addr()?;
        let open = CancellationToken::new();
        let counts = Arc::<Counts>::default();
        let accepting = accept(listener, back, conditions, most, counts.clone(), open.clone());
        tokio::spawn(open.clone().run_until_cancelled_owned(accepting));
        Ok(Self {
            addr,
            counts,
            _open: open.drop_guard(),
        })
    }

    /// Where it begins.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What passed so far.
    pub fn counted(&self) -> Counted {
        let counts = &self.counts;
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Counted {
            connections: of(&counts.connections),
            open: counts.open.load(Ordering::Relaxed) as u64,
            refused: of(&counts.refused),
            requests: of(&counts.requests),
            bytes_up: of(&counts.bytes_up),
            bytes_down: of(&counts.bytes_down),
        }
    }
}

async fn accept(
    listener: TcpListener,
    back: SocketAddr,
    conditions: watch::Receiver<Conditions>,
    most: usize,
    counts: Arc<Counts>,
    open: CancellationToken,
) {
    loop {
        let client = match listener.accept().await {
            Ok((client, _)) => client,
            Err(error) => {
                // Most likely out of file descriptors: the next attempt would fail at once.
                tracing::warn!(%error, "a line can't accept connections");
                sleep(Duration::from_millis(200)).await;
                continue;
            }
        };
        let full = counts.open.load(Ordering::Relaxed) >= most;
        if full || conditions.borrow().offline {
            counts.refused.fetch_add(1, Ordering::Relaxed);
            refuse(&client);
            continue;
        }
        counts.open.fetch_add(1, Ordering::Relaxed);
        let place = Place(counts.clone());
        let connection = connection(client, back, conditions.clone(), place);
        tokio::spawn(open.clone().run_until_cancelled_owned(connection));
    }
}

/// One connection, until one side ends it or the weather does.
async fn connection(
    client: TcpStream,
    back: SocketAddr,
    mut conditions: watch::Receiver<Conditions>,
    place: Place,
) {
    let counts = &*place.0;
    let Ok(mut server) = TcpStream::connect(back).await else {
        counts.refused.fetch_add(1, Ordering::Relaxed);
        return refuse(&client);
    };
    counts.connections.fetch_add(1, Ordering::Relaxed);
    let mut client = client;
    let passing = flow::both_ways(&mut client, &mut server, conditions.clone(), counts);
    tokio::select! {
        passed = passing => if let Err(error) = passed {
            tracing::debug!(%error, "a connection through a line broke");
        },
        // Its sender ends only with the run.
        _ = conditions.wait_for(|conditions| conditions.offline) => {}
    }
    // What a cable that is pulled out does: no farewell.
    refuse(&client);
    refuse(&server);
}

/// Has the connection reset when it's dropped, instead of closed in peace.
fn refuse(stream: &TcpStream) {
    if let Err(error) = stream.set_zero_linger() {
        tracing::debug!(%error, "a connection can't be reset");
    }
}

/// The place of a connection among those that a line may have.
#[derive(Debug)]
struct Place(Arc<Counts>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}
