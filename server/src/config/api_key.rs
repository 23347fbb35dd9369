//! The keys of other back ends (RFC 6750).

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// A key that another back end is known by. The key itself isn't kept, only its SHA-256, so nothing can show it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ApiKey([u8; 32]);

/// Not a key.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum NotAKey {
    /// It couldn't stand in a header.
    #[error("has other characters than A-Z, a-z, 0-9 and -._~+/=")]
    Character,
    /// It could be guessed.
    #[error("is shorter than {} characters", ApiKey::MIN_LEN)]
    Short,
}

impl ApiKey {
    /// Characters of a key at least: as many as 128 random bits have in base64url, which nobody guesses.
    pub const MIN_LEN: usize = 22;

    /// What is kept of a text that may be a key.
    pub fn of(key: &str) -> Self {
        Self(Sha256::digest(key).into())
    }
}

/// A key as it may stand in a header (RFC 6750, section 2.1).
impl FromStr for ApiKey {
    type Err = NotAKey;

    fn from_str(key: &str) -> Result<Self, NotAKey> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
        if !key.bytes().all(fits) {
            return Err(NotAKey::Character);
        }
        if key.len() < Self::MIN_LEN {
            return Err(NotAKey::Short);
        }
        Ok(Self::of(key))
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_long_enough_not_to_be_guessed() {
        let key = "abcdefghijklmnopqrstu=";
        assert_eq!(key.parse(), Ok(ApiKey::of(key)));
        assert_eq!(key[1..].parse::<ApiKey>(), Err(NotAKey::Short));
        let spaced = "abcdefghijklmnopqrstuv wxyz";
        assert_eq!(spaced.parse::<ApiKey>(), Err(NotAKey::Character));
        assert!(!format!("{:?}", ApiKey::of(key)).contains("abc"));
    }
}
