//! `messages`: one row a message, in the order of its room.

use sea_orm::entity::prelude::*;

/// One message.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "messages")]
pub struct Model {
    /// Name of its room.
    #[sea_orm(primary_key, auto_increment = false)]
    pub room: String,
    /// Place in the room, from 1, without a gap.
    // `OFFSET` is a word of SQL.
    #[sea_orm(primary_key, auto_increment = false, column_name = "seq")]
    pub offset: i64,
    /// Who wrote it.
    pub author: String,
    /// The author's own id of it: (room, author, `client_id`) is unique.
    pub client_id: String,
    /// Public id of the session that sent it; empty if none did.
    pub sender: String,
    /// What it says.
    #[sea_orm(column_type = "Text")]
    pub text: String,
    /// When it was stored, in milliseconds since 1970-01-01 UTC.
    pub at: i64,
}

/// No relation is followed: messages are read by room name.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
