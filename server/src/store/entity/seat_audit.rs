//! `seat_audit`: the log of each event, a chain of hashes. Rows are added, and never changed.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "seat_audit")]
pub(crate) struct Model {
    /// Of which event.
    #[sea_orm(primary_key, auto_increment = false)]
    pub event: String,
    /// Its place in the log, from 1, without a gap.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    /// Which place changed.
    pub place: String,
    /// How often it has, this included.
    pub version: i64,
    /// Whose hold it is about.
    pub who: String,
    /// What happened.
    pub what: String,
    /// By what.
    pub why: String,
    /// Which hold.
    pub hold: String,
    /// Until when the place is kept.
    pub until: Option<i64>,
    /// When.
    pub at: i64,
    /// Hash of the entry before.
    pub previous: String,
    /// Its own.
    pub hash: String,
}

/// No relation is followed: rows are read by their ids.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
