//! Session ids.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::cell::RefCell;
use std::fmt;

/// A session id: 120 random bits of the system's source as 20 characters. It is a secret, since who knows it can speak for the session: only a part of it is
/// ever logged.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Sid([u8; Self::LEN]);

impl Sid {
    const LEN: usize = 20;

    /// A new one; an error if the system has no randomness to give.
    pub(crate) fn random() -> Result<Self, getrandom::Error> {
        let random: [u8; Self::LEN / 4 * 3] = random()?;
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

/// Bytes of the system's random source, which each thread asks for many at a time: to ask takes longer than to draw. What has been given is forgotten.
///
/// Not for a process that forks without exec: both would be given the same. For the crates of this repository.
///
/// # Errors
/// When the system has no randomness to give.
#[doc(hidden)]
pub fn random<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    const { assert!(N <= POOL) };
    POOLS.with_borrow_mut(|(pool, left)| {
        if *left < N {
            getrandom::fill(pool)?;
            *left = POOL;
        }
        let drawn = &mut pool[*left - N..*left];
        let mut bytes = [0; N];
        bytes.swap_with_slice(drawn);
        *left -= N;
        Ok(bytes)
    })
}

/// As many as the system gives without being interrupted (`getrandom(2)`).
const POOL: usize = 256;

thread_local! {
    static POOLS: RefCell<([u8; POOL], usize)> = const { RefCell::new(([0; POOL], 0)) };
}

impl fmt::Debug for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}…", self.as_str().get(..4).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn what_is_drawn_is_never_drawn_again() {
        let drawn: HashSet<[u8; 15]> = (0..1000).filter_map(|_| random().ok()).collect();
        assert_eq!(drawn.len(), 1000);
        assert!(!drawn.contains(&[0; 15]), "bytes that had been given before");
    }
}
