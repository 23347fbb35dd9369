//! Hashing passwords with Argon2id: each takes 19 MiB and all of a core for a moment, so one is hashed at a time.

use std::sync::Arc;
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use tokio::sync::Semaphore;

use crate::chat::Refusal;
use crate::random;

/// Passwords that may wait for their turn: those of a school class that signs in at once. The last waits for some seconds.
pub(super) const WAITING_PASSWORDS: usize = 64;

/// When to try again if more wait.
const TRY_AGAIN: Duration = Duration::from_secs(2);

/// Hashes and checks passwords, one at a time.
#[derive(Debug)]
pub(super) struct Passwords {
    turn: Arc<Semaphore>,
    waiting: Semaphore,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            turn: Arc::new(Semaphore::new(1)),
            waiting: Semaphore::new(WAITING_PASSWORDS),
        }
    }
}

impl Passwords {
    /// The hash of a password, with a salt of its own.
    ///
    /// # Errors
    /// [`WAITING_PASSWORDS`] are waiting.
    pub(super) async fn hash(&self, password: String) -> Result<String, Refusal> {
        self.one_at_a_time(move || hash(&password)).await
    }

    /// Whether a hash is that of a password.
    ///
    /// # Errors
    /// [`WAITING_PASSWORDS`] are waiting.
    pub(super) async fn are_one(&self, hash: String, password: String) -> Result<bool, Refusal> {
        self.one_at_a_time(move || is_right(&hash, &password)).await
    }

    async fn one_at_a_time<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let Ok(_waits) = self.waiting.try_acquire() else {
            return Err(Refusal::rate_limited(TRY_AGAIN));
        };
        let turn = self.turn.clone().acquire_owned().await;
        // Whoever asked may go away meanwhile: hashing goes on, and the next one waits for its end.
        let work = move || {
            let _turn = turn;
            work()
        };
        Ok(off_the_runtime(work).await)
    }
}

/// The hash of a password, with a salt of its own.
pub(super) fn hash(password: &str) -> String {
    let salt = SaltString::encode_b64(&random::bytes::<16>());
    let hash = salt.and_then(|salt| {
        let hash = Argon2::default().hash_password(password.as_bytes(), &salt)?;
        Ok(hash.to_string())
    });
    hash.unwrap_or_else(|error| unreachable!("the usual parameters hash anything: {error}"))
}

/// Whether a hash is that of a password.
pub(super) fn is_right(hash: &str, password: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| {
        Argon2::default()
            .verify_password(password.as_bytes(), &hash)
            .is_ok()
    })
}

/// Hashing takes as long as it takes; nobody else should wait for it.
pub(super) async fn off_the_runtime<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::Code;

    #[tokio::test]
    async fn a_hash_is_that_of_its_password_alone() {
        let passwords = Passwords::default();
        let hash = passwords.hash("correct horse".to_owned()).await.unwrap();
        assert!(hash.starts_with("$argon2id$"));
        assert_ne!(passwords.hash("correct horse".to_owned()).await.unwrap(), hash);
        let are_one = async |password: &str| passwords.are_one(hash.clone(), password.to_owned()).await;
        assert_eq!(are_one("correct horse").await, Ok(true));
        assert_eq!(are_one("correct hors").await, Ok(false));
        assert_eq!(
            passwords.are_one("nonsense".to_owned(), "x".to_owned()).await,
            Ok(false)
        );
    }

    #[tokio::test]
    async fn so_many_passwords_wait_for_their_turn() {
        let passwords = Passwords::default();
        let turn = passwords.turn.acquire().await.unwrap();
        let waiting: Vec<_> = (0..WAITING_PASSWORDS)
            .map(|_| Box::pin(passwords.one_at_a_time(|| ())))
            .collect();
        let mut all = futures_util::future::join_all(waiting);
        assert!(futures_util::FutureExt::now_or_never(&mut all).is_none());
        let refused = passwords.one_at_a_time(|| ()).await.unwrap_err();
        assert_eq!(refused.code, Code::RateLimited);
        drop(turn);
        assert!(all.await.iter().all(Result::is_ok));
        assert_eq!(passwords.one_at_a_time(|| 7).await, Ok(7));
    }
}
