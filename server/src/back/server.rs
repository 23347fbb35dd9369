//! Opening the back, and closing it without losing what it had accepted.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use http::header::InvalidHeaderValue;
use madang_hub::{Hub, Publication};
use madang_socketio::SocketIo;
use madang_ws::Message;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::app::{self, App, BackSettings};
use super::lab;
use super::rooms::{Rooms, Wire, address};
use super::{market, scores, seats, socketio, tidying};
use crate::config::SlowReaders;
use crate::lab::{Runs, Site};
use crate::listener::Listener;
use crate::market::ReplayHandle;
use crate::store::Store;

/// How long a stopping server gives its connections to finish: what process supervisors commonly wait for at least.
pub const DRAIN_TIME: Duration = Duration::from_secs(10);

/// The back, running.
#[derive(Debug)]
pub struct Back {
    addr: SocketAddr,
    store: Store,
    replay: Option<ReplayHandle>,
    io: SocketIo,
    stop: CancellationToken,
    tasks: TaskTracker,
    accepting: JoinHandle<()>,
    runs: Arc<Runs>,
}

impl Back {
    /// Serves WebSocket, Socket.IO and health on an open port.
    ///
    /// # Errors
    /// An allowed origin cannot stand in a header.
    pub fn open(
        listener: Listener,
        store: Store,
        settings: &BackSettings,
    ) -> Result<Self, InvalidHeaderValue> {
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let shards = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let (hub, flushers) = Hub::sharded(shards);
        // They end with the last handle of the hub, which the connections hold.
        for flusher in flushers {
            tokio::spawn(flusher);
        }
        let origins = &settings.allowed_origins;
        let io = socketio::server(&hub, origins, stop.clone());
        let namespace = io.main().clone();
        for SlowReaders { room, policy } in &settings.slow_readers {
            if let Err(error) = hub.set_policy(&address(room), *policy) {
                tracing::warn!(%error, room = room.as_str(), "slow readers are disconnected here too");
            }
        }
        let wire = Wire {
            hub,
            namespace,
            market: io.of(market::NAMESPACE),
        };
        let rooms = Rooms::new(wire, store.clone(), stop.clone(), tasks.clone());
        let app = Arc::new(App::new(
            store.clone(),
            rooms,
            &io,
            settings,
            stop.clone(),
            tasks.clone(),
        ));
        socketio::attach(&io, &app);
        market::socketio::attach(&io, &app);
        let feed = app.market.feed(&settings.market);
        tasks.spawn(app.market.clone().run(feed, stop.clone()));
        let watching = app.clone();
        tasks.spawn(async move {
            tokio::join!(
                watching.rooms.keep_watch(),
                watching.people.keep_watch(&watching.stop)
            )
        });
        if let Some(script) = settings.scores.replay.clone() {
            tasks.spawn(scores::play(app.clone(), script, settings.scores.speed));
        }
        tasks.spawn(seats::tend(app.clone()));
        tasks.spawn(tidying::tidy(store.clone(), stop.clone()));
        // Weak, since the hub keeps it.
        let telling = Arc::downgrade(&app);
        app.rooms
            .wire()
            .hub
            .set_notice(move |skipped| match telling.upgrade() {
                Some(app) => app.rooms.wire().notice(skipped),
                // Everybody is being sent away.
                None => Publication::from(Message::from("")),
            });
        let replay = app.market.replay().cloned();
        let addr = listener.addr();
        let announce = lab::announce(app.clone());
        let runs = Arc::new(Runs::new(Site::beside(
            addr,
            settings.lab_ports.clone(),
            announce,
        )));
        let router = app::router(app, runs.clone(), &io, origins)?;
        let accepting = tokio::spawn(listener.serve(router, settings.limits, stop.clone(), tasks.clone()));
        Ok(Self {
            addr,
            store,
            replay,
            io,
            stop,
            tasks,
            accepting,
            runs,
        })
    }

    /// Where everybody is, by whichever way they came.
    pub fn hub(&self) -> &Hub {
        self.io.hub()
    }

    /// What turns the market's replay, if a file is played.
    pub fn replay(&self) -> Option<ReplayHandle> {
        self.replay.clone()
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Stops accepting, closes every connection (a WebSocket with 1001) once its command under way is answered, waits for them at
    /// most [`DRAIN_TIME`], and closes the database. Returns whether all of them ended in time.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, the server still stops, but nobody waits for it.
    pub async fn close(self) -> bool {
        self.runs.end_all();
        self.stop.cancel();
        self.tasks.close();
        // The task ends by itself once told to; it has no panic to pass on.
        let _ = self.accepting.await;
        let tasks = tokio::time::timeout(DRAIN_TIME, self.tasks.wait());
        let (in_time, ()) = tokio::join!(tasks, socketio::close(&self.io));
        let in_time = in_time.is_ok();
        if !in_time {
            tracing::warn!(
                connections = self.tasks.len(),
                "connections cut off: they did not end in time"
            );
        }
        if let Err(error) = self.store.close().await {
            tracing::warn!(%error, "the database did not close well");
        }
        in_time
    }
}
