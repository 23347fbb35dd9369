//! Where a room's history stands: an offset, and the numbering that it belongs to.

use std::{fmt, str::FromStr};

use crate::error::InvalidEpoch;

/// One life of a room's numbering: offsets of different epochs have nothing to do with each other. As text it has 16 lowercase hexadecimal digits.
///
/// The number is the application's: a random one for a history that begins anew with the process, a stored one where the offsets are stored.
///
/// ```
/// use madang_hub::Epoch;
///
/// let epoch = Epoch::new(0xbea7);
/// assert_eq!(epoch.to_string(), "000000000000bea7");
/// assert_eq!("000000000000bea7".parse(), Ok(epoch));
/// assert!("bea7".parse::<Epoch>().is_err());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(u64);

impl Epoch {
    /// The epoch with this number.
    pub const fn new(epoch: u64) -> Self {
        Self(epoch)
    }

    /// The number it was made of.
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}

impl FromStr for Epoch {
    type Err = InvalidEpoch;

    /// Exactly what [`Display`](fmt::Display) writes: one epoch has one text.
    fn from_str(text: &str) -> Result<Self, InvalidEpoch> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() != DIGITS || !text.bytes().all(is_digit) {
            return Err(InvalidEpoch);
        }
        u64::from_str_radix(text, 16).map(Self).map_err(|_| InvalidEpoch)
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:0DIGITS$x}", self.0)
    }
}

impl fmt::Debug for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Epoch({self})")
    }
}

/// A place in a room's history: behind the entry with this offset, before the next. Entries count from 1 without a gap, so offset 0 is the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Position {
    /// The offset of the entry before it.
    pub offset: u64,
    /// The numbering that the offset belongs to.
    pub epoch: Epoch,
}

const DIGITS: usize = 16;
