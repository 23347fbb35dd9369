//! Payloads of version 3: each packet after its length, in text (`2:4€`, UTF-16 code units) or in bytes.

use super::{InvalidPacket, Packet};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use madang_ws::{Message, Utf8Bytes};

/// The packets of a body, read one by one.
///
/// ```
/// use madang_engineio::proto::{Packet, Payload3};
///
/// let packets = [Packet::Message("€".into()), Packet::Ping("".into())];
/// let (body, binary) = Payload3::encode(&packets, false);
/// assert_eq!((&body[..], binary), ("2:4€1:2".as_bytes(), false));
///
/// let read: Result<Vec<_>, _> = Payload3::text("2:4€1:2".into()).collect();
/// assert_eq!(read?, packets);
/// # Ok::<(), madang_engineio::proto::InvalidPacket>(())
/// ```
#[derive(Clone, Debug)]
pub struct Payload3 {
    rest: Rest,
}

#[derive(Clone, Debug)]
enum Rest {
    Text(Utf8Bytes),
    Bytes(Bytes),
    Nothing,
}

impl Payload3 {
    /// The packets of a text body.
    pub fn text(body: Utf8Bytes) -> Self {
        Self {
            rest: Rest::Text(body),
        }
    }

    /// The packets of a body of `application/octet-stream`.
    ///
    /// ```
    /// use madang_engineio::proto::{Packet, Payload3};
    ///
    /// // Bytes, two of them, and a separator.
    /// let mut payload = Payload3::binary(vec![1, 2, 0xff, 4, 7].into());
    /// assert_eq!(payload.next(), Some(Ok(Packet::Message(vec![7].into()))));
    /// assert_eq!(payload.next(), None);
    /// ```
    pub fn binary(body: Bytes) -> Self {
        Self {
            rest: Rest::Bytes(body),
        }
    }

    /// A body of these packets, and whether it is binary: with `base64` it never is.
    ///
    /// ```
    /// use madang_engineio::proto::{Packet, Payload3};
    ///
    /// let packets = [Packet::Message(vec![7].into())];
    /// assert_eq!(Payload3::encode(&packets, false), (vec![1, 2, 0xff, 4, 7].into(), true));
    /// assert_eq!(Payload3::encode(&packets, true), ("6:b4Bw==".into(), false));
    /// ```
    pub fn encode(packets: &[Packet], base64: bool) -> (Bytes, bool) {
        let is_binary = |packet: &Packet| matches!(packet, Packet::Message(Message::Binary(_)));
        let binary = !base64 && packets.iter().any(is_binary);
        let mut out = BytesMut::new();
        for packet in packets {
            if binary {
                write_binary(packet, &mut out);
            } else {
                write_text(packet, &mut out);
            }
        }
        if out.is_empty() {
            out.put_slice(b"0:");
        }
        (out.freeze(), binary)
    }
}

impl Iterator for Payload3 {
    type Item = Result<Packet, InvalidPacket>;

    /// The next packet; after one that can't be read nothing more comes.
    fn next(&mut self) -> Option<Self::Item> {
        if let Rest::Text(text) = &mut self.rest {
            // What no packets are written as; Node reads it so.
            let packets = text.trim_start_matches("0:");
            if packets.len() < text.len() {
                *text = text.slice_ref(packets);
            }
        }
        let (read, rest) = match std::mem::replace(&mut self.rest, Rest::Nothing) {
            Rest::Nothing => return None,
            Rest::Text(text) if text.is_empty() => return None,
            Rest::Bytes(bytes) if bytes.is_empty() => return None,
            Rest::Text(text) => match next_text(&text) {
                Ok((packet, rest)) => (Ok(packet), Rest::Text(rest)),
                Err(invalid) => (Err(invalid), Rest::Nothing),
            },
            Rest::Bytes(mut bytes) => match next_binary(&mut bytes) {
                Ok(packet) => (Ok(packet), Rest::Bytes(bytes)),
                Err(invalid) => (Err(invalid), Rest::Nothing),
            },
        };
        self.rest = rest;
        Some(read)
    }
}

fn next_text(text: &Utf8Bytes) -> Result<(Packet, Utf8Bytes), InvalidPacket> {
    const NO_LENGTH: InvalidPacket = InvalidPacket("no length before it");
    let (len, after) = text.split_once(':').ok_or(NO_LENGTH)?;
    if len.is_empty() || len.len() > MAX_DIGITS || !len.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(NO_LENGTH);
    }
    let units: usize = len.parse().map_err(|_| NO_LENGTH)?;
    let end = utf16_end(after, units).ok_or(InvalidPacket("it isn't as long as it says"))?;
    let data = &after[..end];
    let packet = match data.strip_prefix('b') {
        Some(typed) => Packet::from_base64_v3(typed)?,
        None => Packet::from_text(&text.slice_ref(data))?,
    };
    Ok((packet, text.slice_ref(&after[end..])))
}

/// Where in the text that many UTF-16 code units end, on a character's boundary.
fn utf16_end(text: &str, units: usize) -> Option<usize> {
    let (mut seen, mut end) = (0, 0);
    for character in text.chars() {
        if seen >= units {
            break;
        }
        seen += character.len_utf16();
        end += character.len_utf8();
    }
    (seen == units).then_some(end)
}

fn next_binary(bytes: &mut Bytes) -> Result<Packet, InvalidPacket> {
    const NO_LENGTH: InvalidPacket = InvalidPacket("no length before it");
    let kind = bytes[0];
    let digits = bytes[1..]
        .iter()
        .position(|&byte| byte == 0xff)
        .ok_or(NO_LENGTH)?;
    if digits == 0 || digits > MAX_DIGITS || kind > 1 {
        return Err(NO_LENGTH);
    }
    // Ten digits are more than 32 bits hold.
    let mut len = 0_u64;
    for &digit in &bytes[1..=digits] {
        if digit > 9 {
            return Err(NO_LENGTH);
        }
        len = len * 10 + u64::from(digit);
    }
    bytes.advance(digits + 2);
    let len = usize::try_from(len).ok().filter(|len| *len <= bytes.len());
    let len = len.ok_or(InvalidPacket("it isn't as long as it says"))?;
    let data = bytes.split_to(len);
    if kind == 1 {
        return Packet::from_bytes_v3(&data);
    }
    let text = Utf8Bytes::try_from(data).map_err(|_| InvalidPacket("its text isn't UTF-8"))?;
    Packet::from_text(&text)
}

fn write_text(packet: &Packet, out: &mut BytesMut) {
    if let Packet::Message(Message::Binary(bytes)) = packet {
        let base64 = STANDARD.encode(bytes);
        out.put_slice(format!("{}:b4{base64}", base64.len() + 2).as_bytes());
    } else {
        let data = packet.data();
        let units = 1 + data.encode_utf16().count();
        out.put_slice(format!("{units}:{}{data}", packet.type_char()).as_bytes());
    }
}

fn write_binary(packet: &Packet, out: &mut BytesMut) {
    let (kind, len) = match packet {
        Packet::Message(Message::Binary(bytes)) => (1, 1 + bytes.len()),
        _ => (0, 1 + packet.data().len()),
    };
    out.put_u8(kind);
    out.extend(len.to_string().bytes().map(|digit| digit - b'0'));
    out.put_u8(0xff);
    match packet {
        Packet::Message(Message::Binary(bytes)) => {
            out.put_u8(4);
            out.put_slice(bytes);
        }
        _ => {
            out.put_u8(packet.type_char() as u8);
            out.put_slice(packet.data().as_bytes());
        }
    }
}

/// More digits than any body is long.
const MAX_DIGITS: usize = 10;
