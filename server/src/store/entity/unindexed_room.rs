//! `unindexed_rooms`: rooms that may have messages which were written before there was an index of words.

use sea_orm::entity::prelude::*;

/// One such room.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "unindexed_rooms")]
pub(crate) struct Model {
    /// Its name.
    #[sea_orm(primary_key, auto_increment = false)]
    pub room: String,
    /// Up to where its messages are in the index.
    #[sea_orm(column_name = "seq")]
    pub offset: i64,
}

/// No relation is followed.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
