//! People: accounts, how they show who they are, and how rooms are kept in order.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// Creates `accounts`, `sign_ins`, `api_tokens`, `room_roles`, `sanctions`, `room_settings`, `reports`, `moderation_log` and `slow_turns`.
pub(super) struct Migration;

/// Each with its columns, whether they are unique.
const INDEXES: [(&str, Tables, &[Columns], bool); 6] = [
    ("accounts_name_key", Tables::Accounts, &[Columns::NameKey], true),
    ("sign_ins_account", Tables::SignIns, &[Columns::Account], false),
    (
        "api_tokens_account",
        Tables::ApiTokens,
        &[Columns::Account],
        false,
    ),
    ("sanctions_room", Tables::Sanctions, &[Columns::Room], false),
    (
        "reports_once",
        Tables::Reports,
        &[Columns::Room, Columns::Seq, Columns::Reporter],
        true,
    ),
    (
        "moderation_log_room",
        Tables::ModerationLog,
        &[Columns::Room, Columns::Number],
        false,
    ),
];

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0005_people"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // MySQL and SQLite don't take back a step that was cut off in the middle: it's gone on with.
        for table in tables(manager.get_database_backend()) {
            manager.create_table(table).await?;
        }
        for (name, table, columns, unique) in INDEXES {
            if manager.has_index(table.to_string(), name).await? {
                continue;
            }
            let mut index = Index::create();
            index.name(name).table(table);
            for column in columns {
                index.col(*column);
            }
            if unique {
                index.unique();
            }
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in Tables::ALL {
            let drop = Table::drop().table(table).if_exists().to_owned();
            manager.drop_table(drop).await?;
        }
        Ok(())
    }
}

fn tables(backend: DbBackend) -> [TableCreateStatement; 9] {
    let text = |name, length| ColumnDef::new(name).string_len(length).not_null().take();
    let number = |name| ColumnDef::new(name).big_integer().not_null().take();
    let maybe_text = |name, length| ColumnDef::new(name).string_len(length).take();
    let maybe_number = |name| ColumnDef::new(name).big_integer().take();
    let table = |name: Tables, columns: &mut [ColumnDef], key: &[Columns]| {
        let mut table = Table::create();
        table.table(name).if_not_exists();
        if backend == DbBackend::MySql {
            // As in the first step: its default collation takes different names for the same.
            table.character_set("utf8mb4").collate("utf8mb4_bin");
        }
        for column in columns {
            table.col(column);
        }
        let mut primary = Index::create();
        for column in key {
            primary.col(*column);
        }
        table.primary_key(&mut primary);
        table
    };
    [
        table(
            Tables::Accounts,
            &mut [
                number(Columns::Id),
                text(Columns::Name, 40),
                text(Columns::NameKey, 160),
                text(Columns::Password, 255),
                text(Columns::Role, 16),
                number(Columns::CreatedAt),
            ],
            &[Columns::Id],
        ),
        table(
            Tables::SignIns,
            &mut [
                text(Columns::TokenHash, 43),
                number(Columns::Account),
                number(Columns::ExpiresAt),
            ],
            &[Columns::TokenHash],
        ),
        table(
            Tables::ApiTokens,
            &mut [
                text(Columns::TokenHash, 43),
                text(Columns::Id, 16),
                number(Columns::Account),
                text(Columns::Label, 60),
                number(Columns::CreatedAt),
                maybe_number(Columns::LastUsedAt),
            ],
            &[Columns::TokenHash],
        ),
        table(
            Tables::RoomRoles,
            &mut [
                text(Columns::Room, 64),
                number(Columns::Account),
                text(Columns::Role, 16),
            ],
            &[Columns::Room, Columns::Account],
        ),
        table(
            Tables::Sanctions,
            &mut [
                number(Columns::Id),
                text(Columns::Room, 64),
                text(Columns::Kind, 8),
                maybe_number(Columns::Account),
                maybe_text(Columns::Sender, 22),
                text(Columns::Name, 40),
                text(Columns::NameKey, 160),
                text(Columns::ByName, 40),
                text(Columns::Reason, 200),
                number(Columns::At),
                maybe_number(Columns::Until),
            ],
            &[Columns::Id],
        ),
        table(
            Tables::RoomSettings,
            &mut [
                text(Columns::Room, 64),
                number(Columns::SlowSeconds),
                ColumnDef::new(Columns::Words).text().not_null().take(),
            ],
            &[Columns::Room],
        ),
        table(
            Tables::Reports,
            &mut [
                number(Columns::Id),
                text(Columns::Room, 64),
                number(Columns::Seq),
                text(Columns::Reporter, 64),
                maybe_text(Columns::ByName, 40),
                text(Columns::Reason, 200),
                number(Columns::At),
                maybe_number(Columns::Resolved),
            ],
            &[Columns::Id],
        ),
        table(
            Tables::ModerationLog,
            &mut [
                number(Columns::Number),
                text(Columns::Room, 64),
                text(Columns::Action, 16),
                maybe_text(Columns::Name, 40),
                text(Columns::ByName, 40),
                text(Columns::Reason, 200),
                number(Columns::At),
                maybe_number(Columns::Until),
                ColumnDef::new(Columns::Detail).text().take(),
            ],
            &[Columns::Number],
        ),
        table(
            Tables::SlowTurns,
            &mut [
                text(Columns::Room, 64),
                text(Columns::NameKey, 160),
                text(Columns::ClientId, 64),
                number(Columns::At),
            ],
            &[Columns::Room, Columns::NameKey],
        ),
    ]
}

#[derive(Clone, Copy, DeriveIden)]
enum Tables {
    Accounts,
    SignIns,
    ApiTokens,
    RoomRoles,
    Sanctions,
    RoomSettings,
    Reports,
    ModerationLog,
    SlowTurns,
}

impl Tables {
    const ALL: [Self; 9] = [
        Self::SlowTurns,
        Self::ModerationLog,
        Self::Reports,
        Self::RoomSettings,
        Self::Sanctions,
        Self::RoomRoles,
        Self::ApiTokens,
        Self::SignIns,
        Self::Accounts,
    ];
}

#[derive(Clone, Copy, DeriveIden)]
enum Columns {
    Id,
    Name,
    NameKey,
    Password,
    Role,
    CreatedAt,
    TokenHash,
    Account,
    ExpiresAt,
    Label,
    LastUsedAt,
    Room,
    Kind,
    Sender,
    ByName,
    Reason,
    At,
    Until,
    SlowSeconds,
    Words,
    Seq,
    Reporter,
    Resolved,
    Number,
    Action,
    Detail,
    ClientId,
}
