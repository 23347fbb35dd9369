//! Session ids.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fmt;

/// A session id: 120 random bits of the system's source as 20 characters. It is a secret, since who knows it can speak for the session: only a part of it is
/// ever logged.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Sid([u8; Self::LEN]);

impl Sid {
    const LEN: usize = 20;

    /// A new one; an error if the system has no randomness to give.
    pub(crate) fn random() -> Result<Self, getrandom::Error> {
        let mut random = [0; Self::LEN / 4 * 3];
        getrandom::fill(&mut random)?;
        let mut sid = [0; Self::LEN];
        let written = URL_SAFE_NO_PAD.encode_slice(random, &mut sid);
        debug_assert_eq!(written, Ok(Self::LEN));
        Ok(Self(sid))
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        text.as_bytes().try_into().ok().map(Self)
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}…", self.as_str().get(..4).unwrap_or_default())
    }
}
