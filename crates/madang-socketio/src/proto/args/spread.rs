//! Arguments as they are written: a tuple is several, `()` is none, anything else is one.

use super::super::json::EncodeError;
use super::buffer::Buffer;
use super::extract::{Extract, Found, Shape};
use bytes::Bytes;
use serde::Serialize;

/// Appends arguments to the items of a JSON array, which has some already if `after`, and returns their attachments.
pub(crate) fn append<T: Serialize + ?Sized>(
    text: &mut Vec<u8>,
    after: bool,
    args: &T,
) -> Result<Vec<Bytes>, EncodeError> {
    let before = text.len();
    if after {
        text.push(b',');
    }
    let start = text.len();
    let buffer = Buffer::new(std::mem::take(text));
    let found = Found {
        buffer: Some(&buffer),
        ..Found::default()
    };
    let mut json = serde_json::Serializer::new(&buffer);
    let written = args.serialize(Extract::new(&mut json, &found));
    let (shape, attachments) = (found.shape.get(), found.attachments.into_inner());
    *text = buffer.into_inner();
    written?;
    match shape {
        Shape::One => {}
        Shape::None => text.truncate(before),
        Shape::Several if text.len() == start + "[]".len() => text.truncate(before),
        Shape::Several => {
            text.pop();
            text.remove(start);
        }
    }
    Ok(attachments)
}

/// Appends arguments as they are in a msgpack array, and returns how many there are.
#[cfg(feature = "msgpack")]
pub(crate) fn append_msgpack<T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    args: &T,
) -> Result<usize, EncodeError> {
    let found = Found {
        in_place: true,
        ..Found::default()
    };
    let start = out.len();
    let mut msgpack = rmp_serde::Serializer::new(&mut *out)
        .with_struct_map()
        .with_human_readable();
    args.serialize(Extract::new(&mut msgpack, &found))
        .map_err(EncodeError::new)?;
    match found.shape.get() {
        Shape::One => Ok(1),
        Shape::None => {
            out.truncate(start);
            Ok(0)
        }
        Shape::Several => {
            let mut rest = &out[start..];
            let before = rest.len();
            let count =
                rmp::decode::read_array_len(&mut rest).map_err(|_| EncodeError::new("not an array"))?;
            let head = before - rest.len();
            out.drain(start..start + head);
            Ok(count as usize)
        }
    }
}
