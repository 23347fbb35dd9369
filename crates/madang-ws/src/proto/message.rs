//! Messages, and the assembly of one from its fragments (RFC 6455 §5.4).

use super::deflate::Inflater;
use super::utf8::Validator;
use super::{Fault, LimitExceeded, Limits, Violation};
use bytes::Bytes;
use bytestring::ByteString;
use std::fmt;
use std::ops::Deref;

/// A whole message. Cloning is cheap: the data is shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Text; always valid UTF-8.
    Text(Utf8Bytes),
    /// Bytes.
    Binary(Bytes),
}

impl Message {
    /// The payload, whichever type.
    pub fn as_bytes(&self) -> &Bytes {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }

    /// The text of a text message.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Binary(_) => None,
        }
    }

    /// Length of the payload in bytes.
    pub fn len(&self) -> usize {
        self.as_bytes().len()
    }

    /// Whether the payload is empty.
    pub fn is_empty(&self) -> bool {
        self.as_bytes().is_empty()
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<Utf8Bytes> for Message {
    fn from(text: Utf8Bytes) -> Self {
        Self::Text(text)
    }
}

impl From<Bytes> for Message {
    fn from(bytes: Bytes) -> Self {
        Self::Binary(bytes)
    }
}

impl From<Vec<u8>> for Message {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Binary(bytes.into())
    }
}

impl From<&[u8]> for Message {
    fn from(bytes: &[u8]) -> Self {
        Self::Binary(Bytes::copy_from_slice(bytes))
    }
}

/// Shared, immutable text.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Utf8Bytes(ByteString);

impl Utf8Bytes {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text's bytes, to share without copying.
    pub fn as_bytes(&self) -> &Bytes {
        self.0.as_bytes()
    }

    /// The text's bytes.
    pub fn into_bytes(self) -> Bytes {
        self.0.into_bytes()
    }

    /// A part of it, which shares its bytes and needs no check.
    ///
    /// # Panics
    /// If `part` isn't a slice of this text.
    pub fn slice_ref(&self, part: &str) -> Self {
        Self(self.0.slice_ref(part))
    }
}

impl Deref for Utf8Bytes {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Utf8Bytes {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for Utf8Bytes {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl TryFrom<Bytes> for Utf8Bytes {
    type Error = Violation;

    /// Takes bytes that are valid UTF-8, without copying.
    fn try_from(bytes: Bytes) -> Result<Self, Violation> {
        ByteString::try_from(bytes).map(Self).map_err(|_| Violation::Utf8)
    }
}

impl PartialEq<str> for Utf8Bytes {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Utf8Bytes {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl fmt::Debug for Utf8Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl fmt::Display for Utf8Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

/// The limits of messages, without the rest of [`Limits`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) frame: usize,
    pub(crate) message: usize,
    pub(crate) fragments: usize,
}

impl Bounds {
    pub(crate) fn of(limits: &Limits) -> Self {
        Self {
            frame: limits.frame,
            message: limits.message,
            fragments: limits.fragments,
        }
    }
}

/// A message of which not everything has arrived. Memory grows with what
/// arrives, never with what a header promises.
#[derive(Debug)]
pub(crate) struct Assembly {
    data: Vec<u8>,
    /// For text: checked as it arrives, so that wrong text fails at once.
    utf8: Option<Validator>,
    inflater: Option<Inflater>,
    fragments: usize,
}

impl Assembly {
    /// Begins a message; with an `inflater` if it's compressed.
    pub(crate) fn new(text: bool, inflater: Option<Inflater>) -> Self {
        Self {
            data: Vec::new(),
            utf8: text.then(Validator::default),
            inflater,
            fragments: 0,
        }
    }

    /// Counts a frame of `len` bytes against the limits before any of it is kept.
    pub(crate) fn begin_frame(&mut self, len: u64, limits: Bounds) -> Result<(), LimitExceeded> {
        self.fragments += 1;
        if self.fragments > limits.fragments {
            return Err(LimitExceeded::Fragments(limits.fragments));
        }
        if self.inflater.is_none() && self.data.len() as u64 + len > limits.message as u64 {
            return Err(LimitExceeded::Message(limits.message));
        }
        Ok(())
    }

    /// Adds unmasked payload.
    pub(crate) fn push(&mut self, payload: &[u8], limits: Bounds) -> Result<(), Fault> {
        let start = self.data.len();
        match &mut self.inflater {
            Some(inflater) => inflater.inflate(payload, &mut self.data, limits.message)?,
            None => self.data.extend_from_slice(payload),
        }
        self.validate(start)
    }

    /// Ends the message; an inflater comes back for the next one.
    pub(crate) fn finish(mut self, limits: Bounds) -> Result<(Message, Option<Inflater>), Fault> {
        if let Some(inflater) = &mut self.inflater {
            let start = self.data.len();
            inflater.finish(&mut self.data, limits.message)?;
            self.validate(start)?;
        }
        let data = Bytes::from(self.data);
        let message = match self.utf8 {
            Some(utf8) => {
                utf8.finish()?;
                Message::Text(Utf8Bytes::try_from(data)?)
            }
            None => Message::Binary(data),
        };
        Ok((message, self.inflater))
    }

    fn validate(&mut self, start: usize) -> Result<(), Fault> {
        match &mut self.utf8 {
            Some(utf8) => Ok(utf8.feed(&self.data[start..])?),
            None => Ok(()),
        }
    }
}
