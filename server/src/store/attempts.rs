//! Trying again what the database gave up, or whose connection was lost.

use std::future::Future;
use std::time::Duration;

use sea_orm::{DbErr, RuntimeErr, sqlx};

use super::{Store, StoreError};

impl Store {
    /// Runs an operation within [`Store::OPERATION_TIME`], up to [`Store::ATTEMPTS`] times: again when the database
    /// rolled it back for another's sake, and when the connection was lost. Nobody knows then whether it has been
    /// done: it must be one that may be done twice.
    pub(super) fn retrying<'a, T, F>(
        &'a self,
        operation: impl FnMut() -> F + Send + 'a,
    ) -> impl Future<Output = Result<T, StoreError>> + Send + 'a
    where
        T: Send + 'a,
        F: Future<Output = Result<T, DbErr>> + Send + 'a,
    {
        self.retrying_for(Self::OPERATION_TIME, operation)
    }

    /// The same for one that may take so long.
    pub(super) fn retrying_for<'a, T, F>(
        &'a self,
        time: Duration,
        mut operation: impl FnMut() -> F + Send + 'a,
    ) -> impl Future<Output = Result<T, StoreError>> + Send + 'a
    where
        T: Send + 'a,
        F: Future<Output = Result<T, DbErr>> + Send + 'a,
    {
        self.within_time(time, async move {
            let mut attempt = 1;
            loop {
                let error = match operation().await {
                    Ok(done) => return Ok(done),
                    Err(error) => error,
                };
                match Passing::of(&error) {
                    Some(_) if attempt < Self::ATTEMPTS => pause(attempt).await,
                    Some(Passing::Contention) => return Err(StoreError::Busy(error)),
                    Some(Passing::Lost) | None => return Err(error.into()),
                }
                attempt += 1;
            }
        })
    }
}

/// Why the same operation may well succeed a moment later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passing {
    /// The database gave it up for another's sake and certainly kept nothing of it.
    Contention,
    /// The connection ended: the server restarts, or something between cut it.
    Lost,
}

impl Passing {
    pub(super) fn of(error: &DbErr) -> Option<Self> {
        let (DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error))
        | DbErr::Conn(RuntimeErr::SqlxError(error))) = error
        else {
            return None;
        };
        let error = match &**error {
            sqlx::Error::Io(_) | sqlx::Error::Protocol(_) => return Some(Self::Lost),
            other => other.as_database_error()?,
        };
        Self::of_code(&error.code().unwrap_or_default(), error.message())
    }

    fn of_code(code: &str, message: &str) -> Option<Self> {
        match code {
            // SQLSTATE: serialisation failure (MySQL's deadlocks too), PostgreSQL's deadlock, lock not available.
            "40001" | "40P01" | "55P03" => Some(Self::Contention),
            // MySQL gives its lock wait time-out (1205) no SQLSTATE of its own.
            "HY000" if message.starts_with("Lock wait timeout") => Some(Self::Contention),
            // SQLite's result codes: BUSY, LOCKED, BUSY_RECOVERY, BUSY_SNAPSHOT.
            "5" | "6" | "261" | "517" => Some(Self::Contention),
            // MySQL's connection that was killed (1927).
            "70100" => Some(Self::Lost),
            // The class of connection exceptions; PostgreSQL shuts down, or starts.
            _ if code.starts_with("08") || code.starts_with("57P0") => Some(Self::Lost),
            _ => None,
        }
    }
}

/// Jitter keeps two that collided from colliding again.
async fn pause(attempt: u32) {
    let jitter = u64::from(getrandom::u32().unwrap_or_default() % 16);
    tokio::time::sleep(Duration::from_millis((1 << attempt) + jitter)).await;
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn tells_what_passes_from_what_stays() {
        for (code, message, passing) in [
            ("40001", "", Some(Passing::Contention)),
            ("40P01", "deadlock detected", Some(Passing::Contention)),
            (
                "HY000",
                "Lock wait timeout exceeded; try again",
                Some(Passing::Contention),
            ),
            ("HY000", "Table is full", None),
            ("517", "database is locked", Some(Passing::Contention)),
            ("08S01", "Server shutdown in progress", Some(Passing::Lost)),
            ("57P03", "the database system is starting up", Some(Passing::Lost)),
            ("23505", "duplicate key", None),
            ("", "", None),
        ] {
            assert_eq!(Passing::of_code(code, message), passing, "{code} {message}");
        }
    }

    #[tokio::test]
    async fn a_lost_connection_is_tried_again_and_a_mistake_is_not() {
        let store = Store::open(&"sqlite::memory:".parse().unwrap()).await.unwrap();
        let lost = || {
            let reset = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
            DbErr::Query(RuntimeErr::SqlxError(sqlx::Error::Io(reset).into()))
        };
        let tried = AtomicU32::new(0);
        let times = || tried.swap(0, Ordering::Relaxed);
        let outcome = store
            .retrying(|| async {
                match tried.fetch_add(1, Ordering::Relaxed) {
                    0 | 1 => Err(lost()),
                    _ => Ok("done"),
                }
            })
            .await;
        assert!(matches!(outcome, Ok("done")), "{outcome:?}");
        assert_eq!(times(), 3);

        let outcome: Result<(), _> = store
            .retrying(|| async {
                tried.fetch_add(1, Ordering::Relaxed);
                Err(lost())
            })
            .await;
        assert!(matches!(outcome, Err(StoreError::Database(_))), "{outcome:?}");
        assert_eq!(times(), Store::ATTEMPTS);

        let outcome: Result<(), _> = store
            .retrying(|| async {
                tried.fetch_add(1, Ordering::Relaxed);
                Err(DbErr::Custom("no such table".to_owned()))
            })
            .await;
        assert!(matches!(outcome, Err(StoreError::Database(_))), "{outcome:?}");
        assert_eq!(times(), 1);
    }
}
