//! What changes about an event that is sold, and which payments are owed back.

use sea_orm_migration::prelude::*;

/// Adds `edition` to `seat_events`, and an index of payments by state.
pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0008_editions"
    }
}

const EVENTS: &str = "seat_events";
const EDITION: &str = "edition";
const PAYMENTS: &str = "seat_payments";
const BY_STATE: &str = "seat_payments_state";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // MySQL and SQLite don't take back a step that was cut off in the middle: it's gone on with.
        if !manager.has_column(EVENTS, EDITION).await? {
            let mut edition = ColumnDef::new(Alias::new(EDITION));
            edition.big_integer().not_null().default(0);
            let alter = Table::alter()
                .table(Alias::new(EVENTS))
                .add_column(&mut edition)
                .to_owned();
            manager.alter_table(alter).await?;
        }
        if !manager.has_index(PAYMENTS, BY_STATE).await? {
            let index = Index::create()
                .name(BY_STATE)
                .table(Alias::new(PAYMENTS))
                .col(Alias::new("state"))
                .col(Alias::new("created_at"))
                .col(Alias::new("payment"))
                .to_owned();
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.has_index(PAYMENTS, BY_STATE).await? {
            let drop = Index::drop()
                .name(BY_STATE)
                .table(Alias::new(PAYMENTS))
                .to_owned();
            manager.drop_index(drop).await?;
        }
        if manager.has_column(EVENTS, EDITION).await? {
            let alter = Table::alter()
                .table(Alias::new(EVENTS))
                .drop_column(Alias::new(EDITION))
                .to_owned();
            manager.alter_table(alter).await?;
        }
        Ok(())
    }
}
