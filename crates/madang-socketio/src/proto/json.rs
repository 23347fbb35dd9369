//! Packets as text, attachments as binary messages after it: the parser of `socket.io-parser`.

use super::args::{Args, Items, append};
use super::packet::{DecodeError, Packet, PacketKind, is_reserved};
use super::{Encode, Header, Messages, Value};
use bytes::Bytes;
use madang_ws::{Message, Utf8Bytes};
use serde::Serialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;
use std::cell::Cell;
use std::fmt;

/// The key that marks a placeholder.
pub(super) const PLACEHOLDER: &str = "_placeholder";

/// The parser of every client that isn't told otherwise.
///
/// ```
/// use madang_socketio::proto::{Encode as _, Header, Json};
///
/// let messages = Json.event(Header::of("/"), "file", &(bytes::Bytes::from_static(b"\x01"), "name"), None)?;
/// assert_eq!(messages[0].as_text(), Some(r#"51-["file",{"_placeholder":true,"num":0},"name"]"#));
/// assert_eq!(messages[1], vec![1].into());
/// # Ok::<(), madang_socketio::proto::EncodeError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Json;

impl Encode for Json {
    fn event<T: Serialize + ?Sized>(
        &self,
        header: Header<'_>,
        event: &str,
        args: &T,
        offset: Option<&str>,
    ) -> Result<Messages, EncodeError> {
        let mut text = begin(b'2', 0, &header);
        text.push(b'[');
        serde_json::to_writer(&mut text, event)?;
        let mut attachments = append(&mut text, true, args)?;
        if let Some(offset) = offset {
            attachments.extend(append(&mut text, true, offset)?);
        }
        text.push(b']');
        Ok(finish(text, &header, b'5', attachments))
    }

    fn ack<T: Serialize + ?Sized>(&self, header: Header<'_>, args: &T) -> Result<Messages, EncodeError> {
        let mut text = begin(b'3', 0, &header);
        text.push(b'[');
        let attachments = append(&mut text, false, args)?;
        text.push(b']');
        Ok(finish(text, &header, b'6', attachments))
    }

    fn connect<T: Serialize + ?Sized>(
        &self,
        namespace: &str,
        body: Option<&T>,
    ) -> Result<Messages, EncodeError> {
        with_body(b'0', namespace, body)
    }

    fn connect_error<T: Serialize + ?Sized>(
        &self,
        namespace: &str,
        body: &T,
    ) -> Result<Messages, EncodeError> {
        with_body(b'4', namespace, Some(body))
    }

    fn disconnect(&self, namespace: &str) -> Messages {
        Messages::from_buf([utf8(begin(b'1', 0, &Header::of(namespace))).into()])
    }
}

/// The head of a packet; `None` where the packet has no attachments.
fn begin(kind: u8, attachments: usize, header: &Header<'_>) -> Vec<u8> {
    let mut text = Vec::with_capacity(64);
    text.push(kind);
    if attachments > 0 {
        text.extend_from_slice(attachments.to_string().as_bytes());
        text.push(b'-');
    }
    if header.namespace != "/" {
        text.extend_from_slice(header.namespace.as_bytes());
        text.push(b',');
    }
    if let Some(id) = header.id {
        text.extend_from_slice(id.to_string().as_bytes());
    }
    text
}

fn finish(text: Vec<u8>, header: &Header<'_>, binary: u8, attachments: Vec<Bytes>) -> Messages {
    if attachments.is_empty() {
        return Messages::from_buf([utf8(text).into()]);
    }
    // Rare: the head says how many there are, which is known only now.
    let plain = begin(0, 0, header).len();
    let mut packet = begin(binary, attachments.len(), header);
    packet.extend_from_slice(&text[plain..]);
    let mut messages = Messages::new();
    messages.push(utf8(packet).into());
    messages.extend(attachments.into_iter().map(Message::Binary));
    messages
}

fn with_body<T: Serialize + ?Sized>(
    kind: u8,
    namespace: &str,
    body: Option<&T>,
) -> Result<Messages, EncodeError> {
    let mut text = begin(kind, 0, &Header::of(namespace));
    if let Some(body) = body {
        serde_json::to_writer(&mut text, body)?;
    }
    Ok(Messages::from_buf([utf8(text).into()]))
}

/// An event with one argument more.
pub(super) fn with_offset(event: &Utf8Bytes, offset: &str) -> Utf8Bytes {
    let mut text = Vec::with_capacity(event.len() + offset.len() + 8);
    text.extend_from_slice(event.strip_suffix(']').unwrap_or(event).as_bytes());
    text.push(b',');
    // Nothing fails in memory.
    let _ = serde_json::to_writer(&mut text, offset);
    text.push(b']');
    utf8(text)
}

/// What serde_json wrote, which is UTF-8.
pub(super) fn utf8(text: impl Into<Bytes>) -> Utf8Bytes {
    Utf8Bytes::try_from(text.into()).unwrap_or_default()
}

/// Why something can't be sent: the application's fault.
///
/// ```
/// use madang_socketio::proto::{Encode as _, Header, Json};
/// use std::collections::HashMap;
///
/// // The keys of an object are text.
/// let pairs = HashMap::from([((1, 2), "a pair")]);
/// let error = Json.event(Header::of("/"), "pairs", &pairs, None).unwrap_err();
/// assert!(error.to_string().starts_with("can't be encoded: "));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("can't be encoded: {0}")]
pub struct EncodeError(String);

impl EncodeError {
    pub(super) fn new(reason: impl fmt::Display) -> Self {
        Self(reason.to_string())
    }
}

impl From<serde_json::Error> for EncodeError {
    fn from(error: serde_json::Error) -> Self {
        Self::new(error)
    }
}

/// A packet whose attachments are still to come, and how many.
pub(super) fn decode(text: &Utf8Bytes, max_attachments: usize) -> Result<(Packet, usize), DecodeError> {
    let mut rest = Rest { text, at: 0 };
    let kind = match rest.next() {
        Some(kind @ b'0'..=b'6') => kind,
        Some(_) => return Err(DecodeError::UnknownType(text.chars().next().unwrap_or_default())),
        None => return Err(DecodeError::UnknownType('\0')),
    };
    let attachments = match kind {
        b'5' | b'6' => rest.attachments(max_attachments)?,
        _ => 0,
    };
    let namespace = rest.namespace();
    let namespace = if namespace.is_empty() {
        utf8(Bytes::from_static(b"/"))
    } else {
        text.slice_ref(namespace)
    };
    let id = rest.id()?;
    let mut body = text.slice_ref(&text[rest.at..]);
    if attachments > 0 {
        body = placeholders_in_order(body, attachments)?;
    }
    let kind = match kind {
        b'0' => PacketKind::Connect(object(body)?),
        b'1' if body.is_empty() => PacketKind::Disconnect,
        b'2' | b'5' => {
            let (name, items) = items(&body, true)?;
            let name = match name {
                Some(name) if is_reserved(&name) => return Err(DecodeError::Payload),
                Some(name) => name,
                None => return Err(DecodeError::Payload),
            };
            let args = Args::json(body, items);
            PacketKind::Event { name, args, id }
        }
        b'3' | b'6' => {
            let (_, items) = items(&body, false)?;
            let id = id.ok_or(DecodeError::Payload)?;
            PacketKind::Ack {
                id,
                args: Args::json(body, items),
            }
        }
        b'4' => PacketKind::ConnectError(error(body)?),
        _ => return Err(DecodeError::Payload),
    };
    Ok((Packet { namespace, kind }, attachments))
}

struct Rest<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Rest<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    /// Digits, and the dash after them. One more digit than the limit has is one too many, however many follow.
    fn attachments(&mut self, max: usize) -> Result<usize, DecodeError> {
        let start = self.at;
        let mut count: usize = 0;
        loop {
            match self.next() {
                Some(digit @ b'0'..=b'9') => {
                    count = count.saturating_mul(10).saturating_add(usize::from(digit - b'0'));
                    if count > max {
                        return Err(DecodeError::TooManyAttachments);
                    }
                }
                Some(b'-') if self.at > start + 1 && count > 0 => return Ok(count),
                _ => return Err(DecodeError::Attachments),
            }
        }
    }

    /// From a slash to a comma, or to the end.
    fn namespace(&mut self) -> &'a str {
        if self.peek() != Some(b'/') {
            return "";
        }
        let rest = &self.text[self.at..];
        let (name, len) = match memchr::memchr(b',', rest.as_bytes()) {
            Some(comma) => (&rest[..comma], comma + 1),
            None => (rest, rest.len()),
        };
        self.at += len;
        name
    }

    fn id(&mut self) -> Result<Option<u64>, DecodeError> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
            // Longer than any id that was given out.
            if self.at - start > 20 {
                return Err(DecodeError::Payload);
            }
        }
        let digits = &self.text[start..self.at];
        if digits.is_empty() {
            return Ok(None);
        }
        digits.parse().map(Some).map_err(|_| DecodeError::Payload)
    }
}

/// The body of CONNECT: an object or nothing.
fn object(body: Utf8Bytes) -> Result<Args, DecodeError> {
    if body.is_empty() {
        return Ok(Args::default());
    }
    let raw: &RawValue = serde_json::from_str(&body).map_err(|_| DecodeError::Payload)?;
    if !raw.get().starts_with('{') {
        return Err(DecodeError::Payload);
    }
    let whole = 0..body.len() as u32;
    Ok(Args::json(body, Items::from_iter([whole])))
}

/// The body of CONNECT_ERROR: an object or text.
fn error(body: Utf8Bytes) -> Result<Args, DecodeError> {
    let raw: &RawValue = serde_json::from_str(&body).map_err(|_| DecodeError::Payload)?;
    if !raw.get().starts_with(['{', '"']) {
        return Err(DecodeError::Payload);
    }
    let whole = 0..body.len() as u32;
    Ok(Args::json(body, Items::from_iter([whole])))
}

/// Where the items of an array are; of an event's, the first apart as its name. Checks that all of it is JSON, however deep.
pub(super) fn items(array: &Utf8Bytes, named: bool) -> Result<(Option<Utf8Bytes>, Items), DecodeError> {
    let mut json = serde_json::Deserializer::from_str(array);
    let (name, items) = json
        .deserialize_seq(Split { array, named })
        .and_then(|split| json.end().map(|()| split))
        .map_err(|_| DecodeError::Payload)?;
    Ok((name, items))
}

struct Split<'a> {
    array: &'a Utf8Bytes,
    named: bool,
}

impl<'a> Visitor<'a> for Split<'a> {
    type Value = (Option<Utf8Bytes>, Items);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut array: A) -> Result<Self::Value, A::Error> {
        let mut name = None;
        if self.named {
            let first: &RawValue = array
                .next_element()?
                .ok_or_else(|| A::Error::custom("an event has a name"))?;
            name =
                Some(event_name(self.array, first.get()).ok_or_else(|| A::Error::custom("that is no name"))?);
        }
        let start = self.array.as_ptr() as usize;
        let mut items = Items::new();
        while let Some(item) = array.next_element::<&RawValue>()? {
            let at = (item.get().as_ptr() as usize - start) as u32;
            items.push(at..at + item.get().len() as u32);
        }
        Ok((name, items))
    }
}

/// A string or a number.
fn event_name(array: &Utf8Bytes, raw: &str) -> Option<Utf8Bytes> {
    match raw.as_bytes().first()? {
        b'"' if !raw.contains('\\') => Some(array.slice_ref(&raw[1..raw.len() - 1])),
        b'"' => serde_json::from_str::<String>(raw).ok().map(Utf8Bytes::from),
        b'-' | b'0'..=b'9' => Some(array.slice_ref(raw)),
        _ => None,
    }
}

/// Checks that every placeholder stands for one of so many attachments. Clients whose JSON doesn't keep the order of keys may write a placeholder's number
/// first; they get theirs put in order, so that whoever reads the arguments knows a placeholder by its first key.
fn placeholders_in_order(body: Utf8Bytes, attachments: usize) -> Result<Utf8Bytes, DecodeError> {
    let unordered = Cell::new(false);
    let placeholders = Placeholders {
        attachments,
        unordered: &unordered,
    };
    let mut json = serde_json::Deserializer::from_str(&body);
    placeholders
        .deserialize(&mut json)
        .map_err(|error| match error.classify() {
            Category::Data => DecodeError::Placeholder,
            _ => DecodeError::Payload,
        })?;
    if !unordered.get() {
        return Ok(body);
    }
    let mut value: Value = serde_json::from_str(&body).map_err(|_| DecodeError::Payload)?;
    put_in_order(&mut value);
    let ordered = serde_json::to_vec(&value).map_err(|_| DecodeError::Payload)?;
    Ok(utf8(ordered))
}

/// No deeper than serde_json has read it.
fn put_in_order(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(put_in_order),
        Value::Object(fields) => {
            let place = fields
                .iter()
                .position(|field| *field == (PLACEHOLDER.to_owned(), Value::Bool(true)));
            if let Some(place) = place {
                fields[..=place].rotate_right(1);
            }
            fields.iter_mut().for_each(|(_, value)| put_in_order(value));
        }
        _ => {}
    }
}

/// Looks at every value for placeholders.
#[derive(Clone, Copy)]
struct Placeholders<'a> {
    attachments: usize,
    /// One of them doesn't begin with the key that makes it one.
    unordered: &'a Cell<bool>,
}

/// What of a value matters in a placeholder.
#[derive(PartialEq, Eq)]
enum Seen {
    True,
    Number(u64),
    Other,
}

impl<'de> DeserializeSeed<'de> for Placeholders<'_> {
    type Value = Seen;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Seen, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Placeholders<'_> {
    type Value = Seen;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Seen, E> {
        Ok(Seen::Other)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Seen, E> {
        Ok(if value { Seen::True } else { Seen::Other })
    }

    fn visit_i64<E>(self, _: i64) -> Result<Seen, E> {
        Ok(Seen::Other)
    }

    fn visit_u64<E>(self, value: u64) -> Result<Seen, E> {
        Ok(Seen::Number(value))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Seen, E> {
        Ok(Seen::Other)
    }

    fn visit_str<E>(self, _: &str) -> Result<Seen, E> {
        Ok(Seen::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Seen, A::Error> {
        while items.next_element_seed(self)?.is_some() {}
        Ok(Seen::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Seen, A::Error> {
        let mut place = None;
        let mut number = None;
        let mut fields = 0_usize;
        while let Some(key) = map.next_key::<String>()? {
            match (key.as_str(), map.next_value_seed(self)?) {
                (PLACEHOLDER, Seen::True) => place = Some(fields),
                ("num", value) => number = Some(value),
                _ => {}
            }
            fields += 1;
        }
        match (place, number) {
            (None, _) => return Ok(Seen::Other),
            (Some(place), Some(Seen::Number(number))) if number < self.attachments as u64 => {
                self.unordered.set(self.unordered.get() || place > 0);
            }
            _ => return Err(A::Error::custom("a placeholder for no attachment")),
        }
        Ok(Seen::Other)
    }
}
