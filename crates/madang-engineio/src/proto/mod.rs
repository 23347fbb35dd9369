//! The protocol without clock and socket.
//!
//! ```text
//! query ─▶ handshake ─▶ Session ◀─ packet ◀─ payload, payload3, jsonp ◀─ bodies
//!             error       │ time is an argument     encode ─▶ publications of a hub
//! ```
//!
//! A [`Session`] is told what arrived ([`get`](Session::get), [`post`](Session::post), [`receive`](Session::receive),
//! [`receive_probe`](Session::receive_probe)) and what to send ([`push`](Session::push)); it says what is to be done
//! ([`Received`], [`Probe`], [`answer`](Session::answer)), when it wants to be called again ([`poll_timeout`](Session::poll_timeout)), and why it
//! ended ([`closed`](Session::closed)).

mod encode;
mod error;
mod handshake;
mod heartbeat;
mod jsonp;
mod packet;
mod payload;
mod payload3;
mod polling;
mod session;

pub use encode::encode_messages;
pub use error::ErrorCode;
pub use handshake::{Open, Query};
pub use heartbeat::Timing;
pub use jsonp::Jsonp;
pub use packet::{InvalidPacket, Packet};
pub use payload::Payload;
pub use payload3::Payload3;
pub use polling::Answer;
pub use session::{Overlap, Probe, Received, Session};

use std::fmt;

/// Version of the protocol: the `EIO` of the query.
///
/// ```
/// use madang_engineio::{Message, Protocol, proto::Packet};
///
/// let packet = Packet::Message(Message::from(vec![7]));
/// assert_eq!(packet.to_message(Protocol::V4), Message::from(vec![7]));
/// assert_eq!(packet.to_message(Protocol::V3), Message::from(vec![4, 7])); // its type first
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// Engine.IO 3, of Socket.IO 1 and 2.
    V3,
    /// Engine.IO 4.
    V4,
}

/// The transports.
///
/// ```
/// use madang_engineio::TransportKind;
///
/// assert_eq!(TransportKind::Polling.as_str(), "polling");
/// assert_eq!(format!("transport={}", TransportKind::WebSocket), "transport=websocket");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TransportKind {
    /// HTTP long-polling.
    Polling,
    /// WebSocket.
    WebSocket,
}

impl TransportKind {
    /// Its name in queries and handshakes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Polling => "polling",
            Self::WebSocket => "websocket",
        }
    }
}

impl fmt::Display for TransportKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a session ended, in Node's words.
///
/// ```
/// use madang_engineio::CloseReason;
///
/// assert_eq!(CloseReason::PingTimeout.as_str(), "ping timeout");
/// assert_eq!(CloseReason::TransportClose.to_string(), "transport close");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CloseReason {
    /// `ping timeout`: the heartbeat wasn't answered, or didn't come.
    PingTimeout,
    /// `transport error`: the connection failed, or the client broke the rules of the transport.
    TransportError,
    /// `transport close`: the client closed the session or its connection.
    TransportClose,
    /// `parse error`: the client sent what isn't a packet.
    ParseError,
    /// `forced close`: the server closed it, or the client read too slowly.
    ForcedClose,
}

impl CloseReason {
    /// Node's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PingTimeout => "ping timeout",
            Self::TransportError => "transport error",
            Self::TransportClose => "transport close",
            Self::ParseError => "parse error",
            Self::ForcedClose => "forced close",
        }
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
