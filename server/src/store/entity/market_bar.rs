//! `market_bars`: one row a bar, in the order of time for each symbol and interval.

use sea_orm::entity::prelude::*;

/// One bar. Prices are whole numbers in the scale of its symbol.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "market_bars")]
pub struct Model {
    /// Its symbol.
    #[sea_orm(primary_key, auto_increment = false)]
    pub symbol: String,
    /// How long it is, as it is written in addresses.
    #[sea_orm(primary_key, auto_increment = false)]
    pub interval: String,
    /// When it begins, in milliseconds since 1970-01-01 UTC.
    #[sea_orm(primary_key, auto_increment = false)]
    pub open_at: i64,
    /// The first price.
    pub open: i64,
    /// The highest.
    pub high: i64,
    /// The lowest.
    pub low: i64,
    /// The last, so far.
    pub close: i64,
    /// Lots.
    pub volume: i64,
    /// How often it has changed.
    pub revision: i64,
}

/// No relation is followed: bars are read by symbol.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
