//! What all sessions of a server share.

use crate::clock::Clock;
use crate::id::Sid;
use crate::live::{Live, Remote};
use crate::proto::Timing;
use crate::{Config, Handler};
use madang_ws::server::ServerConfig;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(crate) struct Server<H: Handler> {
    config: Config,
    timing: Arc<Timing>,
    websocket: ServerConfig,
    handler: H,
    clock: Arc<Clock>,
    sessions: Mutex<HashMap<Sid, Arc<Live<H>>>>,
    closed: AtomicBool,
}

impl<H: Handler> Server<H> {
    pub(crate) fn new(config: Config, handler: H) -> Self {
        let timing = Timing {
            ping_interval: config.ping_interval,
            ping_timeout: config.ping_timeout,
            upgrade_timeout: config.upgrade_timeout,
        };
        let mut websocket = ServerConfig::default();
        websocket.acceptor.deflate = config.per_message_deflate;
        websocket.limits.message = config.max_http_buffer_size;
        websocket.limits.frame = config.max_http_buffer_size;
        websocket.limits.queued = config.send_limit;
        Self {
            config,
            timing: Arc::new(timing),
            websocket,
            handler,
            clock: Clock::new(),
            sessions: Mutex::default(),
            closed: AtomicBool::new(false),
        }
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    pub(crate) fn timing(&self) -> &Arc<Timing> {
        &self.timing
    }

    pub(crate) fn websocket(&self) -> &ServerConfig {
        &self.websocket
    }

    pub(crate) fn handler(&self) -> &H {
        &self.handler
    }

    pub(crate) fn clock(&self) -> &Arc<Clock> {
        &self.clock
    }

    pub(crate) fn insert(&self, live: &Arc<Live<H>>) {
        self.clock.start();
        self.lock().insert(live.sid(), live.clone());
        // Closed between the check at the entry and now.
        if self.is_closed() {
            live.close(true);
        }
    }

    pub(crate) fn find(&self, sid: &str) -> Option<Arc<Live<H>>> {
        let sid = Sid::parse(sid)?;
        self.lock().get(&sid).cloned()
    }

    pub(crate) fn remove(&self, sid: Sid) {
        let mut sessions = self.lock();
        // Dropped after the lock: it may be the last handle.
        let _removed = sessions.remove(&sid);
        // A crowd that has left mustn't keep its table.
        if sessions.capacity() > SPARE_SESSIONS && sessions.len() * 4 < sessions.capacity() {
            sessions.shrink_to_fit();
        }
        drop(sessions);
    }

    pub(crate) fn count(&self) -> usize {
        self.lock().len()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        let sessions: Vec<_> = self.lock().values().cloned().collect();
        for live in sessions {
            live.close(true);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Sid, Arc<Live<H>>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Table entries that are kept whatever happens: some tens of KiB.
const SPARE_SESSIONS: usize = 1024;
