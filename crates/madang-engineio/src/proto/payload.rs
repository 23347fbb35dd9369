//! Payloads of version 4: packets joined by U+001E in the body of a request or an answer.

use super::{InvalidPacket, Packet};
use bytes::{BufMut, Bytes, BytesMut};
use madang_ws::Utf8Bytes;

/// The packets of a body, read one by one: memory stays what the body has, however many packets are in it.
///
/// ```
/// use madang_engineio::proto::{Packet, Payload};
///
/// let mut payload = Payload::new("4hello\u{1e}2".into());
/// assert_eq!(payload.next(), Some(Ok(Packet::Message("hello".into()))));
/// assert_eq!(payload.next(), Some(Ok(Packet::Ping("".into()))));
/// assert_eq!(payload.next(), None);
/// ```
#[derive(Clone, Debug)]
pub struct Payload {
    rest: Option<Utf8Bytes>,
}

impl Payload {
    pub(crate) const SEPARATOR: u8 = 0x1e;

    /// The packets of this body.
    pub fn new(body: Utf8Bytes) -> Self {
        Self { rest: Some(body) }
    }

    /// A body of these pieces, each of which is one packet or several joined.
    pub(crate) fn join(pieces: &[Bytes]) -> Bytes {
        if let [only] = pieces {
            return only.slice(usize::from(Self::is_whole(only))..);
        }
        let len = pieces.iter().map(|piece| piece.len() + 1).sum();
        let mut out = BytesMut::with_capacity(len);
        for piece in pieces {
            if !out.is_empty() {
                out.put_u8(Self::SEPARATOR);
            }
            out.put_slice(&piece[usize::from(Self::is_whole(piece))..]);
        }
        out.freeze()
    }

    /// Marks the piece of a packet that has a separator in its text, lest it's taken for several where pieces become packets again: an empty packet
    /// before it, which there can't be.
    pub(crate) fn whole(piece: Bytes) -> Bytes {
        if memchr::memchr(Self::SEPARATOR, &piece).is_none() {
            return piece;
        }
        [&[Self::SEPARATOR], &piece[..]].concat().into()
    }

    fn is_whole(piece: &[u8]) -> bool {
        piece.first() == Some(&Self::SEPARATOR)
    }

    /// The packets of a piece.
    pub(crate) fn packets(piece: Utf8Bytes) -> impl Iterator<Item = Result<Packet, InvalidPacket>> {
        let whole = piece.strip_prefix(char::from(Self::SEPARATOR));
        let whole = whole.map(|packet| Packet::from_piece(&piece.slice_ref(packet)));
        let several = whole.is_none().then(|| Self::new(piece));
        whole.into_iter().chain(several.into_iter().flatten())
    }
}

impl Iterator for Payload {
    type Item = Result<Packet, InvalidPacket>;

    /// The next packet; after one that can't be read nothing more comes.
    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest.take()?;
        let packet = match memchr::memchr(Self::SEPARATOR, rest.as_bytes()) {
            Some(end) => {
                let piece = rest.slice_ref(&rest[..end]);
                self.rest = Some(rest.slice_ref(&rest[end + 1..]));
                Packet::from_piece(&piece)
            }
            None => Packet::from_piece(&rest),
        };
        if packet.is_err() {
            self.rest = None;
        }
        Some(packet)
    }
}
