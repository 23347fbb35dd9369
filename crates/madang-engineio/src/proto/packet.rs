//! Packets (Engine.IO v4, "Protocol"): a type, and data for some.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{BufMut, Bytes, BytesMut};
use madang_ws::{Message, Utf8Bytes};

use super::Protocol;

/// One packet.
///
/// ```
/// use madang_engineio::proto::{Packet, Protocol};
///
/// let packet = Packet::from_text(&"4hello".into())?;
/// assert_eq!(packet, Packet::Message("hello".into()));
/// assert_eq!(packet.to_message(Protocol::V4), "4hello".into());
/// assert_eq!(Packet::Ping("probe".into()).to_piece(), "2probe");
/// # Ok::<(), madang_engineio::proto::InvalidPacket>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packet {
    /// `0`: the handshake, in JSON.
    Open(Utf8Bytes),
    /// `1`: the end of the session.
    Close,
    /// `2`: a heartbeat, or a probe with the data `probe`.
    Ping(Utf8Bytes),
    /// `3`: the answer to a ping, with its data.
    Pong(Utf8Bytes),
    /// `4`: a message; a binary one has no type byte in version 4.
    Message(Message),
    /// `5`: the probed transport takes over.
    Upgrade,
    /// `6`: nothing, to release a waiting request.
    Noop,
}

/// What arrived isn't a packet.
///
/// ```
/// use madang_engineio::proto::Packet;
///
/// let error = Packet::from_text(&"9".into()).unwrap_err();
/// assert_eq!(error.to_string(), "not an Engine.IO packet: its type isn't one of 0 to 6");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an Engine.IO packet: {0}")]
pub struct InvalidPacket(pub(crate) &'static str);

impl Packet {
    /// Reads a packet from text, as it stands in a WebSocket message or in a payload of version 4, without the `b` of base64.
    ///
    /// ```
    /// use madang_engineio::proto::Packet;
    ///
    /// assert_eq!(Packet::from_text(&"3probe".into()), Ok(Packet::Pong("probe".into())));
    /// assert!(Packet::from_text(&"".into()).is_err());
    /// ```
    ///
    /// # Errors
    /// An empty text, or a type that doesn't exist.
    pub fn from_text(text: &Utf8Bytes) -> Result<Self, InvalidPacket> {
        let Some(kind) = text.as_bytes().first() else {
            return Err(InvalidPacket("it is empty"));
        };
        let data = || text.slice_ref(&text[1..]);
        match kind {
            b'0' => Ok(Self::Open(data())),
            b'1' => Ok(Self::Close),
            b'2' => Ok(Self::Ping(data())),
            b'3' => Ok(Self::Pong(data())),
            b'4' => Ok(Self::Message(Message::Text(data()))),
            b'5' => Ok(Self::Upgrade),
            b'6' => Ok(Self::Noop),
            _ => Err(InvalidPacket("its type isn't one of 0 to 6")),
        }
    }

    /// Reads the packet of a WebSocket message.
    ///
    /// ```
    /// use madang_engineio::proto::{Packet, Protocol};
    ///
    /// // Bytes are a message as they are, or after the type 4.
    /// let message = Packet::Message(vec![7].into());
    /// assert_eq!(Packet::from_message(vec![7].into(), Protocol::V4).as_ref(), Ok(&message));
    /// assert_eq!(Packet::from_message(vec![4, 7].into(), Protocol::V3).as_ref(), Ok(&message));
    /// assert!(Packet::from_message(vec![7].into(), Protocol::V3).is_err());
    /// ```
    ///
    /// # Errors
    /// As [`from_text`](Self::from_text); in version 3 also bytes whose first isn't a type, or is the type of something that isn't a message.
    pub fn from_message(message: Message, protocol: Protocol) -> Result<Self, InvalidPacket> {
        match (message, protocol) {
            (Message::Text(text), Protocol::V3) if text.starts_with('b') => Self::from_base64_v3(&text[1..]),
            // A client that is told to send base64 does so here too.
            (Message::Text(text), _) => Self::from_piece(&text),
            (Message::Binary(bytes), Protocol::V4) => Ok(Self::Message(Message::Binary(bytes))),
            (Message::Binary(bytes), Protocol::V3) => Self::from_bytes_v3(&bytes),
        }
    }

    /// The WebSocket message of the packet.
    ///
    /// ```
    /// use madang_engineio::proto::{Packet, Protocol};
    ///
    /// assert_eq!(Packet::Noop.to_message(Protocol::V4), "6".into());
    /// assert_eq!(Packet::Message(vec![7].into()).to_message(Protocol::V3), vec![4, 7].into());
    /// ```
    pub fn to_message(&self, protocol: Protocol) -> Message {
        match self {
            Self::Message(Message::Binary(bytes)) if protocol == Protocol::V4 => {
                Message::Binary(bytes.clone())
            }
            Self::Message(Message::Binary(bytes)) => {
                let mut typed = BytesMut::with_capacity(1 + bytes.len());
                typed.put_u8(4);
                typed.put_slice(bytes);
                Message::Binary(typed.freeze())
            }
            _ => {
                let mut text = String::with_capacity(1 + self.data().len());
                text.push(self.type_char());
                text.push_str(self.data());
                text.into()
            }
        }
    }

    /// The packet as part of a payload of version 4; binary data is in base64 after a `b`.
    ///
    /// ```
    /// use madang_engineio::proto::Packet;
    ///
    /// assert_eq!(Packet::Message("hello".into()).to_piece(), "4hello");
    /// assert_eq!(Packet::Message(vec![1, 2, 3].into()).to_piece(), "bAQID");
    /// ```
    pub fn to_piece(&self) -> Bytes {
        let mut out = BytesMut::new();
        self.write_piece(&mut out);
        out.freeze()
    }

    pub(crate) fn write_piece(&self, out: &mut BytesMut) {
        if let Self::Message(Message::Binary(bytes)) = self {
            write_base64(bytes, out);
        } else {
            out.reserve(1 + self.data().len());
            out.put_u8(self.type_char() as u8);
            out.put_slice(self.data().as_bytes());
        }
    }

    /// Reads what [`to_piece`](Self::to_piece) writes.
    pub(crate) fn from_piece(piece: &Utf8Bytes) -> Result<Self, InvalidPacket> {
        match piece.strip_prefix('b') {
            Some(base64) => Ok(Self::Message(Message::Binary(from_base64(base64)?))),
            None => Self::from_text(piece),
        }
    }

    /// Version 3's binary packet: a type byte, then data.
    pub(crate) fn from_bytes_v3(bytes: &Bytes) -> Result<Self, InvalidPacket> {
        match bytes.first() {
            Some(4) => Ok(Self::Message(Message::Binary(bytes.slice(1..)))),
            Some(_) => Err(InvalidPacket("a binary packet that isn't a message")),
            None => Err(InvalidPacket("it is empty")),
        }
    }

    /// Version 3's `b4<base64>`, after the `b`.
    pub(crate) fn from_base64_v3(typed: &str) -> Result<Self, InvalidPacket> {
        match typed.strip_prefix('4') {
            Some(base64) => Ok(Self::Message(Message::Binary(from_base64(base64)?))),
            None => Err(InvalidPacket("a binary packet that isn't a message")),
        }
    }

    /// The text after the type; nothing for binary messages.
    pub(crate) fn data(&self) -> &str {
        match self {
            Self::Open(data) | Self::Ping(data) | Self::Pong(data) | Self::Message(Message::Text(data)) => {
                data
            }
            _ => "",
        }
    }

    pub(crate) fn type_char(&self) -> char {
        match self {
            Self::Open(_) => '0',
            Self::Close => '1',
            Self::Ping(_) => '2',
            Self::Pong(_) => '3',
            Self::Message(_) => '4',
            Self::Upgrade => '5',
            Self::Noop => '6',
        }
    }
}

/// Appends `b` and the base64 of these bytes.
pub(crate) fn write_base64(bytes: &[u8], out: &mut BytesMut) {
    let len = base64::encoded_len(bytes.len(), true).unwrap_or(0);
    out.put_u8(b'b');
    let start = out.len();
    out.resize(start + len, 0);
    let written = STANDARD.encode_slice(bytes, &mut out[start..]).unwrap_or(0);
    out.truncate(start + written);
}

fn from_base64(text: &str) -> Result<Bytes, InvalidPacket> {
    // Node takes base64 without its padding too.
    let text = text.trim_end_matches('=');
    let bytes = base64::engine::general_purpose::STANDARD_NO_PAD.decode(text);
    bytes
        .map(Bytes::from)
        .map_err(|_| InvalidPacket("its data isn't base64"))
}
