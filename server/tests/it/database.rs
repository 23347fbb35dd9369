//! A fresh database of each kind for one test.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use madang_server::config::DatabaseUrl;
use madang_server::store::Store;
use sea_orm::{ConnectionTrait, Database};

/// A database nobody else uses.
pub struct TestDatabase {
    url: DatabaseUrl,
    _directory: Option<Arc<tempfile::TempDir>>,
}

/// Offset of a room's newest message, 0 if it has none.
pub async fn newest(store: &Store, room: &str) -> i64 {
    let standing = store.standing(room).await.unwrap();
    standing.map_or(0, |room| room.offset)
}

impl TestDatabase {
    /// A new SQLite file.
    pub fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", directory.path().join("test.db").display());
        Self {
            url: url.parse().unwrap(),
            _directory: Some(Arc::new(directory)),
        }
    }

    /// A new database on the MySQL or MariaDB server of `MADANG_TEST_MYSQL_URL`.
    pub async fn mysql() -> Option<Self> {
        Self::on_server("MADANG_TEST_MYSQL_URL").await
    }

    /// A new database on the PostgreSQL server of `MADANG_TEST_POSTGRES_URL`.
    pub async fn postgres() -> Option<Self> {
        Self::on_server("MADANG_TEST_POSTGRES_URL").await
    }

    /// The same database; it is gone with the first.
    pub fn again(&self) -> Self {
        Self {
            url: self.url.clone(),
            _directory: None,
        }
    }

    /// The same database, for another server.
    pub fn beside(&self) -> Self {
        Self {
            url: self.url.clone(),
            _directory: self._directory.clone(),
        }
    }

    pub fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// The same database, by another way.
    pub fn reached_by(self, url: DatabaseUrl) -> Self {
        Self { url, ..self }
    }

    pub async fn store(&self) -> Store {
        Store::open(&self.url).await.unwrap()
    }

    /// Makes a database beside the one the variable names, which must exist and may create others.
    async fn on_server(variable: &str) -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let Ok(server) = std::env::var(variable) else {
            assert_ne!(
                std::env::var("MADANG_TEST_DATABASES").as_deref(),
                Ok("required"),
                "{variable} must be set: scripts/with-databases.sh does it"
            );
            eprintln!("skipped: {variable} is not set");
            return None;
        };
        let name = format!(
            "madang_{}_{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let admin = Database::connect(server.as_str()).await.unwrap();
        admin
            .execute_unprepared(&format!("DROP DATABASE IF EXISTS {name}"))
            .await
            .unwrap();
        admin
            .execute_unprepared(&format!("CREATE DATABASE {name}"))
            .await
            .unwrap();
        admin.close().await.unwrap();
        let (address, query) = match server.split_once('?') {
            Some((address, query)) => (address, format!("?{query}")),
            None => (server.as_str(), String::new()),
        };
        let (base, _) = address.rsplit_once('/').unwrap();
        Some(Self {
            url: format!("{base}/{name}{query}").parse().unwrap(),
            _directory: None,
        })
    }
}

/// Makes one test of each database from a function that takes a `TestDatabase`.
#[macro_export]
macro_rules! on_every_database {
    ($($name:ident)*) => { $(
        mod $name {
            use $crate::database::TestDatabase;

            #[tokio::test(flavor = "multi_thread")]
            async fn on_sqlite() {
                super::$name(TestDatabase::sqlite()).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn on_mysql() {
                if let Some(database) = TestDatabase::mysql().await {
                    super::$name(database).await;
                }
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn on_postgres() {
                if let Some(database) = TestDatabase::postgres().await {
                    super::$name(database).await;
                }
            }
        }
    )* };
}
