//! The tables' history by hand: which steps have been taken, taking further ones, taking some back.

use std::collections::BTreeSet;

use sea_orm::ConnectionTrait;
use sea_orm_migration::MigratorTrait;

use super::alone::Walk;
use super::migration::Migrator;
use super::{Store, StoreError};
use crate::config::DatabaseUrl;

/// One step of the tables' history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its number and what it is about, such as `m0002_positions`.
    pub name: String,
    /// Whether the database has taken it.
    pub taken: bool,
}

impl Store {
    /// Every step that this program knows, in order. The database stays as it is, but for the table of steps.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn steps(url: &DatabaseUrl) -> Result<Vec<Step>, StoreError> {
        let store = Self::connect(url).await?;
        let steps = store.read_steps().await;
        store.close().await?;
        steps
    }

    /// Takes the next `count` steps, or all that are left, and returns the steps as they are then. Whoever takes steps already, such as a server that starts, is
    /// waited for.
    ///
    /// # Errors
    /// Any [`StoreError`]. Steps are taken one by one; on a database server those before the one that failed stay.
    pub async fn migrate_up(url: &DatabaseUrl, count: Option<u32>) -> Result<Vec<Step>, StoreError> {
        Self::migrate(url, Walk::Up(count)).await
    }

    /// Takes the last `count` steps back, and returns the steps as they are then. What only those tables and columns
    /// could hold is lost. Whoever takes steps already is waited for.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn migrate_down(url: &DatabaseUrl, count: u32) -> Result<Vec<Step>, StoreError> {
        Self::migrate(url, Walk::Down(count)).await
    }

    async fn migrate(url: &DatabaseUrl, walk: Walk) -> Result<Vec<Step>, StoreError> {
        let store = Box::pin(Self::open_alone(url, walk)).await?;
        let steps = store.read_steps().await;
        store.close().await?;
        steps
    }

    /// The steps, if the database has taken none that this program doesn't know.
    pub(super) async fn read_steps(&self) -> Result<Vec<Step>, StoreError> {
        Self::read_steps_by(&self.writer).await
    }

    pub(super) async fn read_steps_by(connection: &impl ConnectionTrait) -> Result<Vec<Step>, StoreError> {
        Migrator::install(connection).await?;
        let models = Migrator::get_migration_models(connection).await?;
        let taken: BTreeSet<_> = models.into_iter().map(|model| model.version).collect();
        let known = Migrator::migrations();
        let is_known = |name: &&String| known.iter().any(|step| step.name() == *name);
        if let Some(unknown) = taken.iter().find(|name| !is_known(name)) {
            return Err(StoreError::Newer(unknown.clone()));
        }
        Ok(known
            .iter()
            .map(|step| Step {
                name: step.name().to_owned(),
                taken: taken.contains(step.name()),
            })
            .collect())
    }
}
