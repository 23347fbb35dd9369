//! What is done with sessions.

use crate::{CloseReason, Message, Socket};
use http::request::Parts;

/// What a server does with its sessions.
pub trait Handler: Send + Sync + 'static {
    /// What it keeps for each session.
    type Session: Send + 'static;

    /// A session has opened, by this request.
    fn open(&self, socket: Socket, request: &Parts) -> Self::Session;

    /// A message arrived. Called in order of arrival, one at a time for a session; must not block.
    fn message(&self, session: &mut Self::Session, message: Message);

    /// The session has ended; the last call for it.
    fn close(&self, session: Self::Session, reason: CloseReason);
}
