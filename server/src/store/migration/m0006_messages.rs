//! A log of more than messages: edits, deletes and reactions; who has read what; words to search by.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// Adds columns to `messages`, and creates `reactions`, `read_markers` and `message_terms`.
pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0006_messages"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // MySQL and SQLite don't take back a step that was cut off in the middle: it's gone on with.
        for (name, mut column) in columns() {
            if manager.has_column("messages", name).await? {
                continue;
            }
            let alter = Table::alter()
                .table(Messages::Table)
                .add_column(&mut column)
                .to_owned();
            manager.alter_table(alter).await?;
        }
        for table in tables(manager.get_database_backend()) {
            manager.create_table(table).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["message_terms", "read_markers", "reactions"] {
            let drop = Table::drop().table(Alias::new(table)).if_exists().to_owned();
            manager.drop_table(drop).await?;
        }
        for (name, _) in columns().into_iter().rev() {
            if manager.has_column("messages", name).await? {
                let alter = Table::alter()
                    .table(Messages::Table)
                    .drop_column(Alias::new(name))
                    .to_owned();
                manager.alter_table(alter).await?;
            }
        }
        Ok(())
    }
}

/// What `messages` gets.
fn columns() -> Vec<(&'static str, ColumnDef)> {
    let mut columns = Vec::new();
    let mut add = |name: &'static str, define: fn(&mut ColumnDef) -> &mut ColumnDef| {
        let mut column = ColumnDef::new(Alias::new(name));
        define(&mut column);
        columns.push((name, column));
    };
    add("kind", |column| column.small_integer().not_null().default(0));
    add("person", |column| column.string_len(22).not_null().default(""));
    add("asked", |column| column.string_len(22).not_null().default(""));
    add("target", |column| column.big_integer().null());
    add("reply_to", |column| column.big_integer().null());
    add("mentions", |column| column.text().null());
    add("version", |column| column.big_integer().not_null().default(0));
    add("edited_at", |column| column.big_integer().null());
    add("deleted", |column| column.boolean().not_null().default(false));
    add("reactions", |column| column.text().null());
    columns
}

fn tables(backend: DbBackend) -> [TableCreateStatement; 3] {
    let room = || ColumnDef::new(Columns::Room).string_len(64).not_null().to_owned();
    let seq = || ColumnDef::new(Columns::Seq).big_integer().not_null().to_owned();
    let person = || {
        ColumnDef::new(Columns::Person)
            .string_len(22)
            .not_null()
            .to_owned()
    };
    let name = || ColumnDef::new(Columns::Name).string_len(40).not_null().to_owned();
    let reactions = table(backend, "reactions")
        .col(room())
        .col(seq())
        .col(ColumnDef::new(Columns::Emoji).string_len(16).not_null())
        .col(person())
        .col(name())
        .col(ColumnDef::new(Columns::Entry).big_integer().not_null())
        .primary_key(
            Index::create()
                .col(Columns::Room)
                .col(Columns::Seq)
                .col(Columns::Emoji)
                .col(Columns::Person),
        )
        .to_owned();
    let markers = table(backend, "read_markers")
        .col(room())
        .col(person())
        .col(seq())
        .col(name())
        .primary_key(Index::create().col(Columns::Room).col(Columns::Person))
        .to_owned();
    let mut term = ColumnDef::new(Columns::Term).string_len(32).not_null().to_owned();
    if backend == DbBackend::Postgres {
        // By code points, so that what begins with something lies side by side, whatever the database sorts names by.
        term.extra(r#"COLLATE "C""#);
    }
    let terms = table(backend, "message_terms")
        .col(room())
        .col(term)
        .col(seq())
        .primary_key(
            Index::create()
                .col(Columns::Room)
                .col(Columns::Term)
                .col(Columns::Seq),
        )
        .to_owned();
    [reactions, markers, terms]
}

fn table(backend: DbBackend, name: &str) -> TableCreateStatement {
    let mut table = Table::create();
    table.table(Alias::new(name)).if_not_exists();
    if backend == DbBackend::MySql {
        // As those of the first step.
        table.character_set("utf8mb4").collate("utf8mb4_bin");
    }
    table
}

#[derive(DeriveIden)]
enum Messages {
    Table,
}

#[derive(DeriveIden)]
enum Columns {
    Room,
    Seq,
    Emoji,
    Person,
    Name,
    Entry,
    Term,
}
