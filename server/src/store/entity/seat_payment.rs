//! `seat_payments`: what is paid, or to be paid, for holds.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "seat_payments")]
pub(crate) struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub payment: String,
    /// For which hold.
    pub hold: String,
    /// Of which event.
    pub event: String,
    /// Whose it is.
    pub holder: String,
    /// How much.
    pub amount: i64,
    /// Where it is.
    pub state: String,
    /// When it was made.
    pub created_at: i64,
}

/// No relation is followed: rows are read by their ids.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
