//! `reactions`: who reacts to which message with what, now.

use sea_orm::entity::prelude::*;

/// One reaction.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "reactions")]
pub(crate) struct Model {
    /// Name of the room.
    #[sea_orm(primary_key, auto_increment = false)]
    pub room: String,
    /// The message.
    #[sea_orm(primary_key, auto_increment = false, column_name = "seq")]
    pub offset: i64,
    /// With what.
    #[sea_orm(primary_key, auto_increment = false)]
    pub emoji: String,
    /// Who.
    #[sea_orm(primary_key, auto_increment = false)]
    pub person: String,
    /// The name that they had then.
    pub name: String,
    /// The entry of the log that says so: the first comes first.
    pub entry: i64,
}

/// No relation is followed.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
