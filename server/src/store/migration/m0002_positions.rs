//! Positions: the epoch of each room's numbers, and who sent each message.

use sea_orm_migration::prelude::*;

/// Adds `rooms.epoch` and `messages.sender`.
pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0002_positions"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // MySQL and SQLite don't take back a step that was cut off in the middle: it's gone on with.
        if !manager.has_column("rooms", "epoch").await? {
            // One for all rooms that are there: a database that is replaced by another gets another.
            let epoch = i64::from_ne_bytes(getrandom::u64().unwrap_or_default().to_ne_bytes());
            let epoch = ColumnDef::new(Rooms::Epoch)
                .big_integer()
                .not_null()
                .default(epoch)
                .to_owned();
            let alter = Table::alter().table(Rooms::Table).add_column(epoch).to_owned();
            manager.alter_table(alter).await?;
        }
        if !manager.has_column("messages", "sender").await? {
            let sender = ColumnDef::new(Messages::Sender)
                .string_len(22)
                .not_null()
                .default("")
                .to_owned();
            let alter = Table::alter()
                .table(Messages::Table)
                .add_column(sender)
                .to_owned();
            manager.alter_table(alter).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sender = Table::alter()
            .table(Messages::Table)
            .drop_column(Messages::Sender)
            .to_owned();
        manager.alter_table(sender).await?;
        let epoch = Table::alter()
            .table(Rooms::Table)
            .drop_column(Rooms::Epoch)
            .to_owned();
        manager.alter_table(epoch).await
    }
}

#[derive(DeriveIden)]
enum Rooms {
    Table,
    Epoch,
}

#[derive(DeriveIden)]
enum Messages {
    Table,
    Sender,
}
