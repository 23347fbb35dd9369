//! The arguments of an event or of an acknowledgement: raw until somebody asks for a type.

mod attachments;
mod buffer;
mod extract;
mod read;
mod spread;

pub(super) use spread::append;
#[cfg(feature = "msgpack")]
pub(super) use spread::append_msgpack;

use super::Value;
use bytes::Bytes;
use madang_ws::Utf8Bytes;
use serde::de::{DeserializeOwned, Deserializer, SeqAccess, Visitor};
use serde::ser::{SerializeTuple, Serializer};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;

/// Arguments as they were received: checked, not yet read. Cloning is cheap.
///
/// ```
/// use bytes::Bytes;
/// use madang_socketio::proto::{Decoder, PacketKind};
///
/// let mut decoder = Decoder::default();
/// assert!(decoder.receive("51-[\"file\",{\"_placeholder\":true,\"num\":0},7]".into())?.is_none());
/// let packet = decoder.receive(vec![1, 2, 3].into())?.unwrap();
/// let PacketKind::Event { args, .. } = packet.kind else { panic!() };
/// let (content, tag): (Bytes, u8) = args.read()?;
/// assert_eq!((&content[..], tag), (&[1, 2, 3][..], 7));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Args(Raw);

#[derive(Clone, Debug)]
enum Raw {
    Json {
        text: Utf8Bytes,
        items: Items,
        attachments: Option<Box<[Bytes]>>,
    },
    #[cfg(feature = "msgpack")]
    Msgpack { bytes: Bytes, items: Items },
}

/// Where each argument is.
pub(super) type Items = SmallVec<[Range<u32>; 2]>;

impl Args {
    /// How many there are.
    ///
    /// ```
    /// use madang_socketio::proto::Args;
    ///
    /// assert_eq!(Args::of(&("two", "arguments"))?.len(), 2);
    /// assert_eq!(Args::of(&vec!["one", "argument"])?.len(), 1);
    /// assert!(Args::of(&())?.is_empty());
    /// # Ok::<(), madang_socketio::proto::EncodeError>(())
    /// ```
    pub fn len(&self) -> usize {
        match &self.0 {
            Raw::Json { items, .. } => items.len(),
            #[cfg(feature = "msgpack")]
            Raw::Msgpack { items, .. } => items.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many bytes they came in, attachments among them.
    ///
    /// ```
    /// use madang_socketio::proto::Args;
    ///
    /// assert_eq!(Args::of(&("four", 10))?.size(), 8);
    /// assert_eq!(Args::of(&())?.size(), 0);
    /// # Ok::<(), madang_socketio::proto::EncodeError>(())
    /// ```
    pub fn size(&self) -> usize {
        let (items, attachments) = match &self.0 {
            Raw::Json {
                items, attachments, ..
            } => (items, attachments.as_deref().unwrap_or_default()),
            #[cfg(feature = "msgpack")]
            Raw::Msgpack { items, .. } => (items, &[][..]),
        };
        let attached: usize = attachments.iter().map(Bytes::len).sum();
        items.iter().map(|item| item.len()).sum::<usize>() + attached
    }

    /// Reads them as a value of some type. A tuple takes as many arguments as it has items, [`Arguments`] takes all, `()` none, and any other type
    /// takes the first. Arguments that aren't taken are ignored, and those that are missing are `null`: [`Option`] is `None`, as in JavaScript they are `undefined`.
    ///
    /// Bytes ([`bytes::Bytes`], or whatever asks serde for bytes) take attachments, anywhere in the value.
    ///
    /// ```
    /// use madang_socketio::proto::{Args, Arguments};
    ///
    /// let args = Args::of(&(1, 2, 3))?;
    /// assert_eq!(args.read::<u32>()?, 1);
    /// assert_eq!(args.read::<(u32, u32)>()?, (1, 2));
    /// assert_eq!(args.read::<Arguments<u32>>()?.0, [1, 2, 3]);
    /// assert_eq!(args.read::<(u32, u32, u32, Option<u32>)>()?, (1, 2, 3, None));
    /// assert!(args.read::<String>().is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When an argument is of another shape, or nested more than 128 deep.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, ReadError> {
        read::read(self)
    }

    pub(super) fn json(text: Utf8Bytes, items: Items) -> Self {
        Self(Raw::Json {
            text,
            items,
            attachments: None,
        })
    }

    pub(super) fn attach(&mut self, buffers: Vec<Bytes>) {
        match &mut self.0 {
            Raw::Json { attachments, .. } => *attachments = Some(buffers.into()),
            #[cfg(feature = "msgpack")]
            Raw::Msgpack { .. } => {}
        }
    }

    #[cfg(feature = "msgpack")]
    pub(super) fn msgpack(bytes: Bytes, items: Items) -> Self {
        Self(Raw::Msgpack { bytes, items })
    }

    /// Arguments that are made here: of a query, of a test.
    ///
    /// ```
    /// use madang_socketio::proto::Args;
    ///
    /// let args = Args::of(&("kim", serde_json::json!({ "age": 41 })))?;
    /// let (name, more): (String, serde_json::Value) = args.read()?;
    /// assert_eq!((name.as_str(), more["age"].as_u64()), ("kim", Some(41)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When a value can't be JSON.
    pub fn of<T: Serialize + ?Sized>(args: &T) -> Result<Self, super::EncodeError> {
        let mut text = vec![b'['];
        let attachments = append(&mut text, false, args)?;
        text.push(b']');
        let text = super::json::utf8(text);
        let (_, items) = super::json::items(&text, false).map_err(|_| super::EncodeError::new("not JSON"))?;
        let mut made = Self::json(text, items);
        if !attachments.is_empty() {
            made.attach(attachments);
        }
        Ok(made)
    }
}

impl Default for Raw {
    fn default() -> Self {
        Self::Json {
            text: Utf8Bytes::default(),
            items: Items::new(),
            attachments: None,
        }
    }
}

/// Any number of arguments of one type: reads all of them, and is written as so many.
///
/// ```
/// use madang_socketio::proto::{Args, Arguments, Value};
///
/// let args = Args::of(&(1, "two", [3]))?;
/// let Arguments(values): Arguments = args.read()?;
/// assert_eq!(values.len(), 3);
/// assert_eq!(Args::of(&Arguments(values))?.len(), 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Arguments<T = Value>(pub Vec<T>);

impl<T: Serialize> Serialize for Arguments<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tuple = serializer.serialize_tuple(self.0.len())?;
        self.0
            .iter()
            .try_for_each(|value| tuple.serialize_element(value))?;
        tuple.end()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Arguments<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for All<T> {
            type Value = Arguments<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("arguments")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                let mut all = Vec::new();
                while let Some(item) = items.next_element()? {
                    all.push(item);
                }
                Ok(Arguments(all))
            }
        }
        deserializer.deserialize_tuple(read::ALL, All(PhantomData))
    }
}

/// Why arguments can't be read as what was asked for.
///
/// ```
/// use madang_socketio::proto::Args;
///
/// let error = Args::of("kim")?.read::<u32>().unwrap_err();
/// println!("a client sends nonsense: {error}");
/// assert!(error.to_string().contains("kim"));
/// # Ok::<(), madang_socketio::proto::EncodeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ReadError(String);

impl serde::de::Error for ReadError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}
