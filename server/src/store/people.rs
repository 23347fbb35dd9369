//! The repository of accounts: who there is, where they are signed in, and which programs act for them.

use std::collections::HashMap;

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, IntoActiveModel, JoinType,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, RelationDef,
};

use super::changes::inserted;
use super::entity::{account, api_token, room_role, sign_in};
use super::{Store, StoreError, is_there};

/// An account as stored.
pub type StoredAccount = account::Model;

/// A sign-in as stored.
pub type StoredSignIn = sign_in::Model;

/// A token for programs as stored.
pub type StoredToken = api_token::Model;

/// Places where one account may be signed in: a person's devices, and browsers that forgot. One more takes the place of the oldest.
pub const SIGN_INS_LIMIT: u64 = 100;

impl Store {
    /// Makes an account, unless its number or the key of its name is taken: then it returns `false`.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn create_account(&self, account: &StoredAccount) -> Result<bool, StoreError> {
        self.retrying(|| async {
            let row = account.clone().into_active_model();
            match account::Entity::insert(row)
                .exec_without_returning(&self.writer)
                .await
            {
                Ok(_) => Ok(true),
                Err(error) if is_there(&error) => {
                    // Perhaps by this very account, where the connection was lost over its commit.
                    let there = account::Entity::find_by_id(account.id).one(&self.writer).await?;
                    Ok(there.as_ref() == Some(account))
                }
                Err(error) => Err(error),
            }
        })
        .await
    }

    /// The account whose name has this key.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn account_named(&self, name_key: &str) -> Result<Option<StoredAccount>, StoreError> {
        self.retrying(|| async {
            let found = account::Entity::find().filter(account::Column::NameKey.eq(name_key));
            found.one(&self.reader).await
        })
        .await
    }

    /// The accounts of these numbers, by name.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn accounts(&self, ids: &[i64]) -> Result<Vec<StoredAccount>, StoreError> {
        self.retrying(|| async {
            let found = account::Entity::find().filter(account::Column::Id.is_in(ids.iter().copied()));
            found.order_by_asc(account::Column::Name).all(&self.reader).await
        })
        .await
    }

    /// Accounts by name, the first `limit` of those behind `after`.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn accounts_after(&self, after: &str, limit: u64) -> Result<Vec<StoredAccount>, StoreError> {
        self.retrying(|| async {
            let found = account::Entity::find().filter(account::Column::NameKey.gt(after));
            found
                .order_by_asc(account::Column::NameKey)
                .limit(limit)
                .all(&self.reader)
                .await
        })
        .await
    }

    /// Gives an account another role; `false` if there is none whose name has this key.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn set_account_role(&self, name_key: &str, role: &str) -> Result<bool, StoreError> {
        if self.account_named(name_key).await?.is_none() {
            return Ok(false);
        }
        self.retrying(|| async {
            account::Entity::update_many()
                .col_expr(account::Column::Role, Expr::value(role))
                .filter(account::Column::NameKey.eq(name_key))
                .exec(&self.writer)
                .await
        })
        .await?;
        Ok(true)
    }

    /// Gives an account another password, and ends its sign-ins but the one to keep. With the hash that was `proved`, only while that is still its own: `false`
    /// if another password came in between.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn set_password(
        &self,
        id: i64,
        proved: Option<&str>,
        password: &str,
        keep: &str,
    ) -> Result<bool, StoreError> {
        self.retrying(|| async {
            // All or nothing: a new password with the old sign-ins would protect from nothing.
            let all = self.begin().await?;
            let now = password_of(&all, id).await?;
            // That it is the new one already is of this very call, whose connection was lost over its commit: no two hashes are alike.
            let others = |now: &str| proved.is_some_and(|proved| proved != now) && now != password;
            if now.as_deref().is_none_or(others) {
                all.rollback().await?;
                return Ok(false);
            }
            account::Entity::update_many()
                .col_expr(account::Column::Password, Expr::value(password))
                .filter(account::Column::Id.eq(id))
                .exec(&all)
                .await?;
            sign_in::Entity::delete_many()
                .filter(sign_in::Column::Account.eq(id))
                .filter(sign_in::Column::TokenHash.ne(keep))
                .exec(&all)
                .await?;
            all.commit().await?;
            Ok(true)
        })
        .await
    }

    /// Signs an account in at one more place, while the hash that was `proved` is still its own: `false` if another password came in between. Those that are
    /// over go, and of more than [`SIGN_INS_LIMIT`] the oldest.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn sign_in(&self, new: &StoredSignIn, proved: &str, now: i64) -> Result<bool, StoreError> {
        self.retrying(|| async {
            let all = self.begin().await?;
            if password_of(&all, new.account).await?.as_deref() != Some(proved) {
                all.rollback().await?;
                return Ok(false);
            }
            // There already, if at all, by this very sign-in: nobody else has its secret.
            let once = OnConflict::column(sign_in::Column::TokenHash)
                .do_nothing_on([sign_in::Column::TokenHash])
                .to_owned();
            let insert = sign_in::Entity::insert(new.clone().into_active_model()).on_conflict(once);
            inserted(insert.exec_without_returning(&all).await)?;
            sign_in::Entity::delete_many()
                .filter(sign_in::Column::Account.eq(new.account))
                .filter(sign_in::Column::ExpiresAt.lte(now))
                .exec(&all)
                .await?;
            let oldest = sign_in::Entity::find()
                .filter(sign_in::Column::Account.eq(new.account))
                .order_by_desc(sign_in::Column::ExpiresAt)
                .offset(SIGN_INS_LIMIT)
                .limit(SIGN_INS_LIMIT)
                .all(&all)
                .await?;
            for row in oldest {
                sign_in::Entity::delete_by_id(row.token_hash).exec(&all).await?;
            }
            all.commit().await?;
            Ok(true)
        })
        .await
    }

    /// Whose sign-in this is, if it holds now, and until when.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn signed_in(
        &self,
        token_hash: &str,
        now: i64,
    ) -> Result<Option<(StoredAccount, i64)>, StoreError> {
        self.retrying(|| async {
            let found = sign_in::Entity::find_by_id(token_hash).one(&self.reader).await?;
            let Some(found) = found.filter(|found| found.expires_at > now) else {
                return Ok(None);
            };
            let account = account::Entity::find_by_id(found.account)
                .one(&self.reader)
                .await?;
            Ok(account.map(|account| (account, found.expires_at)))
        })
        .await
    }

    /// Lets a sign-in hold for longer.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn extend_sign_in(&self, token_hash: &str, expires_at: i64) -> Result<(), StoreError> {
        self.retrying(|| async {
            sign_in::Entity::update_many()
                .col_expr(sign_in::Column::ExpiresAt, Expr::value(expires_at))
                .filter(sign_in::Column::TokenHash.eq(token_hash))
                .exec(&self.writer)
                .await?;
            Ok(())
        })
        .await
    }

    /// Ends a sign-in.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn sign_out(&self, token_hash: &str) -> Result<(), StoreError> {
        self.retrying(|| async {
            sign_in::Entity::delete_by_id(token_hash)
                .exec(&self.writer)
                .await?;
            Ok(())
        })
        .await
    }

    /// Which of these still stand for an account: sign-ins that go on, and tokens that there are. With the role that the account has now.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn still_hold(
        &self,
        hashes: Vec<String>,
        now: i64,
    ) -> Result<HashMap<String, String>, StoreError> {
        self.retrying(|| async {
            let sign_ins: Vec<(String, String)> = sign_in::Entity::find()
                .select_only()
                .column(sign_in::Column::TokenHash)
                .column(account::Column::Role)
                .join(
                    JoinType::InnerJoin,
                    owner::<sign_in::Entity>(sign_in::Column::Account),
                )
                .filter(sign_in::Column::TokenHash.is_in(&hashes))
                .filter(sign_in::Column::ExpiresAt.gt(now))
                .into_tuple()
                .all(&self.reader)
                .await?;
            let mut hold: HashMap<String, String> = sign_ins.into_iter().collect();
            let rest: Vec<&String> = hashes.iter().filter(|hash| !hold.contains_key(*hash)).collect();
            // Mostly there are none, and nobody needs to be asked.
            if !rest.is_empty() {
                let tokens: Vec<(String, String)> = api_token::Entity::find()
                    .select_only()
                    .column(api_token::Column::TokenHash)
                    .column(account::Column::Role)
                    .join(
                        JoinType::InnerJoin,
                        owner::<api_token::Entity>(api_token::Column::Account),
                    )
                    .filter(api_token::Column::TokenHash.is_in(rest))
                    .into_tuple()
                    .all(&self.reader)
                    .await?;
                hold.extend(tokens);
            }
            Ok(hold)
        })
        .await
    }

    /// Stores a token for programs, unless its account has `limit` of them: then it returns `false`.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn add_token(&self, token: &StoredToken, limit: u64) -> Result<bool, StoreError> {
        self.retrying(|| async {
            // With its account locked, nobody else adds one between counting and storing.
            let both = self.begin().await?;
            let owner = account::Entity::find_by_id(token.account).lock_exclusive();
            owner.one(&both).await?;
            let others = api_token::Entity::find()
                .filter(api_token::Column::Account.eq(token.account))
                .filter(api_token::Column::TokenHash.ne(&token.token_hash));
            if others.count(&both).await? >= limit {
                both.rollback().await?;
                return Ok(false);
            }
            // There already, if at all, by this very call, whose connection was lost over its commit.
            let once = OnConflict::column(api_token::Column::TokenHash)
                .do_nothing_on([api_token::Column::TokenHash])
                .to_owned();
            let insert = api_token::Entity::insert(token.clone().into_active_model()).on_conflict(once);
            inserted(insert.exec_without_returning(&both).await)?;
            both.commit().await?;
            Ok(true)
        })
        .await
    }

    /// An account's tokens, the newest first.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn tokens(&self, account: i64) -> Result<Vec<StoredToken>, StoreError> {
        self.retrying(|| async {
            let tokens = api_token::Entity::find().filter(api_token::Column::Account.eq(account));
            tokens
                .order_by_desc(api_token::Column::CreatedAt)
                .all(&self.reader)
                .await
        })
        .await
    }

    /// Takes a token back; `false` if the account has none of this id.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn remove_token(&self, account: i64, id: &str) -> Result<bool, StoreError> {
        self.retrying(|| async {
            let removed = api_token::Entity::delete_many()
                .filter(api_token::Column::Account.eq(account))
                .filter(api_token::Column::Id.eq(id))
                .exec(&self.writer)
                .await?;
            Ok(removed.rows_affected > 0)
        })
        .await
    }

    /// Whose token this is. When it was used is noted, to within `precision` milliseconds.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn token_owner(
        &self,
        token_hash: &str,
        now: i64,
        precision: i64,
    ) -> Result<Option<StoredAccount>, StoreError> {
        self.retrying(|| async {
            let Some(token) = api_token::Entity::find_by_id(token_hash)
                .one(&self.reader)
                .await?
            else {
                return Ok(None);
            };
            if token.last_used_at.is_none_or(|used| used <= now - precision) {
                let used = api_token::ActiveModel {
                    token_hash: sea_orm::Unchanged(token.token_hash),
                    last_used_at: sea_orm::Set(Some(now)),
                    ..Default::default()
                };
                match used.update(&self.writer).await {
                    // Taken back in this moment.
                    Ok(_) | Err(DbErr::RecordNotUpdated) => {}
                    Err(error) => return Err(error),
                }
            }
            account::Entity::find_by_id(token.account).one(&self.reader).await
        })
        .await
    }

    /// The rooms in which an account has a role, and which.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn roles_of(&self, account: i64) -> Result<Vec<(String, String)>, StoreError> {
        self.retrying(|| async {
            let roles = room_role::Entity::find().filter(room_role::Column::Account.eq(account));
            let roles = roles
                .order_by_asc(room_role::Column::Room)
                .all(&self.reader)
                .await?;
            Ok(roles.into_iter().map(|role| (role.room, role.role)).collect())
        })
        .await
    }
}

/// An account's password now. Nobody else changes it before the transaction ends.
async fn password_of(transaction: &DatabaseTransaction, id: i64) -> Result<Option<String>, DbErr> {
    let found = account::Entity::find_by_id(id).lock_exclusive();
    let found = found.one(transaction).await?;
    Ok(found.map(|account| account.password))
}

/// From a row with an account's number to the account.
fn owner<E: EntityTrait>(number: E::Column) -> RelationDef {
    E::belongs_to(account::Entity)
        .from(number)
        .to(account::Column::Id)
        .into()
}
