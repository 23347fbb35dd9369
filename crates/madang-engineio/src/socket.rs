//! A session as its handler sees it.

use crate::{Message, Protocol, TransportKind};
use madang_hub::Recipient;
use std::net::SocketAddr;
use std::sync::Arc;

/// A handle to a session. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Socket {}

impl Socket {
    /// The session id, which is a secret: whoever knows it can speak for the session.
    pub fn session_id(&self) -> &str {
        unimplemented!()
    }
    /// The protocol's version.
    pub fn protocol(&self) -> Protocol {
        unimplemented!()
    }
    /// The transport in use.
    pub fn transport(&self) -> TransportKind {
        unimplemented!()
    }
    /// Where the first request came from, if the server knows.
    pub fn remote_addr(&self) -> Option<SocketAddr> {
        unimplemented!()
    }
    /// Sends a message at once, in no promised order with what the hub delivers.
    pub fn send(&self, message: Message) {
        let _ = message;
        unimplemented!()
    }
    /// The session as a recipient of a hub's publications.
    pub fn recipient(&self) -> Arc<dyn Recipient> {
        unimplemented!()
    }
    /// Whether the transport would take something at once.
    pub fn is_writable(&self) -> bool {
        unimplemented!()
    }
    /// Bytes that wait for the client.
    pub fn buffered_bytes(&self) -> usize {
        unimplemented!()
    }
    /// Ends the session with [`CloseReason::ForcedClose`](crate::CloseReason); what waits is sent first, unless it's discarded.
    pub fn close(&self, discard: bool) {
        let _ = discard;
        unimplemented!()
    }
}
