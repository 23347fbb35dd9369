//! What a match is called in addresses.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A match's id: 1 to 40 of `a-z0-9-`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MatchId(Arc<str>);

/// That isn't one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoMatchId;

impl MatchId {
    /// Characters, all of them ASCII.
    pub const MAX_LEN: usize = 40;

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MatchId {
    type Err = NoMatchId;

    fn from_str(text: &str) -> Result<Self, NoMatchId> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        match text.len() {
            1..=Self::MAX_LEN if text.bytes().all(allowed) => Ok(Self(text.into())),
            _ => Err(NoMatchId),
        }
    }
}

/// So that a map of them is asked with what an address has.
impl std::borrow::Borrow<str> for MatchId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_plain() {
        for id in ["yard", "7", "a-b", &"a".repeat(MatchId::MAX_LEN)] {
            assert!(id.parse::<MatchId>().is_ok(), "{id}");
        }
        for id in [
            "",
            "A",
            "a b",
            "마당",
            "a/b",
            "a_b",
            &"a".repeat(MatchId::MAX_LEN + 1),
        ] {
            assert_eq!(id.parse::<MatchId>(), Err(NoMatchId), "{id}");
        }
    }
}
