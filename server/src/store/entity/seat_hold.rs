//! `seat_holds`: who has, or had, a set of places.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "seat_holds")]
pub(crate) struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub hold: String,
    /// Its event.
    pub event: String,
    /// Whose it is: the public id of a session.
    pub holder: String,
    /// Where it is.
    pub state: String,
    /// Until when, by the database's clock, in milliseconds since 1970-01-01 UTC.
    pub expires_at: i64,
    /// Whether it had more time already.
    pub extended: bool,
    /// What it costs.
    pub amount: i64,
    /// Which place in a waiting list it was offered to.
    pub waiting: Option<String>,
    /// When it was made.
    pub created_at: i64,
}

/// No relation is followed: rows are read by their ids.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
