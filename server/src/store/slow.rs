//! The repository of slow mode: who has had their turn in a room, and when.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel as _, QueryFilter, UpdateMany};

use super::entity::slow_turn::{self, Column};
use super::{Store, StoreError, is_there};

/// Somebody's last message in slow mode, as stored.
pub type SlowTurn = slow_turn::Model;

impl Store {
    /// Somebody's last turn in a room's slow mode.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn slow_turn(&self, room: &str, key: &str) -> Result<Option<SlowTurn>, StoreError> {
        self.retrying(|| async {
            let key = (room.to_owned(), key.to_owned());
            slow_turn::Entity::find_by_id(key).one(&self.writer).await
        })
        .await
    }

    /// Notes somebody's turn, if their last one is still what it was: `false` if it isn't.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn take_slow_turn(&self, last: Option<&SlowTurn>, turn: &SlowTurn) -> Result<bool, StoreError> {
        self.retrying(|| async {
            let Some(last) = last else {
                let row = turn.clone().into_active_model();
                let inserted = slow_turn::Entity::insert(row)
                    .exec_without_returning(&self.writer)
                    .await;
                return match inserted {
                    Ok(_) => Ok(true),
                    Err(error) if is_there(&error) => Ok(false),
                    Err(error) => Err(error),
                };
            };
            let taken = in_place_of(last, turn).exec(&self.writer).await?;
            Ok(taken.rows_affected > 0)
        })
        .await
    }

    /// Puts back what was there before a turn, if nobody has taken another since.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn return_slow_turn(&self, turn: &SlowTurn, last: Option<&SlowTurn>) -> Result<(), StoreError> {
        self.retrying(|| async {
            if let Some(last) = last {
                in_place_of(turn, last).exec(&self.writer).await?;
            } else {
                slow_turn::Entity::delete_many()
                    .filter(Column::Room.eq(&turn.room))
                    .filter(Column::NameKey.eq(&turn.name_key))
                    .filter(Column::At.eq(turn.at))
                    .filter(Column::ClientId.eq(&turn.client_id))
                    .exec(&self.writer)
                    .await?;
            }
            Ok(())
        })
        .await
    }
}

fn in_place_of(old: &SlowTurn, new: &SlowTurn) -> UpdateMany<slow_turn::Entity> {
    slow_turn::Entity::update_many()
        .col_expr(Column::At, Expr::value(new.at))
        .col_expr(Column::ClientId, Expr::value(&*new.client_id))
        .filter(Column::Room.eq(&old.room))
        .filter(Column::NameKey.eq(&old.name_key))
        .filter(Column::At.eq(old.at))
        .filter(Column::ClientId.eq(&old.client_id))
}
