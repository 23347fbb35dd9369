//! `api_tokens`: what programs show that act for an account.

use sea_orm::entity::prelude::*;

/// One token.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_tokens")]
pub struct Model {
    /// The token's hash.
    #[sea_orm(primary_key, auto_increment = false)]
    pub token_hash: String,
    /// What is shown of it.
    pub id: String,
    /// Whose it is.
    pub account: i64,
    /// What it is for.
    pub label: String,
    /// When it was made, in milliseconds since 1970-01-01 UTC.
    pub created_at: i64,
    /// When it was used last, to the minute; never yet, if there is nothing.
    pub last_used_at: Option<i64>,
}

/// No relation is followed.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
