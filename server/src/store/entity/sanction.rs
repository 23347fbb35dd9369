//! `sanctions`: who is muted or banned in a room; what is over is in the log.

use sea_orm::entity::prelude::*;

/// One sanction.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sanctions")]
pub struct Model {
    /// The number of its entry in the log.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    /// Where.
    pub room: String,
    /// `mute` or `ban`.
    pub kind: String,
    /// Whom it is about, if that is an account.
    pub account: Option<i64>,
    /// The session of whom it is about, if it is known.
    pub sender: Option<String>,
    /// Their name.
    pub name: String,
    /// By what their name is the same as another.
    pub name_key: String,
    /// Who did it.
    pub by_name: String,
    /// Why.
    pub reason: String,
    /// Since when, in milliseconds since 1970-01-01 UTC.
    pub at: i64,
    /// Until when; without an end, if there is nothing.
    pub until: Option<i64>,
}

/// No relation is followed.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
