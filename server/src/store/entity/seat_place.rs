//! `seat_places`: seats, or tables.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "seat_places")]
pub(crate) struct Model {
    /// Its event.
    #[sea_orm(primary_key, auto_increment = false)]
    pub event: String,
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub place: String,
    /// Where it comes in its event.
    pub number_in_event: i64,
    /// A seat's section.
    pub section: String,
    /// A seat's row, or what a table is called.
    pub row_name: String,
    /// A seat's number in its row.
    pub seat_number: i32,
    /// Where it is on the map, from the left.
    pub x: i32,
    /// And from the top.
    pub y: i32,
    /// Whether a wheelchair gets there.
    pub accessible: bool,
    /// Whether it isn't for sale.
    pub blocked: bool,
    /// People that a table is for, at least.
    pub party_min: i32,
    /// And at most.
    pub party_max: i32,
}

/// No relation is followed: rows are read by their ids.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
