//! Reservation: events, their places, claims on them, and what led to each.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// Creates the tables of reservation.
pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0004_seats"
    }
}

/// No two of these rows are of one place: by it a place has one owner at most, whatever the program does.
const ONE_OWNER: &str = "seat_claims_one_owner";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // MySQL and SQLite don't take back a step that was cut off in the middle: it's gone on with.
        for table in tables(manager.get_database_backend()) {
            manager.create_table(table).await?;
        }
        one_owner(manager).await?;
        for (name, table, columns, unique) in INDEXES {
            if manager.has_index(table, name).await? {
                continue;
            }
            let mut index = Index::create();
            index.name(*name).table(Alias::new(*table));
            for column in *columns {
                index.col(Alias::new(*column));
            }
            if *unique {
                index.unique();
            }
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in tables(manager.get_database_backend()).iter().rev() {
            if let Some(name) = table.get_table_name() {
                let drop = Table::drop().table(name.clone()).if_exists().to_owned();
                manager.drop_table(drop).await?;
            }
        }
        Ok(())
    }
}

/// Index, its table, its columns, whether no two rows may be alike in them.
const INDEXES: &[(&str, &str, &[&str], bool)] = &[
    ("seat_claims_state", "seat_claims", &["event", "state"], false),
    (
        "seat_holds_expiry",
        "seat_holds",
        &["event", "state", "expires_at"],
        false,
    ),
    (
        "seat_holds_holder",
        "seat_holds",
        &["holder", "created_at"],
        false,
    ),
    (
        "seat_waiting_line",
        "seat_waiting",
        &["event", "state", "section", "number"],
        false,
    ),
    ("seat_waiting_once", "seat_waiting", &["event", "number"], true),
    (
        "seat_waiting_holder",
        "seat_waiting",
        &["holder", "created_at"],
        false,
    ),
    ("seat_payments_hold", "seat_payments", &["hold"], false),
    ("seat_commands_at", "seat_commands", &["at"], false),
    (
        "seat_audit_place",
        "seat_audit",
        &["event", "place", "version"],
        true,
    ),
];

/// SQLite and PostgreSQL have an index of some rows; MySQL and MariaDB a column that is NULL in all others, and NULLs are never alike.
async fn one_owner(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    if manager.has_index("seat_claims", ONE_OWNER).await? {
        return Ok(());
    }
    let connection = manager.get_connection();
    let index = if manager.get_database_backend() == DbBackend::MySql {
        if !manager.has_column("seat_claims", "active").await? {
            let column = "ALTER TABLE seat_claims ADD COLUMN active SMALLINT \
                          GENERATED ALWAYS AS (CASE WHEN state IN ('held', 'sold') THEN 1 END) STORED";
            connection.execute_unprepared(column).await?;
        }
        format!("CREATE UNIQUE INDEX {ONE_OWNER} ON seat_claims (event, place, active)")
    } else {
        format!(
            "CREATE UNIQUE INDEX {ONE_OWNER} ON seat_claims (event, place) WHERE state IN ('held', 'sold')"
        )
    };
    connection.execute_unprepared(&index).await?;
    Ok(())
}

fn tables(backend: DbBackend) -> Vec<TableCreateStatement> {
    let id = |name: &'static str| {
        ColumnDef::new(Alias::new(name))
            .string_len(22)
            .not_null()
            .to_owned()
    };
    let word = |name: &'static str| {
        ColumnDef::new(Alias::new(name))
            .string_len(40)
            .not_null()
            .to_owned()
    };
    let state = || {
        ColumnDef::new(Alias::new("state"))
            .string_len(12)
            .not_null()
            .to_owned()
    };
    let number = |name: &'static str| {
        ColumnDef::new(Alias::new(name))
            .big_integer()
            .not_null()
            .to_owned()
    };
    let small = |name: &'static str| ColumnDef::new(Alias::new(name)).integer().not_null().to_owned();
    let yes = |name: &'static str| ColumnDef::new(Alias::new(name)).boolean().not_null().to_owned();
    let hash = |name: &'static str| {
        ColumnDef::new(Alias::new(name))
            .string_len(64)
            .not_null()
            .to_owned()
    };
    let text = |name: &'static str| ColumnDef::new(Alias::new(name)).text().not_null().to_owned();
    vec![
        table(
            backend,
            "seat_events",
            [word("event"), text("about"), number("sequence"), hash("hash")],
            &["event"],
        ),
        table(
            backend,
            "seat_places",
            [
                word("event"),
                word("place"),
                number("number_in_event"),
                word("section"),
                word("row_name"),
                small("seat_number"),
                small("x"),
                small("y"),
                yes("accessible"),
                yes("blocked"),
                small("party_min"),
                small("party_max"),
            ],
            &["event", "place"],
        ),
        table(
            backend,
            "seat_holds",
            [
                id("hold"),
                word("event"),
                id("holder"),
                state(),
                number("expires_at"),
                yes("extended"),
                number("amount"),
                ColumnDef::new(Alias::new("waiting")).string_len(22).to_owned(),
                number("created_at"),
            ],
            &["hold"],
        ),
        table(
            backend,
            "seat_claims",
            [id("hold"), word("place"), word("event"), id("holder"), state()],
            &["hold", "place"],
        ),
        table(
            backend,
            "seat_waiting",
            [
                id("waiting"),
                word("event"),
                number("number"),
                word("section"),
                small("party"),
                id("holder"),
                state(),
                ColumnDef::new(Alias::new("hold")).string_len(22).to_owned(),
                number("created_at"),
            ],
            &["waiting"],
        ),
        table(
            backend,
            "seat_payments",
            [
                id("payment"),
                id("hold"),
                word("event"),
                id("holder"),
                number("amount"),
                state(),
                number("created_at"),
            ],
            &["payment"],
        ),
        table(
            backend,
            "seat_news",
            [hash("news"), id("payment"), hash("hash"), state(), number("at")],
            &["news"],
        ),
        table(
            backend,
            "seat_commands",
            [
                id("holder"),
                hash("idempotency_key"),
                hash("hash"),
                text("answer"),
                number("at"),
            ],
            &["holder", "idempotency_key"],
        ),
        table(
            backend,
            "seat_audit",
            [
                word("event"),
                number("number"),
                word("place"),
                number("version"),
                id("who"),
                ColumnDef::new(Alias::new("what"))
                    .string_len(12)
                    .not_null()
                    .to_owned(),
                hash("why"),
                id("hold"),
                ColumnDef::new(Alias::new("until")).big_integer().to_owned(),
                number("at"),
                hash("previous"),
                hash("hash"),
            ],
            &["event", "number"],
        ),
    ]
}

fn table<const N: usize>(
    backend: DbBackend,
    name: &'static str,
    columns: [ColumnDef; N],
    key: &[&'static str],
) -> TableCreateStatement {
    let mut table = Table::create();
    table.table(Alias::new(name)).if_not_exists();
    for column in columns {
        table.col(column);
    }
    let mut primary = Index::create();
    for column in key {
        primary.col(Alias::new(*column));
    }
    table.primary_key(&mut primary);
    if backend == DbBackend::MySql {
        // Its default collation would take ids that differ in the size of a letter for the same.
        table.character_set("utf8mb4").collate("utf8mb4_bin");
    }
    table
}
