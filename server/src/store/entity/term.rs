//! `message_terms`: which words each message has.

use sea_orm::entity::prelude::*;

/// One word of one message.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "message_terms")]
pub(crate) struct Model {
    /// Name of the room.
    #[sea_orm(primary_key, auto_increment = false)]
    pub room: String,
    /// The word, compared by its code points.
    #[sea_orm(primary_key, auto_increment = false)]
    pub term: String,
    /// The message.
    #[sea_orm(primary_key, auto_increment = false, column_name = "seq")]
    pub offset: i64,
}

/// No relation is followed.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
