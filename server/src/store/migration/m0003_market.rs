//! The bars of the market.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// Creates `market_bars`.
pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0003_market"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut bars = Table::create();
        // A step that was cut off behind its only statement is gone on with.
        bars.table(MarketBars::Table)
            .if_not_exists()
            .col(ColumnDef::new(MarketBars::Symbol).string_len(12).not_null())
            .col(ColumnDef::new(MarketBars::Interval).string_len(4).not_null())
            .col(ColumnDef::new(MarketBars::OpenAt).big_integer().not_null())
            .col(ColumnDef::new(MarketBars::Open).big_integer().not_null())
            .col(ColumnDef::new(MarketBars::High).big_integer().not_null())
            .col(ColumnDef::new(MarketBars::Low).big_integer().not_null())
            .col(ColumnDef::new(MarketBars::Close).big_integer().not_null())
            .col(ColumnDef::new(MarketBars::Volume).big_integer().not_null())
            .col(ColumnDef::new(MarketBars::Revision).big_integer().not_null())
            // Pages are read by symbol and interval, in the order of time.
            .primary_key(
                Index::create()
                    .col(MarketBars::Symbol)
                    .col(MarketBars::Interval)
                    .col(MarketBars::OpenAt),
            );
        if manager.get_database_backend() == DbBackend::MySql {
            bars.character_set("utf8mb4").collate("utf8mb4_bin");
        }
        manager.create_table(bars).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let bars = Table::drop().table(MarketBars::Table).if_exists().to_owned();
        manager.drop_table(bars).await
    }
}

#[derive(DeriveIden)]
enum MarketBars {
    Table,
    Symbol,
    Interval,
    OpenAt,
    Open,
    High,
    Low,
    Close,
    Volume,
    Revision,
}
