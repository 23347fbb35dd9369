//! `room_settings`: what moderators have set in a room.

use sea_orm::entity::prelude::*;

/// One room's settings.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "room_settings")]
pub(crate) struct Model {
    /// The room.
    #[sea_orm(primary_key, auto_increment = false)]
    pub room: String,
    /// How long everybody waits between two messages.
    pub slow_seconds: i64,
    /// The word filter: a JSON array of texts.
    #[sea_orm(column_type = "Text")]
    pub words: String,
}

/// No relation is followed.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
