//! Where messages and the market's bars are kept: SQLite, MySQL or MariaDB, PostgreSQL, by one set of entities, migrations and queries.

mod alone;
mod already;
mod attempts;
mod backup;
mod changes;
mod entity;
mod listings;
mod markers;
mod market;
mod messages;
mod migrate;
mod migration;
mod moderation;
mod people;
mod private;
mod reports;
mod search;
mod seats;
mod slow;
mod unindexed;

use std::future::Future;
use std::io;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DatabaseTransaction, DbErr, RuntimeErr, SqlErr,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use thiserror::Error;

pub use backup::Progress;
pub use changes::Unfit;
pub use entity::message::Kind;
pub use listings::Kept;
pub(crate) use markers::seen_at;
pub use markers::{
    KNOWN_ENTRIES, MARKERS_AT_ONCE, ReaderOf, StoredMarker, UNREAD_ENTRIES, UNREAD_LIMIT, Unread,
};
pub use market::{BarPage, StoredBar};
pub use messages::{Appended, Draft, Page, Standing, StoredMessage};
pub use migrate::Step;
pub use moderation::{Effect, Moderating, Moderation, ModerationEntry, StoredSanction};
pub use people::{SIGN_INS_LIMIT, StoredAccount, StoredSignIn, StoredToken};
pub use reports::{Reported, StoredReport};
pub use seats::{Beat, Claim, Mine};
pub use slow::SlowTurn;
pub use unindexed::{INDEX_BATCH, Indexed};

use self::alone::Walk;
use crate::config::DatabaseUrl;

/// The open database. Clones share its connections.
#[derive(Clone, Debug)]
pub struct Store {
    /// SQLite has one writer at a time: its own connection lets the others wait here, in order, rather than be
    /// refused by the file lock.
    writer: DatabaseConnection,
    reader: DatabaseConnection,
    failures: Arc<AtomicU64>,
}

/// Why the store could not answer. What was asked for may be asked again.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The database, or the way to it, failed.
    #[error("the database failed: {0}")]
    Database(#[from] DbErr),
    /// It did not answer within [`Store::OPERATION_TIME`], or what else there is for an operation.
    #[error("the database did not answer in time")]
    Time,
    /// Other writers were in the way [`Store::ATTEMPTS`] times in a row.
    #[error("the database was too busy, {} times in a row", Store::ATTEMPTS)]
    Busy(#[source] DbErr),
    /// It answers that the change can't be made: that is no failure.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// It has been used by a newer program, which has changed its tables.
    #[error(
        "the database has taken the step {0}, which this program doesn't know: use the newer program, or take the step back with it (`madang migrate down`)"
    )]
    Newer(String),
    /// Another program has been bringing its tables up to date all the time.
    #[error("another program has been changing the database's tables for {} s", Store::STEPS_TIME.as_secs())]
    Steps,
    /// Its tables are those of an older program.
    #[error("the database hasn't taken the step {0} yet: `madang migrate up` takes it")]
    Outdated(String),
    /// A file can't be written.
    #[error("the file can't be written: {0}")]
    File(#[from] io::Error),
}

impl Store {
    /// How long one operation may take, retries included, until [`StoreError::Time`]: the longest that somebody who
    /// has pressed Enter should look at "sending" before being told.
    pub const OPERATION_TIME: Duration = Duration::from_secs(5);

    /// How often an operation is tried that the database itself rolled back in favour of another (deadlock,
    /// serialisation failure, SQLite's file lock), or whose connection was lost: with the pauses between them, half a second.
    pub const ATTEMPTS: u32 = 8;

    /// Connections to a database server, and readers of an SQLite file: more would wait for two cores' disk anyway.
    pub const CONNECTIONS: u32 = 8;

    /// Connects, and brings the tables up to date. Of several servers that start at once, one after the other does so.
    ///
    /// An SQLite file is created when missing, for its owner alone, and kept in WAL mode with `synchronous=FULL`: a commit is on the disk
    /// before it is acknowledged, so not even a power cut takes an acknowledged message.
    ///
    /// # Errors
    /// The database cannot be reached, read or migrated.
    pub async fn open(url: &DatabaseUrl) -> Result<Self, StoreError> {
        Box::pin(Self::open_alone(url, Walk::Up(None))).await
    }

    /// An empty database that nobody else sees, and that is gone with its last handle.
    ///
    /// # Errors
    /// There is no memory for it.
    pub async fn in_memory() -> Result<Self, StoreError> {
        Self::open(&DatabaseUrl::in_memory()).await
    }

    /// Connects, and leaves the tables as they are.
    async fn connect(url: &DatabaseUrl) -> Result<Self, StoreError> {
        Self::connections(url).await.map_err(|error| match error {
            // The pool tries again and again until its time is up, and forgets why.
            StoreError::Database(DbErr::Conn(RuntimeErr::SqlxError(reason)))
                if matches!(*reason, sea_orm::sqlx::Error::PoolTimedOut) =>
            {
                StoreError::Time
            }
            other => other,
        })
    }

    async fn connections(url: &DatabaseUrl) -> Result<Self, StoreError> {
        let (writer, reader) = if url.as_str().starts_with("sqlite:") {
            // Each connection to `:memory:` is a database of its own.
            let in_memory = url.as_str().contains(":memory:") || url.as_str().contains("mode=memory");
            if !in_memory {
                let file = SqliteConnectOptions::from_str(url.as_str())
                    .map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(error.into())))?;
                private::create(file.get_filename())?;
            }
            let writer = Database::connect(sqlite(url, 1)).await?;
            let reader = if in_memory {
                writer.clone()
            } else {
                Database::connect(sqlite(url, Self::CONNECTIONS)).await?
            };
            (writer, reader)
        } else {
            let server = Database::connect(server(url)).await?;
            (server.clone(), server)
        };
        Ok(Self {
            writer,
            reader,
            failures: Arc::default(),
        })
    }

    /// Whether the database answers now.
    ///
    /// # Errors
    /// It doesn't.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.within(async { Ok(self.reader.ping().await?) }).await
    }

    /// Closes every connection, after which each operation fails.
    ///
    /// # Errors
    /// The database objects, or a connection wasn't given back within [`Store::OPERATION_TIME`]; it is closed all the same.
    pub async fn close(&self) -> Result<(), StoreError> {
        let closed = async {
            let reader = self.reader.clone().close().await;
            self.writer.clone().close().await.and(reader)?;
            Ok(())
        };
        // One on which something was given up in the middle may never come back: a server that stops doesn't wait for it.
        let closed = tokio::time::timeout(Self::OPERATION_TIME, closed).await;
        closed.unwrap_or(Err(StoreError::Time))
    }

    /// How many operations have failed since it was opened.
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// A transaction that is going to write: SQLite's one writer says so at once, rather than be refused in the middle.
    async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        self.writer.begin_with_options(options).await
    }

    /// Runs one operation within [`Store::OPERATION_TIME`]. A transaction cut short is rolled back when dropped.
    ///
    /// Boxed, since it is over in a moment: whoever waits for something else later keeps no room for it.
    fn within<'a, T: 'a>(
        &'a self,
        operation: impl Future<Output = Result<T, StoreError>> + Send + 'a,
    ) -> impl Future<Output = Result<T, StoreError>> + Send + 'a {
        self.within_time(Self::OPERATION_TIME, operation)
    }

    /// The same for one that may take so long.
    fn within_time<'a, T: 'a>(
        &'a self,
        time: Duration,
        operation: impl Future<Output = Result<T, StoreError>> + Send + 'a,
    ) -> impl Future<Output = Result<T, StoreError>> + Send + 'a {
        let operation = Box::pin(tokio::time::timeout(time, operation));
        async {
            let outcome = operation.await.unwrap_or(Err(StoreError::Time));
            if outcome.is_err() {
                self.failures.fetch_add(1, Ordering::Relaxed);
            }
            outcome
        }
    }
}

/// Whether a row isn't stored because another such row is there.
fn is_there(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)))
}

fn sqlite(url: &DatabaseUrl, connections: u32) -> ConnectOptions {
    let mut options = common(url.as_str(), connections);
    // An idle file costs nothing, and reopening it would run the pragmas again.
    options.idle_timeout(None).max_lifetime(None);
    options.map_sqlx_sqlite_opts(|sqlite| {
        sqlite
            .create_if_missing(true)
            .pragma("journal_mode", "WAL")
            .pragma("synchronous", "FULL")
            .busy_timeout(Store::OPERATION_TIME / 2)
    });
    options
}

fn server(url: &DatabaseUrl) -> ConnectOptions {
    let mut options = common(url.as_str(), Store::CONNECTIONS);
    options.min_connections(1);
    options
}

fn common(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .connect_timeout(Store::OPERATION_TIME)
        .acquire_timeout(Store::OPERATION_TIME)
        .sqlx_logging(false);
    options
}
