//! Arguments as they are written: a tuple is several, `()` is none, anything else is one.

use super::super::json::EncodeError;
use super::extract::{Extract, Found, Shape};
use bytes::Bytes;
use serde::Serialize;

/// Appends arguments to the items of a JSON array, which has some already if `after`, and returns their attachments.
pub(crate) fn append<T: Serialize + ?Sized>(
    text: &mut Vec<u8>,
    after: bool,
    args: &T,
) -> Result<Vec<Bytes>, EncodeError> {
    let found = Found::default();
    let before = text.len();
    if after {
        text.push(b',');
    }
    let start = text.len();
    let mut json = serde_json::Serializer::new(&mut *text);
    args.serialize(Extract::new(&mut json, &found))?;
    match found.shape.get() {
        Shape::One => {}
        Shape::None => text.truncate(before),
        Shape::Several if text.len() == start + "[]".len() => text.truncate(before),
        Shape::Several => {
            text.pop();
            text.remove(start);
        }
    }
    Ok(found.attachments.into_inner())
}
