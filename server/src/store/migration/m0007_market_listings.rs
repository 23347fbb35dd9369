//! What the numbers of the market's bars mean.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// Creates `market_listings`.
pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0007_market_listings"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut listings = Table::create();
        // A step that was cut off behind its only statement is gone on with.
        listings
            .table(MarketListings::Table)
            .if_not_exists()
            .col(
                ColumnDef::new(MarketListings::Symbol)
                    .string_len(12)
                    .not_null()
                    .primary_key(),
            )
            .col(ColumnDef::new(MarketListings::Scale).small_integer().not_null())
            .col(
                ColumnDef::new(MarketListings::UtcOffsetMinutes)
                    .small_integer()
                    .not_null(),
            )
            .col(ColumnDef::new(MarketListings::Currency).string_len(3).not_null());
        if manager.get_database_backend() == DbBackend::MySql {
            listings.character_set("utf8mb4").collate("utf8mb4_bin");
        }
        manager.create_table(listings).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let listings = Table::drop().table(MarketListings::Table).if_exists().to_owned();
        manager.drop_table(listings).await
    }
}

#[derive(DeriveIden)]
enum MarketListings {
    Table,
    Symbol,
    Scale,
    UtcOffsetMinutes,
    Currency,
}
