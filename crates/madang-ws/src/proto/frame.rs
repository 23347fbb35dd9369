//! The frame header (RFC 6455 §5.2).

use super::{Violation, mask};
use bytes::{BufMut, Bytes};

/// Which end of the connection this is. Frames from a client are masked, frames
/// from a server are not (RFC 6455 §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The end that accepted the connection.
    Server,
    /// The end that opened it.
    Client,
}

/// The frame types that RFC 6455 §5.2 defines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpCode {
    /// The next fragment of a message.
    Continuation,
    /// UTF-8 text.
    Text,
    /// Bytes.
    Binary,
    /// The close handshake.
    Close,
    /// Asks for a [`Pong`](Self::Pong).
    Ping,
    /// Answers a [`Ping`](Self::Ping), or comes unasked.
    Pong,
}

impl OpCode {
    /// Close, ping and pong: at most 125 bytes, never fragmented (RFC 6455 §5.5).
    pub fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }

    fn from_bits(bits: u8) -> Result<Self, Violation> {
        Ok(match bits {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            other => return Err(Violation::ReservedOpCode(other)),
        })
    }

    fn bits(self) -> u8 {
        match self {
            Self::Continuation => 0,
            Self::Text => 1,
            Self::Binary => 2,
            Self::Close => 8,
            Self::Ping => 9,
            Self::Pong => 10,
        }
    }
}

/// A frame header: 2 to 14 bytes on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The last frame of its message.
    pub fin: bool,
    /// The message is compressed (RFC 7692 §6); on its first frame only.
    pub rsv1: bool,
    /// What the frame carries.
    pub opcode: OpCode,
    /// The masking key, on frames from a client.
    pub mask: Option<[u8; 4]>,
    /// Payload length in bytes, below 2^63.
    pub len: u64,
}

impl Header {
    /// The longest header: 2 bytes, 8 of length, 4 of masking key.
    pub const MAX_LEN: usize = 14;

    /// Reads a header from the beginning of `bytes`: the header and its own
    /// length, or `None` when more bytes are needed. `role` is the reader's own,
    /// `deflate` tells whether RSV1 may be set.
    ///
    /// # Errors
    /// The first rule that the header breaks, as soon as the bytes that break
    /// it are there.
    pub fn parse(bytes: &[u8], role: Role, deflate: bool) -> Result<Option<(Self, usize)>, Violation> {
        let Some(&first) = bytes.first() else {
            return Ok(None);
        };
        let fin = first & 0x80 != 0;
        let rsv1 = first & 0x40 != 0;
        // RFC 6455 §5.2: reserved bits must be 0 unless an extension gives them a meaning.
        if first & 0x30 != 0 {
            return Err(Violation::ReservedBits);
        }
        let opcode = OpCode::from_bits(first & 0x0f)?;
        // RFC 7692 §6: RSV1 belongs to the first frame of a data message.
        if rsv1 && !(deflate && matches!(opcode, OpCode::Text | OpCode::Binary)) {
            return Err(Violation::ReservedBits);
        }
        if opcode.is_control() && !fin {
            return Err(Violation::FragmentedControl);
        }
        let Some(&second) = bytes.get(1) else {
            return Ok(None);
        };
        let masked = second & 0x80 != 0;
        match (role, masked) {
            (Role::Server, false) => return Err(Violation::UnmaskedFrame),
            (Role::Client, true) => return Err(Violation::MaskedFrame),
            _ => {}
        }
        let short = second & 0x7f;
        if opcode.is_control() && short > 125 {
            return Err(Violation::ControlTooLong);
        }
        let (len, end) = match short {
            126 => {
                let Some(raw) = bytes.get(2..4) else {
                    return Ok(None);
                };
                let len = u64::from(u16::from_be_bytes([raw[0], raw[1]]));
                if len < 126 {
                    return Err(Violation::NonMinimalLength);
                }
                (len, 4)
            }
            127 => {
                let Some(raw) = bytes.get(2..10) else {
                    return Ok(None);
                };
                let mut be = [0; 8];
                be.copy_from_slice(raw);
                let len = u64::from_be_bytes(be);
                if len >> 63 != 0 {
                    return Err(Violation::LengthTopBit);
                }
                if len <= u64::from(u16::MAX) {
                    return Err(Violation::NonMinimalLength);
                }
                (len, 10)
            }
            short => (u64::from(short), 2),
        };
        let mut mask = None;
        let mut size = end;
        if masked {
            let Some(key) = bytes.get(end..end + 4) else {
                return Ok(None);
            };
            mask = Some([key[0], key[1], key[2], key[3]]);
            size += 4;
        }
        Ok(Some((
            Self {
                fin,
                rsv1,
                opcode,
                mask,
                len,
            },
            size,
        )))
    }

    /// Its own length in bytes.
    pub fn size(&self) -> usize {
        let length = match self.len {
            0..=125 => 2,
            126..=0xffff => 4,
            _ => 10,
        };
        length + if self.mask.is_some() { 4 } else { 0 }
    }

    /// Appends the header in its shortest encoding.
    pub fn write(&self, out: &mut impl BufMut) {
        let first = u8::from(self.fin) << 7 | u8::from(self.rsv1) << 6 | self.opcode.bits();
        let masked = u8::from(self.mask.is_some()) << 7;
        out.put_u8(first);
        match self.len {
            len @ 0..=125 => out.put_u8(masked | len as u8),
            len @ 126..=0xffff => {
                out.put_u8(masked | 126);
                out.put_u16(len as u16);
            }
            len => {
                out.put_u8(masked | 127);
                out.put_u64(len);
            }
        }
        if let Some(key) = self.mask {
            out.put_slice(&key);
        }
    }

    /// Appends the whole frame: this header and `payload`, masked if the header has a key.
    pub fn write_frame(&self, payload: &[u8], out: &mut Vec<u8>) {
        out.reserve(self.size() + payload.len());
        self.write(out);
        let start = out.len();
        out.extend_from_slice(payload);
        if let Some(key) = self.mask {
            mask::apply(key, 0, &mut out[start..]);
        }
    }

    /// The whole frame as one buffer.
    pub fn frame(&self, payload: &[u8]) -> Bytes {
        // A buffer of just this size becomes `Bytes` without another allocation.
        let mut out = Vec::with_capacity(self.size() + payload.len());
        self.write_frame(payload, &mut out);
        out.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(bytes: &[u8]) -> Result<Option<(Header, usize)>, Violation> {
        Header::parse(bytes, Role::Client, false)
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(fin: bool, len in 0u64..1 << 40, key: Option<[u8; 4]>) {
            let header = Header { fin, rsv1: false, opcode: OpCode::Binary, mask: key, len };
            let role = if key.is_some() { Role::Server } else { Role::Client };
            let mut out = Vec::new();
            header.write(&mut out);
            prop_assert_eq!(Header::parse(&out, role, false), Ok(Some((header, out.len()))));
            prop_assert_eq!(header.size(), out.len());
            for cut in 0..out.len() {
                prop_assert_eq!(Header::parse(&out[..cut], role, false), Ok(None));
            }
        }
    }

    #[test]
    fn section_5_2_length_must_be_minimal() {
        assert_eq!(parse(&[0x82, 126, 0, 125]), Err(Violation::NonMinimalLength));
        assert_eq!(
            parse(&[0x82, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff]),
            Err(Violation::NonMinimalLength)
        );
        assert!(matches!(parse(&[0x82, 126, 0, 126]), Ok(Some(_))));
        assert!(matches!(parse(&[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]), Ok(Some(_))));
    }

    #[test]
    fn section_5_2_top_bit_of_a_64_bit_length_must_be_0() {
        assert_eq!(
            parse(&[0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0]),
            Err(Violation::LengthTopBit)
        );
    }

    #[test]
    fn section_5_2_reserved_bits_and_opcodes_are_refused_at_the_first_byte() {
        for bits in [0x10, 0x20, 0x40] {
            assert_eq!(parse(&[0x81 | bits]), Err(Violation::ReservedBits));
        }
        for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
            assert_eq!(parse(&[0x80 | opcode]), Err(Violation::ReservedOpCode(opcode)));
        }
    }

    #[test]
    fn rfc_7692_section_6_rsv1_is_for_the_first_frame_of_a_data_message() {
        assert!(matches!(
            Header::parse(&[0xc1, 0], Role::Client, true),
            Ok(Some(_))
        ));
        for first in [0xc0, 0xc8, 0xc9, 0xca] {
            assert_eq!(
                Header::parse(&[first, 0], Role::Client, true),
                Err(Violation::ReservedBits)
            );
        }
    }

    #[test]
    fn section_5_5_control_frames_are_short_and_whole() {
        for opcode in [8, 9, 10] {
            assert_eq!(parse(&[opcode]), Err(Violation::FragmentedControl));
            assert_eq!(parse(&[0x80 | opcode, 126]), Err(Violation::ControlTooLong));
        }
    }

    #[test]
    fn section_5_1_client_frames_are_masked_and_server_frames_are_not() {
        assert_eq!(
            Header::parse(&[0x81, 0x01], Role::Server, false),
            Err(Violation::UnmaskedFrame)
        );
        assert_eq!(
            Header::parse(&[0x81, 0x81], Role::Client, false),
            Err(Violation::MaskedFrame)
        );
    }
}
