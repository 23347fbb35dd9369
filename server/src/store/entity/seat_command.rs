//! `seat_commands`: what somebody was told, for when they ask again.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "seat_commands")]
pub(crate) struct Model {
    /// Who asked.
    #[sea_orm(primary_key, auto_increment = false)]
    pub holder: String,
    /// Their own id of the command.
    #[sea_orm(primary_key, auto_increment = false)]
    pub idempotency_key: String,
    /// Hash of what they asked for.
    pub hash: String,
    /// What they were told, as JSON.
    #[sea_orm(column_type = "Text")]
    pub answer: String,
    /// When.
    pub at: i64,
}

/// No relation is followed: rows are read by their ids.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
