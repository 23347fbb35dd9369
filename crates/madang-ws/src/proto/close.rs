//! Close codes and the close frame's payload (RFC 6455 §5.5.1, §7.4).

use super::{Utf8Bytes, Violation};
use bytes::{BufMut, Bytes, BytesMut};
use std::fmt;

/// Why a connection is closed (RFC 6455 §7.4).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CloseCode(u16);

impl CloseCode {
    /// 1000: the purpose is fulfilled.
    pub const NORMAL: Self = Self(1000);
    /// 1001: the server stops, or the page is left.
    pub const GOING_AWAY: Self = Self(1001);
    /// 1002: the peer violated the protocol.
    pub const PROTOCOL_ERROR: Self = Self(1002);
    /// 1003: data of a type that this end can't take.
    pub const UNSUPPORTED: Self = Self(1003);
    /// 1007: data that isn't what its type says, such as text that isn't UTF-8.
    pub const INVALID_DATA: Self = Self(1007);
    /// 1008: the peer violated a policy of this end.
    pub const POLICY: Self = Self(1008);
    /// 1009: a message is too big.
    pub const TOO_BIG: Self = Self(1009);
    /// 1010: the client wanted an extension that the server didn't agree to.
    pub const EXTENSION_REQUIRED: Self = Self(1010);
    /// 1011: the server met something unexpected.
    pub const INTERNAL_ERROR: Self = Self(1011);
    /// 1012: the service restarts.
    pub const RESTART: Self = Self(1012);
    /// 1013: try again later.
    pub const TRY_AGAIN: Self = Self(1013);

    /// A code that may be sent: 1000-1003, 1007-1014, or 3000-4999 of which
    /// 3000-3999 are for libraries and 4000-4999 for applications.
    /// `None` for any other, such as 1005 and 1006 which never travel.
    pub fn new(code: u16) -> Option<Self> {
        match code {
            1000..=1003 | 1007..=1014 | 3000..=4999 => Some(Self(code)),
            _ => None,
        }
    }

    /// The number.
    pub fn as_u16(self) -> u16 {
        self.0
    }
}

impl fmt::Debug for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CloseCode({})", self.0)
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The code and reason of a close frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseFrame {
    /// Why.
    pub code: CloseCode,
    /// For people, at most [`MAX_REASON`](Self::MAX_REASON) bytes; may be empty.
    pub reason: Utf8Bytes,
}

impl CloseFrame {
    /// A control frame's 125 bytes less the code (RFC 6455 §5.5.1).
    pub const MAX_REASON: usize = 123;

    /// A frame of `code` and `reason`; a longer reason is cut at the last
    /// character that fits into [`MAX_REASON`](Self::MAX_REASON) bytes.
    pub fn new(code: CloseCode, reason: &str) -> Self {
        let mut end = reason.len().min(Self::MAX_REASON);
        while !reason.is_char_boundary(end) {
            end -= 1;
        }
        Self {
            code,
            reason: reason[..end].into(),
        }
    }

    /// Reads a close frame's payload; `None` when it's empty (code 1005).
    pub(crate) fn parse(payload: &[u8]) -> Result<Option<Self>, Violation> {
        let (code, reason) = match payload {
            [] => return Ok(None),
            [_] => return Err(Violation::CloseTooShort),
            [a, b, reason @ ..] => (u16::from_be_bytes([*a, *b]), reason),
        };
        let code = CloseCode::new(code).ok_or(Violation::InvalidCloseCode(code))?;
        let reason = simdutf8::basic::from_utf8(reason).map_err(|_| Violation::Utf8)?;
        Ok(Some(Self {
            code,
            reason: reason.into(),
        }))
    }

    pub(crate) fn payload(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(2 + self.reason.len());
        out.put_u16(self.code.0);
        out.put_slice(self.reason.as_bytes());
        out.freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn section_7_4_codes_outside_the_valid_ranges_are_refused() {
        for code in [
            0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535,
        ] {
            assert_eq!(
                CloseFrame::parse(&u16::to_be_bytes(code)),
                Err(Violation::InvalidCloseCode(code))
            );
        }
        for code in [1000, 1003, 1007, 1014, 3000, 3999, 4000, 4999] {
            assert!(
                matches!(CloseFrame::parse(&u16::to_be_bytes(code)), Ok(Some(f)) if f.code.as_u16() == code)
            );
        }
    }

    #[test]
    fn section_5_5_1_a_body_of_one_byte_is_refused_and_an_empty_one_is_not() {
        assert_eq!(CloseFrame::parse(&[3]), Err(Violation::CloseTooShort));
        assert_eq!(CloseFrame::parse(&[]), Ok(None));
    }

    #[test]
    fn section_5_5_1_a_reason_must_be_utf8() {
        assert_eq!(CloseFrame::parse(b"\x03\xe8\xff"), Err(Violation::Utf8));
    }

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        let frame = CloseFrame::new(CloseCode::NORMAL, &"마".repeat(50));
        assert_eq!(frame.reason.len(), 123);
        assert_eq!(frame.reason.chars().count(), 41);
    }
}
