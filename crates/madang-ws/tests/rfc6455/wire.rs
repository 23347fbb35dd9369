//! Frames written and read by hand, so that the tests don't trust the codec that they test.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use madang_ws::proto::Role;

/// First bytes of frames: FIN, RSV1-3 and the opcode (RFC 6455 §5.2).
pub(crate) const FIN: u8 = 0x80;
pub(crate) const RSV1: u8 = 0x40;
pub(crate) const CONTINUATION: u8 = 0;
pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = FIN | 8;
pub(crate) const PING: u8 = FIN | 9;
pub(crate) const PONG: u8 = FIN | 10;

/// A frame with `first` as its first byte, as `from` sends it: masked if that is the client.
pub(crate) fn frame(from: Role, first: u8, payload: &[u8]) -> Vec<u8> {
    raw(first, (from == Role::Client).then_some(KEY), payload)
}

/// A frame whose masking is the caller's choice.
pub(crate) fn raw(first: u8, key: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![first];
    let masked = if key.is_some() { 0x80 } else { 0 };
    match payload.len() {
        len @ 0..=125 => out.push(masked | len as u8),
        len @ 126..=0xffff => {
            out.push(masked | 126);
            out.extend_from_slice(&(len as u16).to_be_bytes());
        }
        len => {
            out.push(masked | 127);
            out.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    out.extend(key.into_iter().flatten());
    let key = key.unwrap_or_default();
    out.extend(
        payload
            .iter()
            .zip(key.iter().cycle())
            .map(|(byte, key)| byte ^ key),
    );
    out
}

/// A close frame with `code`.
pub(crate) fn close(from: Role, code: u16, reason: &str) -> Vec<u8> {
    frame(from, CLOSE, &[&code.to_be_bytes(), reason.as_bytes()].concat())
}

/// A frame as read from the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) first: u8,
    pub(crate) key: Option<[u8; 4]>,
    /// Unmasked.
    pub(crate) payload: Vec<u8>,
}

impl Sent {
    /// The code of a close frame.
    pub(crate) fn close_code(&self) -> Option<u16> {
        assert_eq!(self.first, CLOSE, "a close frame");
        self.payload.first_chunk().map(|code| u16::from_be_bytes(*code))
    }
}

/// Reads whole frames, and checks what RFC 6455 §5.1-5.2 demand of any sender in the role of `from`.
pub(crate) fn read(from: Role, mut bytes: &[u8]) -> Vec<Sent> {
    let mut frames = Vec::new();
    while let [first, second, rest @ ..] = bytes {
        assert_eq!(first & 0x30, 0, "RSV2 and RSV3 are 0");
        assert_eq!(
            second & 0x80 != 0,
            from == Role::Client,
            "a client masks, a server doesn't"
        );
        let (len, rest) = match second & 0x7f {
            126 => {
                let (len, rest) = rest.split_first_chunk().expect("16 bits of length");
                let len = usize::from(u16::from_be_bytes(*len));
                assert!(len > 125, "the shortest form");
                (len, rest)
            }
            127 => {
                let (len, rest) = rest.split_first_chunk().expect("64 bits of length");
                let len = u64::from_be_bytes(*len);
                assert!(
                    len > 0xffff && len >> 63 == 0,
                    "the shortest form, and no top bit"
                );
                (len as usize, rest)
            }
            len => (usize::from(len), rest),
        };
        let (key, rest) = match from {
            Role::Client => {
                let (key, rest) = rest.split_first_chunk().expect("a masking key");
                (Some(*key), rest)
            }
            Role::Server => (None, rest),
        };
        let (payload, rest) = rest.split_at_checked(len).expect("the whole payload");
        let mask = key.unwrap_or_default();
        let payload = payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, key)| byte ^ key)
            .collect();
        frames.push(Sent {
            first: *first,
            key,
            payload,
        });
        bytes = rest;
    }
    assert!(bytes.is_empty(), "whole frames only");
    frames
}

/// RFC 7692 §7.2.1 with a compressor of its own: a message compressed independently of all others.
pub(crate) fn deflated(payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + 1024);
    Compress::new(Compression::best(), false)
        .compress_vec(payload, &mut out, FlushCompress::Sync)
        .expect("deflates");
    assert!(out.ends_with(&[0, 0, 0xff, 0xff]), "a flush ends so");
    out.truncate(out.len() - 4);
    out
}

/// RFC 7692 §7.2.2 with an inflater of its own and no more than `bits` of window.
pub(crate) fn inflated(payload: &[u8], bits: u8) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(1 << 20);
    let whole = [payload, &[0, 0, 0xff, 0xff]].concat();
    Decompress::new_with_window_bits(false, bits)
        .decompress_vec(&whole, &mut out, FlushDecompress::Sync)
        .ok()?;
    Some(out)
}

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
