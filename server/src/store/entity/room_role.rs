//! `room_roles`: who keeps order in a room.

use sea_orm::entity::prelude::*;

/// One role of one account in one room.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "room_roles")]
pub(crate) struct Model {
    /// The room.
    #[sea_orm(primary_key, auto_increment = false)]
    pub room: String,
    /// Whose role it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account: i64,
    /// `moderator`.
    pub role: String,
}

/// No relation is followed.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
