//! The service.

use crate::{Config, Handler};
use std::sync::Arc;

/// An Engine.IO server.
#[derive(Debug)]
pub struct EngineIo<H> {
    handler: Arc<H>,
}

impl<H: Handler> EngineIo<H> {
    /// A server with these options.
    pub fn new(config: Config, handler: H) -> Self {
        let _ = config;
        Self {
            handler: Arc::new(handler),
        }
    }

    /// The handler.
    pub fn handler(&self) -> &H {
        &self.handler
    }
}
