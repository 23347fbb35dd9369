//! What is done with sessions.

use crate::{CloseReason, Message, Socket};
use http::request::Parts;

/// What a server does with its sessions.
///
/// The calls for one session come one at a time and in order: `open`, every `message`, `close`. None may block: others wait for the
/// thread. A panic costs what was being handled, and is logged.
pub trait Handler: Send + Sync + 'static {
    /// What it keeps for each session.
    type Session: Send + 'static;

    /// A session has opened, by this request. What is sent from here comes first.
    fn open(&self, socket: Socket, request: &Parts) -> Self::Session;

    /// A message arrived.
    fn message(&self, session: &mut Self::Session, message: Message);

    /// The session has ended; the last call for it.
    fn close(&self, session: Self::Session, reason: CloseReason);
}
