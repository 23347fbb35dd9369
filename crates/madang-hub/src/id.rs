//! Who and where: sessions, members, rooms.

use std::{borrow::Borrow, fmt, sync::Arc};

use crate::error::InvalidName;

/// A session: one user agent, across reconnects. Publications are kept from their sender by session, so that a reconnect
/// between publish and delivery brings no echo.
///
/// The number is the application's; take it from 122 or more random bits, since who knows it may be somebody else's secret.
/// `Debug` shows 16 bits of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(u128);

impl SessionId {
    /// The session with this number.
    pub const fn new(id: u128) -> Self {
        Self(id)
    }

    /// The number it was made of.
    pub const fn as_u128(self) -> u128 {
        self.0
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({:04x}..)", self.0 >> 112)
    }
}

/// One recipient in the hub, from [`Hub::enter`](crate::Hub::enter) until its membership is dropped: in practice one connection.
/// Allocated by the hub; the id of a member who left addresses nobody.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberId(u64);

impl MemberId {
    /// A number for logs.
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// The serial tells the members apart that had the same slot one after the other.
    pub(crate) const fn new(serial: u32, place: u32) -> Self {
        Self((serial as u64) << 32 | place as u64)
    }

    /// Slot and shard in one number.
    pub(crate) const fn place(self) -> u32 {
        self.0 as u32
    }
}

impl fmt::Debug for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemberId({:x})", self.0)
    }
}

/// The name of a room: 1 to [`RoomName::MAX_LEN`] bytes of UTF-8 without control characters. Cloning is cheap.
///
/// ```
/// use madang_hub::RoomName;
///
/// let yard: RoomName = "마당".parse()?;
/// assert_eq!(yard.as_str(), "마당");
/// assert!(RoomName::try_from("").is_err());
/// # Ok::<(), madang_hub::InvalidName>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomName(Arc<str>);

impl RoomName {
    /// Bytes a name may have: room for `kind:tenant:uuid` and 64 characters of any script, and small enough for a log line.
    pub const MAX_LEN: usize = 256;

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn shared(&self) -> &Arc<str> {
        &self.0
    }
}

impl TryFrom<&str> for RoomName {
    type Error = InvalidName;

    fn try_from(name: &str) -> Result<Self, InvalidName> {
        InvalidName::check(name, Self::MAX_LEN)?;
        Ok(Self(name.into()))
    }
}

impl std::str::FromStr for RoomName {
    type Err = InvalidName;

    fn from_str(name: &str) -> Result<Self, InvalidName> {
        Self::try_from(name)
    }
}

impl Borrow<str> for RoomName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}
