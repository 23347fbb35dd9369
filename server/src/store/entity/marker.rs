//! `read_markers`: up to where each person has read each room.

use sea_orm::entity::prelude::*;

/// One marker.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "read_markers")]
pub struct Model {
    /// Name of the room.
    #[sea_orm(primary_key, auto_increment = false)]
    pub room: String,
    /// Who.
    #[sea_orm(primary_key, auto_increment = false)]
    pub person: String,
    /// The last offset that they have read.
    #[sea_orm(column_name = "seq")]
    pub offset: i64,
    /// The name by which others know them.
    pub name: String,
    /// When they were seen, if they are a guest: in milliseconds since 1970-01-01 UTC, 0 if that isn't known. An account's marker has no age.
    pub seen_at: Option<i64>,
}

/// No relation is followed.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
