//! Older messages that the index of words hasn't got yet, and when guests were seen who have read something.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// Creates `unindexed_rooms`, which lists every room that there is, and adds `seen_at` to `read_markers`, with an index.
pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0009_index_and_markers"
    }
}

const ROOMS: &str = "unindexed_rooms";
const MARKERS: &str = "read_markers";
const SEEN_AT: &str = "seen_at";
const BY_TIME: &str = "read_markers_seen_at";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // MySQL and SQLite don't take back a step that was cut off in the middle: it's gone on with.
        let mut rooms = Table::create();
        rooms
            .table(Alias::new(ROOMS))
            .if_not_exists()
            .col(
                ColumnDef::new(Alias::new("room"))
                    .string_len(64)
                    .not_null()
                    .primary_key(),
            )
            .col(ColumnDef::new(Alias::new("seq")).big_integer().not_null());
        if manager.get_database_backend() == DbBackend::MySql {
            // As those of the first step.
            rooms.character_set("utf8mb4").collate("utf8mb4_bin");
        }
        manager.create_table(rooms).await?;
        let connection = manager.get_connection();
        connection
            .execute_unprepared("DELETE FROM unindexed_rooms")
            .await?;
        // Which of them have older messages shows when they are looked at, by a server: that may take long.
        connection
            .execute_unprepared("INSERT INTO unindexed_rooms (room, seq) SELECT name, 0 FROM rooms")
            .await?;
        if !manager.has_column(MARKERS, SEEN_AT).await? {
            let mut seen_at = ColumnDef::new(Alias::new(SEEN_AT));
            // 0: not known yet.
            seen_at.big_integer().null().default(0);
            let alter = Table::alter()
                .table(Alias::new(MARKERS))
                .add_column(&mut seen_at)
                .to_owned();
            manager.alter_table(alter).await?;
        }
        if !manager.has_index(MARKERS, BY_TIME).await? {
            let index = Index::create()
                .name(BY_TIME)
                .table(Alias::new(MARKERS))
                .col(Alias::new(SEEN_AT))
                .to_owned();
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.has_index(MARKERS, BY_TIME).await? {
            let drop = Index::drop().name(BY_TIME).table(Alias::new(MARKERS)).to_owned();
            manager.drop_index(drop).await?;
        }
        if manager.has_column(MARKERS, SEEN_AT).await? {
            let alter = Table::alter()
                .table(Alias::new(MARKERS))
                .drop_column(Alias::new(SEEN_AT))
                .to_owned();
            manager.alter_table(alter).await?;
        }
        let drop = Table::drop().table(Alias::new(ROOMS)).if_exists().to_owned();
        manager.drop_table(drop).await
    }
}
