//! A copy of everything that is stored, as an SQLite file.

use std::fs::{self, File};
use std::path::Path;

use futures_util::TryStreamExt as _;
use sea_orm::{
    AccessMode, ActiveModelBehavior, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction,
    EntityTrait, IntoActiveModel, IsolationLevel, PaginatorTrait, TransactionTrait,
};
use sea_orm_migration::MigratorTrait;

use super::entity::{
    account, api_token, marker, market_bar, market_listing, message, moderation_entry, reaction, report,
    room, room_role, room_setting, sanction, seat_audit, seat_claim, seat_command, seat_event, seat_hold,
    seat_news, seat_payment, seat_place, seat_waiting, sign_in, slow_turn, term, unindexed_room,
};
use super::migration::Migrator;
use super::{Store, StoreError, common};
use crate::config::DatabaseUrl;

/// Rows that are written at once: few enough for SQLite's limit of values in a statement with any of our tables.
const ROWS: usize = 500;

/// How far a backup is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress<'a> {
    /// The table that is being copied.
    pub table: &'a str,
    /// Rows copied so far, of all tables.
    pub done: u64,
    /// Rows that there are.
    pub total: u64,
}

impl Store {
    /// Copies everything that is stored at `url` into a new SQLite file, which is a database like any other: Madang
    /// may be started on it. The copy is of one moment, whoever writes meanwhile. Returns the tables with their rows.
    ///
    /// Until it is complete it is called `file` with `.partial` behind; it is on the disk when this returns.
    ///
    /// # Errors
    /// `file` is there already or can't be written, the database isn't up to date ([`StoreError::Outdated`]), or any other [`StoreError`].
    pub async fn backup(
        url: &DatabaseUrl,
        file: &Path,
        progress: impl FnMut(Progress<'_>) + Send,
    ) -> Result<Vec<(String, u64)>, StoreError> {
        if file.exists() {
            let there = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
            return Err(StoreError::File(there));
        }
        let partial = file.with_added_extension("partial");
        if partial.exists() {
            fs::remove_file(&partial)?;
        }
        let source = Self::connect(url).await?;
        if let Some(step) = source.read_steps().await?.into_iter().find(|step| !step.taken) {
            return Err(StoreError::Outdated(step.name));
        }
        let target = new_file(&partial).await?;
        let snapshot = source
            .reader
            .begin_with_config(Some(IsolationLevel::RepeatableRead), Some(AccessMode::ReadOnly))
            .await?;
        let mut copy = Copy {
            snapshot,
            target,
            tables: Vec::new(),
            total: 0,
            progress,
        };
        copy.everything().await?;
        copy.snapshot.rollback().await?;
        copy.target.close().await?;
        source.close().await?;
        File::open(&partial)?.sync_all()?;
        fs::rename(&partial, file)?;
        Ok(copy.tables)
    }
}

/// Lists every table once, for whatever is done to each.
macro_rules! each_table {
    ($copy:ident . $what:ident) => {
        $copy.$what::<room::Entity>().await?;
        $copy.$what::<message::Entity>().await?;
        $copy.$what::<market_bar::Entity>().await?;
        $copy.$what::<market_listing::Entity>().await?;
        $copy.$what::<seat_event::Entity>().await?;
        $copy.$what::<seat_place::Entity>().await?;
        $copy.$what::<seat_hold::Entity>().await?;
        $copy.$what::<seat_claim::Entity>().await?;
        $copy.$what::<seat_waiting::Entity>().await?;
        $copy.$what::<seat_payment::Entity>().await?;
        $copy.$what::<seat_news::Entity>().await?;
        $copy.$what::<seat_command::Entity>().await?;
        $copy.$what::<seat_audit::Entity>().await?;
        $copy.$what::<account::Entity>().await?;
        $copy.$what::<sign_in::Entity>().await?;
        $copy.$what::<api_token::Entity>().await?;
        $copy.$what::<room_role::Entity>().await?;
        $copy.$what::<sanction::Entity>().await?;
        $copy.$what::<room_setting::Entity>().await?;
        $copy.$what::<report::Entity>().await?;
        $copy.$what::<moderation_entry::Entity>().await?;
        $copy.$what::<slow_turn::Entity>().await?;
        $copy.$what::<reaction::Entity>().await?;
        $copy.$what::<marker::Entity>().await?;
        $copy.$what::<term::Entity>().await?;
        $copy.$what::<unindexed_room::Entity>().await?;
    };
}

/// A backup on its way.
struct Copy<P> {
    snapshot: DatabaseTransaction,
    target: DatabaseConnection,
    tables: Vec<(String, u64)>,
    total: u64,
    progress: P,
}

impl<P: FnMut(Progress<'_>)> Copy<P> {
    async fn everything(&mut self) -> Result<(), StoreError> {
        each_table!(self.count);
        each_table!(self.table);
        Ok(())
    }

    async fn count<E: EntityTrait>(&mut self) -> Result<(), StoreError>
    where
        E::Model: Sync,
    {
        self.total += E::find().count(&self.snapshot).await?;
        Ok(())
    }

    async fn table<E: EntityTrait>(&mut self) -> Result<(), StoreError>
    where
        E::ActiveModel: ActiveModelBehavior + Send,
        E::Model: IntoActiveModel<E::ActiveModel> + Sync,
    {
        let name = E::default().table_name().to_owned();
        let before: u64 = self.tables.iter().map(|(_, rows)| rows).sum();
        let mut copied = 0;
        // What a step put there by itself is replaced by what is in the source.
        E::delete_many().exec(&self.target).await?;
        let mut rows = E::find().stream(&self.snapshot).await?.try_chunks(ROWS);
        while let Some(rows) = rows.try_next().await.map_err(|error| error.1)? {
            copied += rows.len() as u64;
            let rows = rows.into_iter().map(IntoActiveModel::into_active_model);
            E::insert_many(rows).exec_without_returning(&self.target).await?;
            (self.progress)(Progress {
                table: &name,
                done: before + copied,
                total: self.total,
            });
        }
        drop(rows);
        self.tables.push((name, copied));
        Ok(())
    }
}

/// An empty database of the newest form. It is of no use before it's complete, so nothing waits for the disk.
async fn new_file(file: &Path) -> Result<DatabaseConnection, StoreError> {
    super::private::create(file)?;
    let url = format!("sqlite://{}", file.display());
    let mut options = common(&url, 1);
    options.map_sqlx_sqlite_opts(|sqlite| {
        sqlite
            .create_if_missing(true)
            .foreign_keys(false)
            .pragma("journal_mode", "DELETE")
            .pragma("synchronous", "OFF")
    });
    let target = Database::connect(options).await?;
    Migrator::up(&target, None).await?;
    target.execute_unprepared("PRAGMA optimize").await?;
    Ok(target)
}
