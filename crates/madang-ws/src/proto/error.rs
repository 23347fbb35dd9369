//! What can be wrong with what the peer sent: whose fault, which rule, which close code.

use super::CloseCode;

/// Why a connection is failed by this end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The peer broke a rule of the protocol.
    #[error("the peer violated the protocol: {0}")]
    Violation(#[from] Violation),
    /// The peer sent more than this end takes.
    #[error("a limit was exceeded: {0}")]
    Limit(#[from] LimitExceeded),
}

impl Fault {
    /// The close code that tells the peer.
    pub fn close_code(self) -> CloseCode {
        match self {
            Self::Violation(violation) => violation.close_code(),
            Self::Limit(limit) => limit.close_code(),
        }
    }

    /// A stable name for logs, metrics and `docs/error-codes.md`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Violation(violation) => violation.code(),
            Self::Limit(limit) => limit.code(),
        }
    }
}

/// A rule of RFC 6455 or RFC 7692 that the peer broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// RFC 6455 §5.1: a frame from a client must be masked.
    #[error("a client sent an unmasked frame (RFC 6455 §5.1)")]
    UnmaskedFrame,
    /// RFC 6455 §5.1: a frame from a server must not be masked.
    #[error("a server sent a masked frame (RFC 6455 §5.1)")]
    MaskedFrame,
    /// RFC 6455 §5.2: a reserved bit without an extension that defines it.
    #[error("a reserved bit is set (RFC 6455 §5.2)")]
    ReservedBits,
    /// RFC 6455 §5.2: an opcode that isn't defined.
    #[error("opcode {0:#x} is reserved (RFC 6455 §5.2)")]
    ReservedOpCode(u8),
    /// RFC 6455 §5.2: a length that a shorter form could say.
    #[error("a length isn't in its shortest form (RFC 6455 §5.2)")]
    NonMinimalLength,
    /// RFC 6455 §5.2: the top bit of a 64-bit length.
    #[error("a length has its top bit set (RFC 6455 §5.2)")]
    LengthTopBit,
    /// RFC 6455 §5.4: a continuation with nothing to continue.
    #[error("a continuation frame continues nothing (RFC 6455 §5.4)")]
    UnexpectedContinuation,
    /// RFC 6455 §5.4: a new message inside a fragmented one.
    #[error("a new message begins before the last one ended (RFC 6455 §5.4)")]
    ExpectedContinuation,
    /// RFC 6455 §5.5: a control frame in fragments.
    #[error("a control frame is fragmented (RFC 6455 §5.5)")]
    FragmentedControl,
    /// RFC 6455 §5.5: a control frame of more than 125 bytes.
    #[error("a control frame is longer than 125 bytes (RFC 6455 §5.5)")]
    ControlTooLong,
    /// RFC 6455 §5.5.1: a close frame with one byte, half a code.
    #[error("a close frame has half a code (RFC 6455 §5.5.1)")]
    CloseTooShort,
    /// RFC 6455 §7.4: a close code that must not be sent.
    #[error("close code {0} must not be sent (RFC 6455 §7.4)")]
    InvalidCloseCode(u16),
    /// RFC 6455 §8.1: text, or a close reason, that isn't UTF-8.
    #[error("text isn't valid UTF-8 (RFC 6455 §8.1)")]
    Utf8,
    /// RFC 7692 §7.2.2: compressed data that can't be inflated.
    #[error("compressed data can't be inflated (RFC 7692 §7.2.2)")]
    Inflate,
}

impl Violation {
    /// One of each, for documents and tests that walk them all.
    pub const ALL: [Self; 14] = [
        Self::UnmaskedFrame,
        Self::MaskedFrame,
        Self::ReservedBits,
        Self::ReservedOpCode(3),
        Self::NonMinimalLength,
        Self::LengthTopBit,
        Self::UnexpectedContinuation,
        Self::ExpectedContinuation,
        Self::FragmentedControl,
        Self::ControlTooLong,
        Self::CloseTooShort,
        Self::InvalidCloseCode(1005),
        Self::Utf8,
        Self::Inflate,
    ];

    /// 1007 for data that isn't what its type says, else 1002 (RFC 6455 §7.4.1).
    pub fn close_code(self) -> CloseCode {
        match self {
            Self::Utf8 | Self::Inflate => CloseCode::INVALID_DATA,
            _ => CloseCode::PROTOCOL_ERROR,
        }
    }

    /// A stable name for logs, metrics and `docs/error-codes.md`.
    pub fn code(self) -> &'static str {
        match self {
            Self::UnmaskedFrame => "ws_unmasked_frame",
            Self::MaskedFrame => "ws_masked_frame",
            Self::ReservedBits => "ws_reserved_bits",
            Self::ReservedOpCode(_) => "ws_reserved_opcode",
            Self::NonMinimalLength => "ws_non_minimal_length",
            Self::LengthTopBit => "ws_length_top_bit",
            Self::UnexpectedContinuation => "ws_unexpected_continuation",
            Self::ExpectedContinuation => "ws_expected_continuation",
            Self::FragmentedControl => "ws_fragmented_control",
            Self::ControlTooLong => "ws_control_too_long",
            Self::CloseTooShort => "ws_close_too_short",
            Self::InvalidCloseCode(_) => "ws_invalid_close_code",
            Self::Utf8 => "ws_invalid_utf8",
            Self::Inflate => "ws_invalid_deflate",
        }
    }
}

/// A bound of [`Limits`](super::Limits) that the peer crossed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LimitExceeded {
    /// [`Limits::frame`](super::Limits::frame).
    #[error("a frame is longer than {0} bytes")]
    Frame(usize),
    /// [`Limits::message`](super::Limits::message), after inflating.
    #[error("a message is longer than {0} bytes")]
    Message(usize),
    /// [`Limits::fragments`](super::Limits::fragments).
    #[error("a message has more than {0} fragments")]
    Fragments(usize),
}

impl LimitExceeded {
    /// One of each, for documents and tests that walk them all.
    pub const ALL: [Self; 3] = [Self::Frame(0), Self::Message(0), Self::Fragments(0)];

    /// 1009 for a frame or message that is too big, 1008 for too many fragments.
    pub fn close_code(self) -> CloseCode {
        match self {
            Self::Frame(_) | Self::Message(_) => CloseCode::TOO_BIG,
            Self::Fragments(_) => CloseCode::POLICY,
        }
    }

    /// A stable name for logs, metrics and `docs/error-codes.md`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Frame(_) => "ws_frame_too_big",
            Self::Message(_) => "ws_message_too_big",
            Self::Fragments(_) => "ws_too_many_fragments",
        }
    }
}
