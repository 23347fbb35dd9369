//! With what somebody shows who they are: passwords, and secrets that are given out for them.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::objection::Objection;

/// What somebody signs in with. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

/// 256 random bits that stand for an account: in a cookie, or as a token for programs. `Debug` hides them; the database has their
/// hash alone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Secret([u8; 32]);

/// A secret's hash, by which it is found: 43 characters of base64url.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SecretHash(String);

/// What a token for programs is for, in its owner's words: 1 to 60 characters, no control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label(String);

/// What the token of a program begins with, so that it is known for what it is wherever it turns up.
pub const API_TOKEN: &str = "mdg_";

impl Password {
    /// Characters, at least: with five tries a minute from an address, more than anybody guesses.
    pub const MIN_LEN: usize = 8;

    /// Characters, at most: more than any sentence that somebody remembers.
    pub const MAX_LEN: usize = 200;

    /// Checks a password that somebody wants.
    ///
    /// # Errors
    /// [`Objection::PasswordInvalid`].
    pub fn new(text: String) -> Result<Self, Objection> {
        match text.chars().count() {
            Self::MIN_LEN..=Self::MAX_LEN => Ok(Self(text)),
            _ => Err(Objection::PasswordInvalid),
        }
    }

    /// The password itself, to be hashed.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

impl Secret {
    /// A secret of random bytes.
    pub const fn new(random: [u8; 32]) -> Self {
        Self(random)
    }

    /// By what it is found.
    pub fn hash(self) -> SecretHash {
        SecretHash(URL_SAFE_NO_PAD.encode(Sha256::digest(self.0)))
    }

    /// The secret as a token for programs.
    pub fn to_api_token(self) -> String {
        format!("{API_TOKEN}{self}")
    }

    /// Reads a token for programs.
    ///
    /// # Errors
    /// [`Objection::TokenUnknown`]: it isn't of the form of one.
    pub fn of_api_token(text: &str) -> Result<Self, Objection> {
        let secret = text.strip_prefix(API_TOKEN).ok_or(Objection::TokenUnknown)?;
        secret.parse()
    }
}

impl FromStr for Secret {
    type Err = Objection;

    fn from_str(text: &str) -> Result<Self, Objection> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok();
        let secret = bytes.and_then(|bytes| bytes.try_into().ok());
        secret.map(Self).ok_or(Objection::TokenUnknown)
    }
}

/// The secret itself, for whom it is made.
impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl SecretHash {
    /// Characters, all of them ASCII.
    pub const LEN: usize = 43;

    /// The hash.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What may be shown of it, to tell one of an account's tokens from another: 16 characters.
    pub fn id(&self) -> String {
        self.0.chars().take(16).collect()
    }
}

impl Label {
    /// Characters (code points).
    pub const MAX_LEN: usize = 60;

    /// Checks a label.
    ///
    /// # Errors
    /// [`Objection::LabelInvalid`].
    pub fn new(text: &str) -> Result<Self, Objection> {
        let text = text.trim();
        match text.chars().count() {
            1..=Self::MAX_LEN if !text.chars().any(char::is_control) => Ok(Self(text.to_owned())),
            _ => Err(Objection::LabelInvalid),
        }
    }

    /// The label.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_long_enough_and_never_shown() {
        let password = |length: usize| Password::new("가".repeat(length));
        assert!(password(Password::MIN_LEN - 1).is_err());
        assert!(password(Password::MIN_LEN).is_ok());
        assert!(password(Password::MAX_LEN).is_ok());
        assert_eq!(password(Password::MAX_LEN + 1), Err(Objection::PasswordInvalid));
        assert_eq!(format!("{:?}", password(8).unwrap()), "Password(..)");
    }

    #[test]
    fn a_secret_survives_being_written_and_its_hash_tells_nothing_of_it() {
        let secret = Secret::new([7; 32]);
        assert_eq!(secret.to_string().parse(), Ok(secret));
        assert_eq!(Secret::of_api_token(&secret.to_api_token()), Ok(secret));
        assert_eq!(secret.hash().as_str().len(), SecretHash::LEN);
        assert_ne!(secret.hash().as_str(), secret.to_string());
        assert!(secret.hash().as_str().starts_with(&secret.hash().id()));
        assert_eq!(format!("{secret:?}"), "Secret(..)");
        for wrong in ["", "AAAA", &"A".repeat(44), &"!".repeat(43)] {
            assert!(wrong.parse::<Secret>().is_err(), "{wrong}");
        }
        assert!(
            Secret::of_api_token(&secret.to_string()).is_err(),
            "without its beginning"
        );
    }

    #[test]
    fn a_label_is_something_to_read() {
        assert_eq!(Label::new(" bot ").map(|label| label.0), Ok("bot".to_owned()));
        assert!(Label::new(&"a".repeat(Label::MAX_LEN)).is_ok());
        for wrong in ["", " ", "a\nb", &"a".repeat(Label::MAX_LEN + 1)] {
            assert_eq!(Label::new(wrong), Err(Objection::LabelInvalid), "{wrong:?}");
        }
    }
}
