//! `market_listings`: what the numbers of each symbol's bars mean.

use sea_orm::entity::prelude::*;

/// The terms that all stored bars of a symbol are on.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "market_listings")]
pub(crate) struct Model {
    /// The symbol.
    #[sea_orm(primary_key, auto_increment = false)]
    pub symbol: String,
    /// Decimals of its prices.
    pub scale: i16,
    /// By which clock its days begin, in minutes before UTC.
    pub utc_offset_minutes: i16,
    /// In what it's paid; empty if that isn't known.
    pub currency: String,
}

/// No relation is followed.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
