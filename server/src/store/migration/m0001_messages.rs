//! Rooms and their messages.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// Creates `rooms` and `messages`.
pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0001_messages"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        let rooms = table(backend, Rooms::Table)
            .col(
                ColumnDef::new(Rooms::Name)
                    .string_len(64)
                    .not_null()
                    .primary_key(),
            )
            .col(ColumnDef::new(Rooms::LastSeq).big_integer().not_null())
            .to_owned();
        manager.create_table(rooms).await?;

        let messages = table(backend, Messages::Table)
            .col(ColumnDef::new(Messages::Room).string_len(64).not_null())
            .col(ColumnDef::new(Messages::Seq).big_integer().not_null())
            .col(ColumnDef::new(Messages::Author).string_len(40).not_null())
            .col(ColumnDef::new(Messages::ClientId).string_len(64).not_null())
            .col(ColumnDef::new(Messages::Text).text().not_null())
            .col(ColumnDef::new(Messages::At).big_integer().not_null())
            .primary_key(Index::create().col(Messages::Room).col(Messages::Seq))
            .foreign_key(
                ForeignKey::create()
                    .from(Messages::Table, Messages::Room)
                    .to(Rooms::Table, Rooms::Name),
            )
            .to_owned();
        manager.create_table(messages).await?;

        let once = Index::create()
            .name("messages_once")
            .table(Messages::Table)
            .col(Messages::Room)
            .col(Messages::Author)
            .col(Messages::ClientId)
            .unique()
            .to_owned();
        manager.create_index(once).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(Messages::Table).to_owned())
            .await?;
        manager
            .drop_table(Table::drop().table(Rooms::Table).to_owned())
            .await
    }
}

fn table(backend: DbBackend, name: impl IntoTableRef) -> TableCreateStatement {
    let mut table = Table::create();
    table.table(name);
    if backend == DbBackend::MySql {
        // Its default collation would take "Kim" and "kim", or two names of other scripts, for the same.
        table.character_set("utf8mb4").collate("utf8mb4_bin");
    }
    table
}

#[derive(DeriveIden)]
enum Rooms {
    Table,
    Name,
    LastSeq,
}

#[derive(DeriveIden)]
enum Messages {
    Table,
    Room,
    Seq,
    Author,
    ClientId,
    Text,
    At,
}
