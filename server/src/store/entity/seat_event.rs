//! `seat_events`: what is sold. An event's row is its lock: whoever changes anything of it begins there.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "seat_events")]
pub(crate) struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub event: String,
    /// All of it but its places, as JSON.
    #[sea_orm(column_type = "Text")]
    pub about: String,
    /// Number of the last entry of its log.
    pub sequence: i64,
    /// And that entry's hash.
    pub hash: String,
    /// How often `about` has changed.
    pub edition: i64,
}

/// No relation is followed: rows are read by their ids.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
