//! Packets as one binary message each, bytes in their places: the parser of `socket.io-msgpack-parser`, whose msgpack is notepack.io's.

mod read;
mod token;

pub(super) use read::Item;

use super::args::{Args, Items, append_msgpack};
use super::packet::{DecodeError, Packet, PacketKind, is_reserved};
use super::{Encode, EncodeError, Header, Messages};
use bytes::Bytes;
use madang_ws::{Message, Utf8Bytes};
use serde::Serialize;
use token::{Broken, Token, Tokens};

/// The parser of clients that are made with `socket.io-msgpack-parser`. Every client of a server has to be.
///
/// Arguments are the same as with [`Json`](super::Json): a date arrives as its text in ISO 8601, `undefined` as `null`.
/// Numbers that JSON can't say, such as NaN, are sent as they are.
///
/// ```
/// use madang_socketio::proto::{Encode as _, Header, Msgpack};
///
/// let messages = Msgpack.event(Header::of("/"), "file", &bytes::Bytes::from_static(b"\x01"), None)?;
/// assert_eq!(messages.len(), 1); // bytes are in their place
/// # Ok::<(), madang_socketio::proto::EncodeError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Msgpack;

/// The keys of a packet, in the order in which Node's server writes those of an event.
const TYPE: &str = "type";
const DATA: &str = "data";
const ID: &str = "id";
const NAMESPACE: &str = "nsp";

impl Encode for Msgpack {
    fn event<T: Serialize + ?Sized>(
        &self,
        header: Header<'_>,
        event: &str,
        args: &T,
        offset: Option<&str>,
    ) -> Result<Messages, EncodeError> {
        let mut items = Vec::with_capacity(64);
        let count = append_msgpack(&mut items, args)?;
        let mut out = begin(3 + u8::from(header.id.is_some()), 2, items.len() + 64);
        text(&mut out, DATA);
        array(&mut out, 1 + count + usize::from(offset.is_some()))?;
        text(&mut out, event);
        out.append(&mut items);
        if let Some(offset) = offset {
            text(&mut out, offset);
        }
        if let Some(id) = header.id {
            text(&mut out, ID);
            number(&mut out, id);
        }
        Ok(end(out, header.namespace))
    }

    fn ack<T: Serialize + ?Sized>(&self, header: Header<'_>, args: &T) -> Result<Messages, EncodeError> {
        let mut items = Vec::with_capacity(64);
        let count = append_msgpack(&mut items, args)?;
        let mut out = Vec::with_capacity(items.len() + 64);
        out.push(0x83 + u8::from(header.id.is_some()));
        if let Some(id) = header.id {
            text(&mut out, ID);
            number(&mut out, id);
        }
        text(&mut out, TYPE);
        out.push(3);
        text(&mut out, DATA);
        array(&mut out, count)?;
        out.append(&mut items);
        Ok(end(out, header.namespace))
    }

    fn connect<T: Serialize + ?Sized>(
        &self,
        namespace: &str,
        body: Option<&T>,
    ) -> Result<Messages, EncodeError> {
        with_body(0, namespace, body)
    }

    fn connect_error<T: Serialize + ?Sized>(
        &self,
        namespace: &str,
        body: &T,
    ) -> Result<Messages, EncodeError> {
        with_body(4, namespace, Some(body))
    }

    fn disconnect(&self, namespace: &str) -> Messages {
        end(begin(2, 1, 32), namespace)
    }
}

/// An event with one argument more.
pub(super) fn with_offset(event: &Bytes, header: Header<'_>, offset: &str) -> Bytes {
    /// Where the array begins: after the map's head, two keys, and the type.
    const ARRAY: usize = 1 + (1 + TYPE.len()) + 1 + (1 + DATA.len());
    let mut tail = Vec::with_capacity(64);
    if let Some(id) = header.id {
        text(&mut tail, ID);
        number(&mut tail, id);
    }
    text(&mut tail, NAMESPACE);
    text(&mut tail, header.namespace);
    let mut items = &event[ARRAY..event.len() - tail.len()];
    let Ok(count) = rmp::decode::read_array_len(&mut items) else {
        return event.clone();
    };
    let mut out = Vec::with_capacity(event.len() + offset.len() + 8);
    out.extend_from_slice(&event[..ARRAY]);
    let _ = rmp::encode::write_array_len(&mut out, count.saturating_add(1));
    out.extend_from_slice(items);
    text(&mut out, offset);
    out.append(&mut tail);
    out.into()
}

/// A map of so many fields, whose first is the type.
fn begin(fields: u8, kind: u8, capacity: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(capacity);
    out.push(0x80 | fields);
    text(&mut out, TYPE);
    out.push(kind);
    out
}

/// Adds the last field.
fn end(mut out: Vec<u8>, namespace: &str) -> Messages {
    text(&mut out, NAMESPACE);
    text(&mut out, namespace);
    Messages::from_buf([Message::Binary(out.into())])
}

fn with_body<T: Serialize + ?Sized>(
    kind: u8,
    namespace: &str,
    body: Option<&T>,
) -> Result<Messages, EncodeError> {
    let mut out = begin(2 + u8::from(body.is_some()), kind, 128);
    if let Some(body) = body {
        text(&mut out, DATA);
        // The body is one value, whatever it is.
        append_msgpack(&mut out, &[body])?;
    }
    Ok(end(out, namespace))
}

fn text(out: &mut Vec<u8>, text: &str) {
    // Nothing fails in memory, here and below.
    let _ = rmp::encode::write_str(out, text);
}

fn number(out: &mut Vec<u8>, number: u64) {
    let _ = rmp::encode::write_uint(out, number);
}

fn array(out: &mut Vec<u8>, len: usize) -> Result<(), EncodeError> {
    let len = u32::try_from(len).map_err(EncodeError::new)?;
    let _ = rmp::encode::write_array_len(out, len);
    Ok(())
}

/// The packet that a message is. Checks all of it, however deep, without recursion and without believing its lengths.
pub(super) fn decode(bytes: &Bytes) -> Result<Packet, DecodeError> {
    let invalid = |_| DecodeError::Payload;
    // So that positions fit.
    u32::try_from(bytes.len()).map_err(|_| DecodeError::Payload)?;
    let fields = Fields::read(bytes).map_err(invalid)?;
    let namespace = fields.namespace.ok_or(DecodeError::Payload)?;
    let mut data = Tokens::new(&bytes[fields.data.clone()]);
    let start = fields.data.start;
    let first = match fields.data.is_empty() {
        true => Token::Nil,
        false => data.next().map_err(invalid)?,
    };
    let kind = match (fields.kind.ok_or(DecodeError::Payload)?, first) {
        (0, Token::Nil) => PacketKind::Connect(Args::default()),
        (0, Token::Map(_)) => PacketKind::Connect(whole(bytes, &fields.data)),
        (1, Token::Nil) => PacketKind::Disconnect,
        (2, Token::Array(len @ 1..)) => PacketKind::Event {
            name: event_name(bytes, data.next().map_err(invalid)?)?,
            args: items(bytes, start, data, len - 1).map_err(invalid)?,
            id: fields.id,
        },
        (3, Token::Array(len)) => PacketKind::Ack {
            id: fields.id.ok_or(DecodeError::Payload)?,
            args: items(bytes, start, data, len).map_err(invalid)?,
        },
        (4, Token::Map(_) | Token::Text(_)) => PacketKind::ConnectError(whole(bytes, &fields.data)),
        (5..=9, _) => {
            let digit = char::from(b'0' + fields.kind.unwrap_or_default());
            return Err(DecodeError::UnknownType(digit));
        }
        _ => return Err(DecodeError::Payload),
    };
    Ok(Packet { namespace, kind })
}

/// What a packet's map has; of a key that comes twice, the last. Other keys are ignored: clients send `options`.
#[derive(Default)]
struct Fields {
    kind: Option<u8>,
    namespace: Option<Utf8Bytes>,
    id: Option<u64>,
    data: std::ops::Range<usize>,
}

impl Fields {
    fn read(bytes: &Bytes) -> Result<Self, Broken> {
        let mut tokens = Tokens::new(bytes);
        let Token::Map(len) = tokens.next()? else {
            return Err(Broken);
        };
        let mut fields = Self::default();
        for _ in 0..len {
            match tokens.next()? {
                Token::Text(TYPE) => match tokens.next()? {
                    Token::Unsigned(kind @ 0..=9) => fields.kind = u8::try_from(kind).ok(),
                    _ => return Err(Broken),
                },
                Token::Text(NAMESPACE) => match tokens.next()? {
                    Token::Text(namespace) => fields.namespace = Some(part(bytes, namespace)?),
                    _ => return Err(Broken),
                },
                Token::Text(ID) => match tokens.next()? {
                    Token::Unsigned(id) => fields.id = Some(id),
                    Token::Nil => fields.id = None,
                    _ => return Err(Broken),
                },
                Token::Text(DATA) => {
                    let start = tokens.position();
                    tokens.skip(1)?;
                    fields.data = start..tokens.position();
                }
                key => {
                    tokens.skip_rest(key)?;
                    tokens.skip(1)?;
                }
            }
        }
        if tokens.is_empty() {
            Ok(fields)
        } else {
            Err(Broken)
        }
    }
}

/// Where each of the items that follow is; the items begin at `start` of the message.
fn items(bytes: &Bytes, start: usize, mut tokens: Tokens<'_>, len: u32) -> Result<Args, Broken> {
    let mut items = Items::new();
    for _ in 0..len {
        let from = (start + tokens.position()) as u32;
        tokens.skip(1)?;
        items.push(from..(start + tokens.position()) as u32);
    }
    Ok(Args::msgpack(bytes.clone(), items))
}

fn whole(bytes: &Bytes, data: &std::ops::Range<usize>) -> Args {
    let item = data.start as u32..data.end as u32;
    Args::msgpack(bytes.clone(), Items::from_iter([item]))
}

/// A string or a number.
fn event_name(bytes: &Bytes, first: Token<'_>) -> Result<Utf8Bytes, DecodeError> {
    match first {
        Token::Text(name) if is_reserved(name) => Err(DecodeError::Payload),
        Token::Text(name) => part(bytes, name).map_err(|_| DecodeError::Payload),
        Token::Unsigned(name) => Ok(name.to_string().into()),
        Token::Signed(name) => Ok(name.to_string().into()),
        Token::Float(name) => Ok(name.to_string().into()),
        _ => Err(DecodeError::Payload),
    }
}

/// Part of a message, uncopied.
fn part(bytes: &Bytes, text: &str) -> Result<Utf8Bytes, Broken> {
    Utf8Bytes::try_from(bytes.slice_ref(text.as_bytes())).map_err(|_| Broken)
}
