//! `moderation_log`: what moderators have done: only ever added to.

use sea_orm::entity::prelude::*;

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "moderation_log")]
pub struct Model {
    /// Its number, from 1, without a gap, in the order of the commits.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    /// Where.
    pub room: String,
    /// What.
    pub action: String,
    /// To whom.
    pub name: Option<String>,
    /// Who did it.
    pub by_name: String,
    /// Why.
    pub reason: String,
    /// When, in milliseconds since 1970-01-01 UTC.
    pub at: i64,
    /// Until when it holds, if it has an end.
    pub until: Option<i64>,
    /// What else there is to know: seconds of slow mode, words as JSON, the role, the report.
    #[sea_orm(column_type = "Text")]
    pub detail: Option<String>,
}

/// No relation is followed.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
