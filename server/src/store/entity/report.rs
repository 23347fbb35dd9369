//! `reports`: what people find wrong in a room, for its moderators.

use sea_orm::entity::prelude::*;

/// One report.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "reports")]
pub struct Model {
    /// Its number: random.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    /// Where.
    pub room: String,
    /// Which message.
    // `OFFSET` is a word of SQL.
    #[sea_orm(column_name = "seq")]
    pub offset: i64,
    /// Who reports: a person, or an address. Each reports a message once.
    pub reporter: String,
    /// The name of who reports, if they are signed in.
    pub by_name: Option<String>,
    /// What is wrong.
    pub reason: String,
    /// When, in milliseconds since 1970-01-01 UTC.
    pub at: i64,
    /// The entry of the log by which it was looked at.
    pub resolved: Option<i64>,
}

/// No relation is followed.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
