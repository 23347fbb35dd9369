//! What is published: a payload that is encoded at most once per wire form, however many recipients there are.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, OnceLock},
};

use bytes::Bytes;

use crate::{error::InvalidName, id::RoomName};

/// The byte forms a publication can take. A recipient asks for the one its connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WireForm {
    /// A whole, unmasked WebSocket message (RFC 6455 §5.2), as a server sends it.
    Frame,
    /// The same, compressed without context takeover (RFC 7692 §7.2.3.4), so that every connection that negotiated deflate can share it.
    DeflatedFrame,
    /// WebSocket frames of the Engine.IO 4 messages of one publication, one after the other.
    EngineIoFrames,
    /// The same, compressed as [`DeflatedFrame`](Self::DeflatedFrame) is.
    DeflatedEngineIoFrames,
    /// WebSocket frames of the same messages in Engine.IO 3, where a binary one has a leading type byte.
    EngineIo3Frames,
    /// The same messages as part of an Engine.IO 4 payload: text packets joined by U+001E, binary ones in base64.
    EngineIoPayload,
    /// The text of an event as JSON, without any framing: for answers that carry several, and whoever frames them in turn.
    Json,
    /// A whole event of Server-Sent Events, with the empty line behind it.
    EventStream,
}

impl WireForm {
    /// How many forms there are.
    pub const COUNT: usize = 8;

    /// Each at its own index.
    pub(crate) const ALL: [Self; Self::COUNT] = [
        Self::Frame,
        Self::DeflatedFrame,
        Self::EngineIoFrames,
        Self::DeflatedEngineIoFrames,
        Self::EngineIo3Frames,
        Self::EngineIoPayload,
        Self::Json,
        Self::EventStream,
    ];
}

const _: () = {
    let mut index = 0;
    while index < WireForm::COUNT {
        assert!(WireForm::ALL[index] as usize == index);
        index += 1;
    }
};

/// Turns a payload into bytes. Implemented by the message types of the protocol crates.
pub trait Encode: Send + Sync + 'static {
    /// The bytes of one form, or none if the payload has no such form: then its members who speak that don't get it. Called at most once per publication and form, by whichever thread needs them first.
    ///
    /// A panic costs this publication in this form: its recipients get no bytes for it.
    fn encode(&self, form: WireForm) -> Bytes;

    /// Bytes that the payload occupies, roughly, for the limits of the hub. `None` (the default) makes [`Publication::new`] encode
    /// [`WireForm::Frame`] at once, to know.
    fn size_hint(&self) -> Option<usize> {
        None
    }
}

/// A payload to publish. Cloning is cheap, and clones share what has been encoded.
#[derive(Clone)]
pub struct Publication {
    shared: Arc<Shared<dyn Encode>>,
    key: Option<Key>,
    volatile: bool,
    compress: bool,
    in_order: bool,
}

impl Publication {
    /// A publication of this payload.
    pub fn new(payload: impl Encode) -> Self {
        let size = payload.size_hint();
        let mut shared = Shared {
            forms: Default::default(),
            size: 0,
            payload,
        };
        shared.size = size.unwrap_or_else(|| shared.encoded(WireForm::Frame).len());
        Self {
            shared: Arc::new(shared),
            key: None,
            volatile: false,
            compress: true,
            in_order: false,
        }
    }

    /// In rooms with [`Policy::Latest`](crate::Policy::Latest), this one takes the place of an unsent one that was published to the same room (the
    /// first, if to several) with the same key. Those without a key replace each other.
    #[must_use]
    pub fn with_key(mut self, key: Key) -> Self {
        self.key = Some(key);
        self
    }

    /// Where it replaces an unsent one, it waits behind everything that was published before it rather than in that one's place: for protocols in which whoever
    /// has received one publication is taken to have received those before it. What is replaced faster than it is read may then wait for long.
    #[must_use]
    pub fn in_order(mut self) -> Self {
        self.in_order = true;
        self
    }

    /// Whatever the policy of the room, those who can't take it at once don't get it.
    #[must_use]
    pub fn volatile(mut self) -> Self {
        self.volatile = true;
        self
    }

    /// Whether to compress it where a transport compresses answers as a whole; `true` at first.
    #[must_use]
    pub fn compress(mut self, compress: bool) -> Self {
        self.compress = compress;
        self
    }

    /// Whether it stays [`in_order`](Self::in_order).
    pub fn is_in_order(&self) -> bool {
        self.in_order
    }

    /// Whether it is [`volatile`](Self::volatile).
    pub fn is_volatile(&self) -> bool {
        self.volatile
    }

    /// Whether to [`compress`](Self::compress) it.
    pub fn is_compressible(&self) -> bool {
        self.compress
    }

    /// Its key, if it has one.
    pub fn key(&self) -> Option<&Key> {
        self.key.as_ref()
    }

    /// The bytes of one form; encoded by the first call.
    pub fn encoded(&self, form: WireForm) -> &Bytes {
        self.shared.encoded(form)
    }

    pub(crate) fn size(&self) -> usize {
        self.shared.size
    }
}

impl fmt::Debug for Publication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publication")
            .field("size", &self.size())
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// Tells apart what may replace what in a room with [`Policy::Latest`](crate::Policy::Latest): the symbol of a quote, for instance.
/// 1 to [`Key::MAX_LEN`] bytes of UTF-8 without control characters. Cloning is cheap.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Key(Arc<str>);

impl Key {
    /// Bytes a key may have; a room's name is one.
    pub const MAX_LEN: usize = RoomName::MAX_LEN;

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key in this room: what is published to another room with the same key is something else. It is no other room's name, nor a key in one.
    pub(crate) fn within(&self, room: &RoomName) -> Self {
        Self(format!("{}\n{}", room.as_str(), self.0).into())
    }
}

impl TryFrom<&str> for Key {
    type Error = InvalidName;

    fn try_from(key: &str) -> Result<Self, InvalidName> {
        InvalidName::check(key, Self::MAX_LEN)?;
        Ok(Self(key.into()))
    }
}

impl From<&RoomName> for Key {
    fn from(room: &RoomName) -> Self {
        Self(room.shared().clone())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

struct Shared<E: ?Sized> {
    forms: [OnceLock<Bytes>; WireForm::COUNT],
    size: usize,
    payload: E,
}

impl<E: Encode + ?Sized> Shared<E> {
    fn encoded(&self, form: WireForm) -> &Bytes {
        // Were a panic let through, it would look like a panic of the recipient that asked first, and of every one after it.
        self.forms[form as usize]
            .get_or_init(|| catch_unwind(AssertUnwindSafe(|| self.payload.encode(form))).unwrap_or_default())
    }
}
