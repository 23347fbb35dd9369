//! Who may tell plays: whoever knows the password gets a token.

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use argon2::password_hash::PasswordHash;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::sync::OnceCell;

use super::Denied;
use crate::back::passwords::{self, is_right, off_the_runtime};
use crate::random;
use crate::scores::{Token, Tokens, Tries};

/// What somebody signs in with: a text, or its Argon2 hash, which begins with `$argon2`. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct OperatorPassword(Arc<str>);

impl OperatorPassword {
    /// Characters of one that isn't hashed: with five tries a minute, more than anybody guesses.
    pub const MIN_LEN: usize = 8;

    /// Checks a password, or a hash.
    ///
    /// # Errors
    /// What is wrong with it, without telling it.
    pub fn new(text: &str) -> Result<Self, String> {
        if text.starts_with(HASHED) {
            let hash = PasswordHash::new(text).map_err(|error| format!("isn't an Argon2 hash: {error}"))?;
            // A salt alone is well-formed too, and admits nobody.
            if hash.salt.is_none() || hash.hash.is_none() {
                return Err("isn't a whole Argon2 hash: something is missing at its end".to_owned());
            }
        } else if text.chars().count() < Self::MIN_LEN {
            return Err(format!("must have at least {} characters", Self::MIN_LEN));
        }
        Ok(Self(text.into()))
    }

    /// One that nobody knows, of 96 random bits.
    pub fn random() -> Self {
        Self(URL_SAFE_NO_PAD.encode(random::bytes::<12>()).into())
    }

    /// The secret itself, for whom it is made.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for OperatorPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OperatorPassword(..)")
    }
}

/// How a hash begins, and no password does.
const HASHED: &str = "$argon2";

/// Where somebody signs in, and shows that they have.
#[derive(Debug)]
pub(in crate::back) struct Desk {
    password: OperatorPassword,
    /// The password's hash, made when somebody first tries.
    hash: OnceCell<Arc<str>>,
    /// One password is checked at a time: each takes 19 MiB and all of a core.
    turn: tokio::sync::Mutex<()>,
    tries: Mutex<Tries<IpAddr>>,
    tokens: Mutex<Tokens>,
}

impl Desk {
    pub(super) fn new(password: OperatorPassword) -> Self {
        Self {
            password,
            hash: OnceCell::new(),
            turn: tokio::sync::Mutex::default(),
            tries: Mutex::default(),
            tokens: Mutex::default(),
        }
    }

    /// Gives a token for the password.
    ///
    /// # Errors
    /// [`Denied::PasswordWrong`], or [`Denied::TooManyTries`] by this address: then it wasn't looked at.
    pub(in crate::back) async fn sign_in(&self, who: IpAddr, password: String) -> Result<Token, Denied> {
        let who = network(who);
        let begun = lock(&self.tries).begin(who, Instant::now());
        begun.map_err(Denied::TooManyTries)?;
        let _turn = self.turn.lock().await;
        let hash = self.hash.get_or_init(|| self.hash()).await.clone();
        if !off_the_runtime(move || is_right(&hash, &password)).await {
            return Err(Denied::PasswordWrong);
        }
        lock(&self.tries).succeeded(&who);
        let token = Token::new(u128::from_ne_bytes(random::bytes()));
        lock(&self.tokens).give(token, Instant::now());
        Ok(token)
    }

    /// Whether a token that is shown holds.
    ///
    /// # Errors
    /// [`Denied::SignInNeeded`].
    pub(in crate::back) fn admit(&self, shown: Option<&str>) -> Result<(), Denied> {
        let token = shown.and_then(|shown| shown.parse().ok());
        let holds = token.is_some_and(|token| lock(&self.tokens).holds(token, Instant::now()));
        holds.then_some(()).ok_or(Denied::SignInNeeded)
    }

    async fn hash(&self) -> Arc<str> {
        let password = self.password.clone();
        off_the_runtime(move || hash_of(&password)).await
    }
}

fn hash_of(password: &OperatorPassword) -> Arc<str> {
    if password.0.starts_with(HASHED) {
        return password.0.clone();
    }
    passwords::hash(&password.0).into()
}

/// Whoever has one address of IPv6 has all of its network (RFC 4291 §2.5.4).
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
        v4 => v4,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scores::TRIES;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn desk(password: &str) -> Desk {
        Desk::new(OperatorPassword::new(password).unwrap())
    }

    #[tokio::test]
    async fn the_password_gives_a_token_that_admits() {
        let desk = desk("correct horse");
        let token = desk.sign_in(HERE, "correct horse".to_owned()).await.unwrap();
        assert!(desk.admit(Some(&token.to_string())).is_ok());
        for wrong in [None, Some("AAAAAAAAAAAAAAAAAAAAAA"), Some(""), Some("x")] {
            assert!(
                matches!(desk.admit(wrong), Err(Denied::SignInNeeded)),
                "{wrong:?}"
            );
        }
    }

    #[tokio::test]
    async fn a_hash_is_as_good_as_the_password() {
        let hash = hash_of(&OperatorPassword::new("correct horse").unwrap());
        let desk = desk(&hash);
        assert!(desk.sign_in(HERE, "correct horse".to_owned()).await.is_ok());
        assert!(matches!(
            desk.sign_in(HERE, hash.to_string()).await,
            Err(Denied::PasswordWrong)
        ));
    }

    #[tokio::test]
    async fn after_too_many_wrong_tries_not_even_the_right_password_is_looked_at() {
        let desk = desk("correct horse");
        for _ in 0..TRIES {
            let tried = desk.sign_in(HERE, "guess".to_owned()).await;
            assert!(matches!(tried, Err(Denied::PasswordWrong)));
        }
        let tried = desk.sign_in(HERE, "correct horse".to_owned()).await;
        assert!(matches!(tried, Err(Denied::TooManyTries(_))));
        let elsewhere = "10.0.0.1".parse().unwrap();
        assert!(desk.sign_in(elsewhere, "correct horse".to_owned()).await.is_ok());
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let network = |text: &str| network(text.parse().unwrap());
        assert_eq!(network("2001:db8:0:1::1"), network("2001:db8:0:1:ffff::2"));
        assert_ne!(network("2001:db8:0:1::1"), network("2001:db8:0:2::1"));
        assert_eq!(network("::ffff:10.0.0.1"), network("10.0.0.1"));
    }

    #[test]
    fn a_password_is_long_or_hashed_and_never_shown() {
        assert!(OperatorPassword::new("1234567").is_err());
        assert!(OperatorPassword::new("$argon2id$nonsense").is_err());
        let password = OperatorPassword::random();
        assert!(!format!("{password:?}").contains(password.reveal()));
        assert_ne!(password, OperatorPassword::random());
        assert_eq!(password.reveal().len(), 16);
    }
}
