//! Who may run matches: tries with a password are counted, and who had the right one shows a token from then on.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::str::FromStr;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Wrong passwords in a row that one address may try before it must wait: enough for who mistypes.
pub const TRIES: u32 = 5;

/// How long it must wait then. At five tries a minute, a password of ten letters takes longer than anybody has.
pub const TRY_AGAIN: Duration = Duration::from_secs(60);

/// Of how many tries are remembered, of addresses say: a megabyte or two. Beyond it the one whose last try is longest ago is forgotten: nobody who fills it may
/// keep others from trying.
pub const TRIES_LIMIT: usize = 10_000;

/// How long a token holds: the longest day at the ground, and one night must not follow.
pub const TOKEN_AGE: Duration = Duration::from_secs(12 * 60 * 60);

/// Tokens at once: a few people with a few devices. One more takes the place of the oldest.
pub const TOKENS_LIMIT: usize = 100;

/// Wrong tries, by whom: an address, say.
#[derive(Debug)]
pub struct Tries<A> {
    wrong: HashMap<A, Wrong>,
    most: u32,
}

#[derive(Clone, Copy, Debug)]
struct Wrong {
    count: u32,
    /// They are forgotten then.
    until: Instant,
}

impl<A: Clone + Eq + Hash> Tries<A> {
    /// So many tries instead of [`TRIES`].
    pub fn at_most(most: u32) -> Self {
        Self {
            wrong: HashMap::new(),
            most,
        }
    }

    /// Counts a try before the password is looked at, so that tries at the same time are all counted.
    ///
    /// # Errors
    /// How long to wait first; such a try isn't looked at.
    pub fn begin(&mut self, who: A, now: Instant) -> Result<(), Duration> {
        self.wrong.retain(|_, wrong| wrong.until > now);
        if self.wrong.len() >= TRIES_LIMIT && !self.wrong.contains_key(&who) {
            self.forget_the_oldest();
        }
        let until = now + TRY_AGAIN;
        let wrong = self.wrong.entry(who).or_insert(Wrong { count: 0, until });
        if wrong.count >= self.most {
            return Err(wrong.until - now);
        }
        *wrong = Wrong {
            count: wrong.count + 1,
            until,
        };
        Ok(())
    }

    fn forget_the_oldest(&mut self) {
        let oldest = self.wrong.iter().min_by_key(|(_, wrong)| wrong.until);
        if let Some(oldest) = oldest.map(|(who, _)| who.clone()) {
            self.wrong.remove(&oldest);
        }
    }

    /// The password was right: this try wasn't a wrong one. Those before stay: who has one account must not make an address new by it.
    pub fn succeeded(&mut self, who: &A) {
        if let Some(wrong) = self.wrong.get_mut(who) {
            wrong.count = wrong.count.saturating_sub(1);
        }
    }
}

impl<A: Clone + Eq + Hash> Default for Tries<A> {
    fn default() -> Self {
        Self::at_most(TRIES)
    }
}

/// What a signed-in operator shows: 128 random bits, written as 22 characters of base64url. It is a secret; `Debug` hides it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token(u128);

impl Token {
    /// A token of 128 random bits.
    pub const fn new(random: u128) -> Self {
        Self(random)
    }
}

impl FromStr for Token {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(drop)?;
        Ok(Self(u128::from_be_bytes(bytes.try_into().map_err(drop)?)))
    }
}

/// The secret itself, for whom it is made.
impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0.to_be_bytes()))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// The tokens that hold. They are in memory only: after a restart everybody signs in again.
///
/// They are looked up by a hash with a key of its own for each process, so how long that takes tells nothing about them.
#[derive(Debug, Default)]
pub struct Tokens {
    given: HashMap<Token, Instant>,
}

impl Tokens {
    /// Lets a token hold from now on.
    pub fn give(&mut self, token: Token, now: Instant) {
        self.given
            .retain(|_, given| now.duration_since(*given) < TOKEN_AGE);
        if self.given.len() >= TOKENS_LIMIT
            && let Some(oldest) = self
                .given
                .iter()
                .min_by_key(|(_, given)| **given)
                .map(|(token, _)| *token)
        {
            self.given.remove(&oldest);
        }
        self.given.insert(token, now);
    }

    /// Whether a token holds.
    pub fn holds(&self, token: Token, now: Instant) -> bool {
        let given = self.given.get(&token);
        given.is_some_and(|given| now.duration_since(*given) < TOKEN_AGE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A_BIT: Duration = Duration::from_millis(1);

    #[test]
    fn after_five_wrong_tries_an_address_must_wait() {
        let mut tries = Tries::default();
        let now = Instant::now();
        for _ in 0..TRIES {
            assert_eq!(tries.begin("a", now), Ok(()));
        }
        assert_eq!(tries.begin("a", now + A_BIT), Err(TRY_AGAIN - A_BIT));
        assert_eq!(tries.begin("b", now), Ok(()), "another is somebody else");
        assert_eq!(tries.begin("a", now + TRY_AGAIN), Ok(()));
    }

    #[test]
    fn the_right_password_makes_up_for_wrong_ones() {
        let mut tries = Tries::default();
        let now = Instant::now();
        for _ in 0..3 * TRIES {
            assert_eq!(tries.begin("a", now), Ok(()));
            tries.succeeded(&"a");
        }
    }

    #[test]
    fn so_many_addresses_are_remembered_and_one_more_takes_the_place_of_the_oldest() {
        let mut tries = Tries::at_most(1);
        let begun = Instant::now();
        assert_eq!(tries.begin(0, begun), Ok(()));
        for who in 1..TRIES_LIMIT {
            assert_eq!(tries.begin(who, begun + A_BIT), Ok(()));
        }
        assert_eq!(
            tries.begin(0, begun + A_BIT),
            Err(TRY_AGAIN - A_BIT),
            "all are remembered"
        );
        assert_eq!(
            tries.begin(TRIES_LIMIT, begun + 2 * A_BIT),
            Ok(()),
            "nobody is kept out"
        );
        assert_eq!(tries.wrong.len(), TRIES_LIMIT);
        assert!(tries.begin(TRIES_LIMIT, begun + 2 * A_BIT).is_err());
        assert_eq!(tries.begin(0, begun + 2 * A_BIT), Ok(()), "it was the oldest");
    }

    #[test]
    fn a_token_holds_for_a_day_at_the_ground() {
        let mut tokens = Tokens::default();
        let now = Instant::now();
        tokens.give(Token::new(7), now);
        assert!(tokens.holds(Token::new(7), now + TOKEN_AGE - A_BIT));
        assert!(!tokens.holds(Token::new(7), now + TOKEN_AGE));
        assert!(!tokens.holds(Token::new(8), now));
    }

    #[test]
    fn one_token_too_many_takes_the_place_of_the_oldest() {
        let mut tokens = Tokens::default();
        let now = Instant::now();
        for n in 0..=TOKENS_LIMIT {
            tokens.give(Token::new(n as u128), now + A_BIT * u32::try_from(n).unwrap());
        }
        let holds = |n: usize| tokens.holds(Token::new(n as u128), now + Duration::from_secs(1));
        assert!(!holds(0));
        assert!((1..=TOKENS_LIMIT).all(holds));
    }

    #[test]
    fn a_token_is_not_written_by_accident() {
        let token = Token::new(1);
        assert_eq!(token.to_string().parse(), Ok(token));
        assert_eq!(format!("{token:?}"), "Token(..)");
        for wrong in ["", "AAAA", &"A".repeat(23), &"!".repeat(22)] {
            assert!(wrong.parse::<Token>().is_err());
        }
    }
}
