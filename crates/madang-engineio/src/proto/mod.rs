//! The protocol without clock and socket.

use bytes::Bytes;
use madang_hub::WireForm;
use madang_ws::Message;

/// Version of the protocol: the `EIO` of the query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// Engine.IO 3, of Socket.IO 1 and 2.
    V3,
    /// Engine.IO 4.
    V4,
}

/// The transports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TransportKind {
    /// HTTP long-polling.
    Polling,
    /// WebSocket.
    WebSocket,
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CloseReason {
    /// `ping timeout`
    PingTimeout,
    /// `transport error`
    TransportError,
    /// `transport close`
    TransportClose,
    /// `parse error`
    ParseError,
    /// `forced close`
    ForcedClose,
}

/// The bytes of messages that go together, in one of the Engine.IO forms.
pub fn encode_messages(form: WireForm, messages: &[Message], compress: bool) -> Bytes {
    let _ = (form, messages, compress);
    Bytes::new()
}
