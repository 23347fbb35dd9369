//! What can be refused, and whose fault it is.

use crate::proto::EncodeError;
use madang_hub::{InvalidName, LimitReached};
use std::fmt;

/// Why something isn't sent. Always the application's fault, or nobody's: that a client is gone is no fault.
///
/// ```
/// use madang_socketio::{EmitError, SocketIo};
///
/// let error = SocketIo::new().emit("disconnect", ()).unwrap_err();
/// assert!(matches!(error, EmitError::Reserved(_)));
/// assert_eq!(error.to_string(), r#""disconnect" is a reserved event name"#);
/// assert_eq!(error.code(), "sio_emit_reserved");
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmitError {
    /// Only the protocol's own events have this name: [`RESERVED_EVENTS`](crate::proto::RESERVED_EVENTS).
    #[error("\"{0}\" is a reserved event name")]
    Reserved(Box<str>),
    /// The arguments can't be encoded.
    #[error("the arguments can't be encoded: {0}")]
    Encode(#[source] EncodeError),
    /// The socket is disconnected.
    #[error("socket has been disconnected")]
    Disconnected,
    /// Too many acknowledgements are pending: [`Limits::pending_acks`](crate::Limits::pending_acks),
    /// [`Limits::pending_broadcasts`](crate::Limits::pending_broadcasts).
    #[error("{0} acknowledgements are pending already")]
    TooManyAcks(usize),
    /// The [`key`](crate::BroadcastOperator::key) is empty, too long, or has control characters.
    #[error("the key can't be one: {0}")]
    Key(#[source] InvalidName),
}

impl EmitError {
    /// A stable identifier for logs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Reserved(_) => "sio_emit_reserved",
            Self::Encode(_) => "sio_emit_encode",
            Self::Disconnected => "sio_emit_disconnected",
            Self::TooManyAcks(_) => "sio_emit_too_many_acks",
            Self::Key(_) => "sio_emit_key",
        }
    }

    pub(crate) fn check(event: &str) -> Result<(), Self> {
        if crate::proto::is_reserved(event) {
            return Err(Self::Reserved(event.into()));
        }
        Ok(())
    }
}

impl From<EncodeError> for EmitError {
    fn from(error: EncodeError) -> Self {
        Self::Encode(error)
    }
}

/// Why there is no acknowledgement.
///
/// ```
/// use madang_socketio::{AckError, Socket};
///
/// async fn ask(socket: &Socket) -> Option<u32> {
///     match socket.emit_with_ack("how many?", ()).await {
///         Ok(count) => Some(count),
///         Err(AckError::TimedOut | AckError::Disconnected) => None,
///         Err(error) => {
///             println!("{}: {error}", error.code());
///             None
///         }
///     }
/// }
/// # assert_eq!(AckError::TimedOut.code(), "sio_ack_timed_out");
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AckError {
    /// The event wasn't even sent.
    #[error(transparent)]
    Emit(#[from] EmitError),
    /// It took too long; what comes later is ignored.
    #[error("operation has timed out")]
    TimedOut,
    /// The client is gone.
    #[error("socket has been disconnected")]
    Disconnected,
    /// What the client answered is of another shape.
    #[error("the acknowledgement can't be read: {0}")]
    Read(#[from] crate::proto::ReadError),
}

impl AckError {
    /// A stable identifier for logs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Emit(error) => error.code(),
            Self::TimedOut => "sio_ack_timed_out",
            Self::Disconnected => "sio_ack_disconnected",
            Self::Read(_) => "sio_ack_shape",
        }
    }
}

/// Not everyone has acknowledged a broadcast, in time or in the right shape.
///
/// ```
/// use madang_socketio::{AckError, BroadcastError};
///
/// let error = BroadcastError { error: AckError::TimedOut, responses: vec![1, 2], expected: 3 };
/// assert_eq!(error.to_string(), "operation has timed out: 2 of 3 responses");
/// ```
#[derive(Clone, Debug)]
pub struct BroadcastError<T> {
    /// Why.
    pub error: AckError,
    /// Those that came.
    pub responses: Vec<T>,
    /// How many should have come.
    pub expected: usize,
}

impl<T> fmt::Display for BroadcastError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (error, came, expected) = (&self.error, self.responses.len(), self.expected);
        write!(f, "{error}: {came} of {expected} responses")
    }
}

impl<T: fmt::Debug> std::error::Error for BroadcastError<T> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

/// Why a socket isn't in a room.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use madang_socketio::{JoinError, SocketIo};
/// # let io = SocketIo::new();
/// # let page = Page::open(&io).await;
/// # let socket = io.sockets().remove(0);
/// assert!(matches!(socket.join(""), Err(JoinError::Name(_))));
/// socket.disconnect(false);
/// let error = socket.join("yard").unwrap_err();
/// assert_eq!(error.code(), "sio_join_disconnected");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JoinError {
    /// The room's name is empty, too long, or has control characters. With a namespace other than `/`, the namespace's name counts too.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// The socket is in too many rooms.
    #[error(transparent)]
    Limit(#[from] LimitReached),
    /// The socket is disconnected.
    #[error("socket has been disconnected")]
    Disconnected,
}

impl JoinError {
    /// A stable identifier for logs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Name(error) => error.code(),
            Self::Limit(error) => error.code(),
            Self::Disconnected => "sio_join_disconnected",
        }
    }
}
