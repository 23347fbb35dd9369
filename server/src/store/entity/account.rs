//! `accounts`: one row an account.

use sea_orm::entity::prelude::*;

/// One account.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "accounts")]
pub struct Model {
    /// Its number: random, so that it says nothing about how many there are.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    /// Its name as it is shown.
    pub name: String,
    /// By what its name is the same as another; unique.
    pub name_key: String,
    /// The Argon2id hash of its password.
    pub password: String,
    /// `member` or `admin`.
    pub role: String,
    /// When it was made, in milliseconds since 1970-01-01 UTC.
    pub created_at: i64,
}

/// No relation is followed.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
