//! `rooms`: the last offset of each room that has a message. Its row is the room's lock.

use sea_orm::entity::prelude::*;

/// One room.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "rooms")]
pub(crate) struct Model {
    /// The name, compared byte by byte.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// Offset of the newest message; 0 before the first.
    #[sea_orm(column_name = "last_seq")]
    pub last_offset: i64,
    /// Tells this life of the room's numbers from any other: 64 random bits.
    pub epoch: i64,
}

/// No relation is followed: messages are read by room name.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
