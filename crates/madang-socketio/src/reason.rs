//! Why a socket is gone, in Node's words.

use madang_engineio::CloseReason;
use std::fmt;

/// Why a socket has been disconnected.
///
/// ```
/// use madang_socketio::DisconnectReason;
///
/// assert_eq!(DisconnectReason::ClientNamespaceDisconnect.as_str(), "client namespace disconnect");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DisconnectReason {
    /// `transport error`: the connection failed.
    TransportError,
    /// `transport close`: the connection ended, for instance since the page was closed.
    TransportClose,
    /// `forced close`: the client broke the protocol of packets, or [`Client`](crate::Client) was closed.
    ForcedClose,
    /// `ping timeout`: the client doesn't answer any more.
    PingTimeout,
    /// `parse error`: the client broke the protocol of the transport.
    ParseError,
    /// `server shutting down`: [`SocketIo::close`](crate::SocketIo::close).
    ServerShuttingDown,
    /// `forced server close`: the client spoke to a namespace that it isn't in.
    ForcedServerClose,
    /// `client namespace disconnect`: the client called `disconnect()`.
    ClientNamespaceDisconnect,
    /// `server namespace disconnect`: [`Socket::disconnect`](crate::Socket::disconnect).
    ServerNamespaceDisconnect,
}

impl DisconnectReason {
    /// Node's word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TransportError => "transport error",
            Self::TransportClose => "transport close",
            Self::ForcedClose => "forced close",
            Self::PingTimeout => "ping timeout",
            Self::ParseError => "parse error",
            Self::ServerShuttingDown => "server shutting down",
            Self::ForcedServerClose => "forced server close",
            Self::ClientNamespaceDisconnect => "client namespace disconnect",
            Self::ServerNamespaceDisconnect => "server namespace disconnect",
        }
    }

    /// Whether the client may come back and find its state: it didn't leave on purpose, nor was it sent away.
    pub(crate) const fn is_recoverable(self) -> bool {
        matches!(
            self,
            Self::TransportError
                | Self::TransportClose
                | Self::ForcedClose
                | Self::PingTimeout
                | Self::ServerShuttingDown
                | Self::ForcedServerClose
        )
    }
}

impl fmt::Display for DisconnectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<CloseReason> for DisconnectReason {
    fn from(reason: CloseReason) -> Self {
        match reason {
            CloseReason::PingTimeout => Self::PingTimeout,
            CloseReason::TransportError => Self::TransportError,
            CloseReason::ParseError => Self::ParseError,
            CloseReason::ForcedClose => Self::ForcedClose,
            _ => Self::TransportClose,
        }
    }
}
