//! `seat_news`: what the payment provider has said. A piece of news is stored before its effects.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "seat_news")]
pub(crate) struct Model {
    /// The provider's id of it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub news: String,
    /// Which payment it is about.
    pub payment: String,
    /// Hash of all of it.
    pub hash: String,
    /// Where the payment was after it.
    pub state: String,
    /// When it came.
    pub at: i64,
}

/// No relation is followed: rows are read by their ids.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
