//! Taking the steps of the tables' history alone: several servers may start at the same moment on one database.

use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr};
use sea_orm_migration::{IntoSchemaManagerConnection, MigratorTrait};

use super::attempts::Passing;
use super::migration::Migrator;
use super::{Store, StoreError, common};
use crate::config::DatabaseUrl;

/// How often it is tried again while another program has an SQLite file to itself.
const PAUSE: Duration = Duration::from_millis(50);

/// Says which lock it is, on a database server: `MADANG` in ASCII.
const KEY: i64 = 0x4d41_4441_4e47;

/// Which steps are taken.
#[derive(Clone, Copy, Debug)]
pub(super) enum Walk {
    /// So many of those that are left, or all.
    Up(Option<u32>),
    /// So many of the last are taken back.
    Down(u32),
}

impl Store {
    /// How long a server waits at its start, and `madang migrate`, for another one that brings the tables up to date. On tables that are small or new that takes a second or two; who
    /// starts a server looks at it for so long. Its own steps may take as long as they do.
    pub const STEPS_TIME: Duration = Duration::from_secs(60);

    /// Connects and takes steps, after whoever does so already.
    pub(super) async fn open_alone(url: &DatabaseUrl, walk: Walk) -> Result<Self, StoreError> {
        if url.as_str().starts_with("sqlite:") {
            return Self::open_file(url, walk).await;
        }
        Self::open_with(url, async |store| {
            let lock = tokio::time::timeout(Self::STEPS_TIME, Self::lock(url)).await;
            let lock = lock.map_err(|_| StoreError::Steps)??;
            let taken = store.take_steps(walk).await;
            // With its connection the lock ends, as it does with the process.
            lock.close().await?;
            taken
        })
        .await
    }

    /// A file has one writer at a time, and who comes second is told so: also while the first turns the file into one that can be read and written at once.
    async fn open_file(url: &DatabaseUrl, walk: Walk) -> Result<Self, StoreError> {
        let begun = Instant::now();
        loop {
            match Self::open_with(url, async |store| store.take_steps_at_once(walk).await).await {
                Err(StoreError::Database(error)) if Passing::of(&error) == Some(Passing::Contention) => {
                    if begun.elapsed() >= Self::STEPS_TIME {
                        return Err(StoreError::Steps);
                    }
                    tokio::time::sleep(PAUSE).await;
                }
                opened => return opened,
            }
        }
    }

    async fn open_with(
        url: &DatabaseUrl,
        steps: impl AsyncFnOnce(&Self) -> Result<(), StoreError>,
    ) -> Result<Self, StoreError> {
        let store = Self::connect(url).await?;
        match steps(&store).await {
            Ok(()) => Ok(store),
            Err(error) => {
                // Why the steps weren't taken says more.
                drop(store.close().await);
                Err(error)
            }
        }
    }

    async fn take_steps(&self, walk: Walk) -> Result<(), StoreError> {
        self.read_steps().await?;
        Ok(walk.take(&self.writer).await?)
    }

    /// In one transaction, which SQLite can put tables into.
    async fn take_steps_at_once(&self, walk: Walk) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        Self::read_steps_by(&transaction).await?;
        walk.take(&transaction).await?;
        Ok(transaction.commit().await?)
    }

    /// A connection that has a database server's lock for this database.
    async fn lock(url: &DatabaseUrl) -> Result<DatabaseConnection, DbErr> {
        let mut options = common(url.as_str(), 1);
        // The one connection that has the lock: none may take its place.
        options.idle_timeout(None).max_lifetime(None);
        let connection = Database::connect(options).await?;
        let statement = match connection.get_database_backend() {
            DbBackend::Postgres => format!("SELECT pg_advisory_lock({KEY})"),
            // Its names hold for every database of the server.
            _ => format!(
                "DO GET_LOCK(CONCAT('{KEY} ', MD5(DATABASE())), {})",
                Self::STEPS_TIME.as_secs() * 2
            ),
        };
        connection.execute_unprepared(&statement).await?;
        Ok(connection)
    }
}

impl Walk {
    async fn take<'c>(self, connection: impl IntoSchemaManagerConnection<'c>) -> Result<(), DbErr> {
        match self {
            Self::Up(count) => Migrator::up(connection, count).await,
            Self::Down(count) => Migrator::down(connection, Some(count)).await,
        }
    }
}
