//! How a connection can end.

use crate::proto::{CloseCode, Fault, Refused, TimedOut};
use std::io;

/// Why a connection ended, or why something can't be sent on it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The peer is at fault: it broke a rule, or crossed a limit. It was told by a close frame.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The connection is closed or closing: nothing more can be sent.
    #[error("the connection is closing: nothing more can be sent")]
    Closed,
    /// The stream ended without a close frame (close code 1006 in browsers).
    #[error("the connection was lost: the stream ended without a close frame")]
    Lost,
    /// The peer reads too slowly: a publication didn't fit into what may wait for it
    /// ([`Limits::queued`](crate::Limits::queued)). It was told by close code 1008, if it reads on.
    #[error("the peer reads too slowly: {limit} bytes were waiting for it")]
    TooSlow {
        /// The limit that was crossed, in bytes.
        limit: usize,
    },
    /// The peer didn't do something in time.
    #[error(transparent)]
    TimedOut(#[from] TimedOut),
    /// The stream failed.
    #[error("the stream failed: {0}")]
    Io(#[from] io::Error),
}

impl Error {
    /// A stable name for logs, metrics and `docs/error-codes.md`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Fault(fault) => fault.code(),
            Self::Closed => "ws_closed",
            Self::Lost => "ws_lost",
            Self::TooSlow { .. } => "ws_too_slow",
            Self::TimedOut(TimedOut::Pings(_)) => "ws_ping_timeout",
            Self::TimedOut(TimedOut::Close(_)) => "ws_close_timeout",
            Self::Io(_) => "ws_io",
        }
    }

    /// The close code that the peer was sent on this account, if any.
    pub fn close_code(&self) -> Option<CloseCode> {
        match self {
            Self::Fault(fault) => Some(fault.close_code()),
            Self::TooSlow { .. } => Some(CloseCode::POLICY),
            _ => None,
        }
    }
}

impl From<Refused> for Error {
    fn from(_: Refused) -> Self {
        Self::Closed
    }
}
