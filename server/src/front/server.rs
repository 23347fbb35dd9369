//! Opening and closing the front.

use std::net::SocketAddr;

use thiserror::Error;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::app;
use super::pages::{Pages, TemplateError};
use crate::listener::{ConnectionLimits, Listener};

/// The front, running.
#[derive(Debug)]
pub struct Front {
    addr: SocketAddr,
    stop: CancellationToken,
    tasks: TaskTracker,
    accepting: JoinHandle<()>,
}

/// Why the front could not open.
#[derive(Debug, Error)]
pub enum OpenError {
    /// A template is wrong.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The back's address can't be told to a browser.
    #[error("the back's address can't stand in a header")]
    BackUrl(#[from] http::header::InvalidHeaderValue),
}

impl Front {
    /// Serves the pages on an open port; `back_url` is where a browser finds the back, such as `ws://127.0.0.1:3000`.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(listener: Listener, back_url: &str, limits: ConnectionLimits) -> Result<Self, OpenError> {
        let router = app::router(Pages::new(back_url)?, back_url)?;
        let (addr, stop, tasks) = (listener.addr(), CancellationToken::new(), TaskTracker::new());
        let accepting = tokio::spawn(listener.serve(router, limits, stop.clone(), tasks.clone()));
        Ok(Self {
            addr,
            stop,
            tasks,
            accepting,
        })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Stops accepting, and waits until the requests under way are answered.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, the port is closed all the same, and the answers go on.
    pub async fn close(self) {
        self.stop.cancel();
        self.tasks.close();
        // The task ends by itself once told to; it has no panic to pass on.
        let _ = self.accepting.await;
        self.tasks.wait().await;
    }
}
