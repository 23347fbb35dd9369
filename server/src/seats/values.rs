//! The ids of reservation. Who holds one knows that it keeps its rules.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::refused::Refused;

/// An event's id: 1 to 40 of `a-z0-9-`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EventId(Arc<str>);

/// A place's id within its event: 1 to 40 of `A-Za-z0-9`, `-`, `@`, `:`. Whether there is such a place, its event knows.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PlaceId(Arc<str>);

/// A client's own id of a command: 1 to 64 of `A-Za-z0-9_-`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key(String);

/// Text of a form, checked when it's read.
macro_rules! checked {
    ($name:ident, $limit:literal, $allowed:expr, $refused:expr) => {
        impl $name {
            /// Characters, all of them ASCII.
            pub const MAX_LEN: usize = $limit;

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = Refused;

            fn from_str(text: &str) -> Result<Self, Refused> {
                match text.len() {
                    1..=Self::MAX_LEN if text.bytes().all($allowed) => Ok(Self(text.into())),
                    _ => Err($refused),
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = Refused;

            fn try_from(text: String) -> Result<Self, Refused> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0.to_string()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

checked!(
    EventId,
    40,
    |b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-',
    Refused::EventUnknown
);
checked!(
    PlaceId,
    40,
    |b| b.is_ascii_alphanumeric() || b"-@:".contains(&b),
    Refused::PlaceUnknown
);
checked!(
    Key,
    64,
    |b| b.is_ascii_alphanumeric() || b"-_".contains(&b),
    Refused::IdempotencyKeyInvalid
);

/// 128 random bits, written as 22 characters of base64url.
macro_rules! random {
    ($(#[$doc:meta])* $name:ident, $refused:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(u128);

        impl $name {
            /// One of 128 random bits.
            pub const fn new(random: u128) -> Self {
                Self(random)
            }
        }

        impl FromStr for $name {
            type Err = Refused;

            fn from_str(text: &str) -> Result<Self, Refused> {
                let bytes = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
                bytes.map(|bytes| Self(u128::from_be_bytes(bytes))).ok_or($refused)
            }
        }

        impl TryFrom<String> for $name {
            type Error = Refused;

            fn try_from(text: String) -> Result<Self, Refused> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&URL_SAFE_NO_PAD.encode(self.0.to_be_bytes()))
            }
        }
    };
}

random!(
    /// A hold's id.
    HoldId,
    Refused::HoldUnknown
);
random!(
    /// The id of somebody's place in a waiting list.
    WaitingId,
    Refused::WaitingUnknown
);
random!(
    /// A payment's id.
    PaymentId,
    Refused::PaymentUnknown
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_plain_ascii_and_not_too_long() {
        for id in ["concert", "a", "2026-12", &"a".repeat(40)] {
            assert_eq!(id.parse::<EventId>().map(String::from), Ok(id.to_owned()));
        }
        for id in ["", "A", "a b", "가", "a/b", &"a".repeat(41)] {
            assert_eq!(id.parse::<EventId>(), Err(Refused::EventUnknown), "{id}");
        }
        for id in ["A-1", "T4@2026-12-01T18:00"] {
            assert!(id.parse::<PlaceId>().is_ok(), "{id}");
        }
        for id in ["", "A 1", "A_1", "자리", &"A".repeat(41)] {
            assert_eq!(id.parse::<PlaceId>(), Err(Refused::PlaceUnknown), "{id}");
        }
        assert!("aZ09_-".parse::<Key>().is_ok());
        for key in ["", "a b", &"a".repeat(65)] {
            assert_eq!(key.parse::<Key>(), Err(Refused::IdempotencyKeyInvalid), "{key}");
        }
    }

    #[test]
    fn random_ids_survive_being_written() {
        let id = HoldId::new(0x0123_4567_89ab_cdef_0011_2233_4455_6677);
        assert_eq!(id.to_string().len(), 22);
        assert_eq!(id.to_string().parse(), Ok(id));
        for wrong in ["", "abc", &"!".repeat(22), &"A".repeat(23)] {
            assert_eq!(wrong.parse::<HoldId>(), Err(Refused::HoldUnknown), "{wrong}");
        }
    }
}
