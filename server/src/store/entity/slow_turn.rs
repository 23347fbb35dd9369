//! `slow_turns`: who has said something in a room in slow mode.

use sea_orm::entity::prelude::*;

/// One person's last message.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "slow_turns")]
pub struct Model {
    /// The room.
    #[sea_orm(primary_key, auto_increment = false)]
    pub room: String,
    /// Who: a person, or a space and the key of a name.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name_key: String,
    /// What tells the message from others.
    pub client_id: String,
    /// When they began to say it, in milliseconds since 1970-01-01 UTC.
    pub at: i64,
}

/// No relation is followed.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
