//! `seat_waiting`: who waits for what, in order.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "seat_waiting")]
pub(crate) struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub waiting: String,
    /// Of which event.
    pub event: String,
    /// Its place among all of its event.
    pub number: i64,
    /// For which section: for tables, when.
    pub section: String,
    /// How many seats, or people.
    pub party: i32,
    /// Who waits.
    pub holder: String,
    /// Where it is.
    pub state: String,
    /// What is offered, or was.
    pub hold: Option<String>,
    /// Since when.
    pub created_at: i64,
}

/// No relation is followed: rows are read by their ids.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
