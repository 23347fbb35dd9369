//! What a request is refused with.

use http::StatusCode;
use std::fmt;

/// Engine.IO's error codes; a body says `{"code":1,"message":"Session ID unknown"}`.
///
/// ```
/// use madang_engineio::ErrorCode;
///
/// assert_eq!((ErrorCode::UnknownSid.as_u8(), ErrorCode::UnknownSid.status().as_u16()), (1, 400));
/// assert_eq!(ErrorCode::UnknownSid.message(), "Session ID unknown");
/// assert_eq!(ErrorCode::Forbidden.status().as_u16(), 403);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ErrorCode {
    /// The transport doesn't exist or isn't enabled.
    UnknownTransport = 0,
    /// There is no such session, or no longer.
    UnknownSid = 1,
    /// A session is opened by GET.
    BadHandshakeMethod = 2,
    /// The request doesn't fit the session or the transport.
    BadRequest = 3,
    /// [`Config::allow_request`](crate::Config::allow_request) said no.
    Forbidden = 4,
    /// The client's version isn't spoken here.
    UnsupportedProtocolVersion = 5,
}

impl ErrorCode {
    /// The number.
    pub fn as_u8(self) -> u8 {
        self as u8
    }

    /// Node's message.
    pub fn message(self) -> &'static str {
        match self {
            Self::UnknownTransport => "Transport unknown",
            Self::UnknownSid => "Session ID unknown",
            Self::BadHandshakeMethod => "Bad handshake method",
            Self::BadRequest => "Bad request",
            Self::Forbidden => "Forbidden",
            Self::UnsupportedProtocolVersion => "Unsupported protocol version",
        }
    }

    /// The status of the answer to a polling request; to a WebSocket handshake it is always 400.
    pub fn status(self) -> StatusCode {
        match self {
            Self::Forbidden => StatusCode::FORBIDDEN,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}
