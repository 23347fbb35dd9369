//! `seat_claims`: one row for each place of each hold. No two that are held or sold are of one place.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "seat_claims")]
pub(crate) struct Model {
    /// By which hold.
    #[sea_orm(primary_key, auto_increment = false)]
    pub hold: String,
    /// Which place.
    #[sea_orm(primary_key, auto_increment = false)]
    pub place: String,
    /// Of which event.
    pub event: String,
    /// Whose it is.
    pub holder: String,
    /// `held`, `sold`, `released`, `expired`.
    pub state: String,
}

/// No relation is followed: rows are read by their ids.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
