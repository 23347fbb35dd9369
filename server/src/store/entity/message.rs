//! `messages`: one row an entry of a room's log, in its order. A message's row is also what the message is now.

use sea_orm::entity::prelude::*;

/// One entry.
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
    /// What it says. Of a deleted message and of a delete, nothing; of a reaction, the emoji; an edit's is kept in the message, and read from there.
    #[sea_orm(column_type = "Text")]
    pub text: String,
    /// When it was stored, in milliseconds since 1970-01-01 UTC.
    pub at: i64,
    /// What it is.
    pub kind: Kind,
    /// Who wrote it, as a person; empty if that can't be told.
    pub person: String,
    /// Hash of what was asked for, which tells a repetition from another request under the same `client_id`; empty in rows of the first releases.
    pub asked: String,
    /// The message that it changes.
    pub target: Option<i64>,
    /// The message that it answers.
    pub reply_to: Option<i64>,
    /// Whom it speaks to, as a JSON list of names; nothing if nobody.
    #[sea_orm(column_type = "Text")]
    pub mentions: Option<String>,
    /// Offset of the newest entry that changed it; 0 before the first.
    pub version: i64,
    /// When its text was changed last.
    pub edited_at: Option<i64>,
    /// Whether it has been taken back.
    pub deleted: bool,
    /// The reactions to it as a JSON list, made from the table of them with each change; nothing if there are none.
    #[sea_orm(column_type = "Text")]
    pub reactions: Option<String>,
}

/// What an entry is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Kind {
    /// A message.
    #[default]
    #[sea_orm(num_value = 0)]
    Message,
    /// A message got another text.
    #[sea_orm(num_value = 1)]
    Edit,
    /// A message was taken back.
    #[sea_orm(num_value = 2)]
    Delete,
    /// Somebody reacts to a message.
    #[sea_orm(num_value = 3)]
    React,
    /// Somebody doesn't any more.
    #[sea_orm(num_value = 4)]
    Unreact,
}

/// No relation is followed: messages are read by room name.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
