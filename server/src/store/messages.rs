//! The repository of the chat: append a message once, read a page, know the last number.

use std::time::Duration;

use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ColumnTrait, DbErr, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect, Select, Set, SqlErr,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};

use super::entity::{message, room};
use super::{Store, StoreError, within};

/// A message to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The room it is for.
    pub room: String,
    /// Who wrote it.
    pub author: String,
    /// The author's own id of it.
    pub client_id: String,
    /// What it says.
    pub text: String,
    /// Now, in milliseconds since 1970-01-01 UTC.
    pub at: i64,
}

/// Where a draft ended up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Its place in the room.
    pub seq: i64,
    /// When it was stored: for a duplicate, the first one's time.
    pub at: i64,
    /// It was there already, and nothing was stored now.
    pub duplicate: bool,
}

/// A message as stored.
pub type StoredMessage = message::Model;

/// Part of a room's messages, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The messages.
    pub messages: Vec<StoredMessage>,
    /// Whether there are further ones in the direction that was asked for.
    pub more: bool,
}

impl Store {
    /// Stores a message under its room's next number, or finds the one stored earlier under the same
    /// (room, author, `client_id`). When this returns, the message is committed.
    ///
    /// The `UPDATE` of the room's row comes first, so it locks the room on every database until the commit: numbers
    /// have no gap and no duplicate whoever else writes, this process or another.
    ///
    /// # Errors
    /// Any [`StoreError`]. The message may be there nevertheless (an answer can get lost); appending it again is safe.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, the message is stored or not; appending it again is safe.
    pub async fn append(&self, draft: &Draft) -> Result<Appended, StoreError> {
        within(async {
            let mut attempt = 0;
            loop {
                let tried = match self.try_append(draft).await {
                    Ok(None) => self.create_room(&draft.room).await.map(|()| None),
                    tried => tried,
                };
                match tried {
                    Ok(Some(appended)) => return Ok(appended),
                    Ok(None) => {}
                    Err(error) if !StoreError::is_contention(&error) => return Err(error.into()),
                    Err(error) if attempt + 1 == Self::ATTEMPTS => return Err(StoreError::Busy(error)),
                    Err(_) => {
                        // Jitter keeps two that collided from colliding again.
                        let jitter = u64::from(getrandom::u32().unwrap_or_default() % 16);
                        tokio::time::sleep(Duration::from_millis((2 << attempt) + jitter)).await;
                        attempt += 1;
                    }
                }
            }
        })
        .await
    }

    /// The newest `limit` messages.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn newest(&self, room: &str, limit: u64) -> Result<Page, StoreError> {
        self.page(of(room), Order::Desc, limit).await
    }

    /// The `limit` messages that follow number `seq`.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn after(&self, room: &str, seq: i64, limit: u64) -> Result<Page, StoreError> {
        self.page(of(room).filter(message::Column::Seq.gt(seq)), Order::Asc, limit)
            .await
    }

    /// The `limit` messages that precede number `seq`.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn before(&self, room: &str, seq: i64, limit: u64) -> Result<Page, StoreError> {
        self.page(of(room).filter(message::Column::Seq.lt(seq)), Order::Desc, limit)
            .await
    }

    /// The number of the room's newest message; 0 if it has none.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn last_seq(&self, room: &str) -> Result<i64, StoreError> {
        within(async {
            let row = room::Entity::find_by_id(room).one(&self.reader).await?;
            Ok(row.map_or(0, |row| row.last_seq))
        })
        .await
    }

    /// One attempt; `None` when the room has no row yet.
    async fn try_append(&self, draft: &Draft) -> Result<Option<Appended>, DbErr> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let transaction = self.writer.begin_with_options(options).await?;
        let locked = room::Entity::update_many()
            .col_expr(room::Column::LastSeq, Expr::col(room::Column::LastSeq).add(1))
            .filter(room::Column::Name.eq(&draft.room))
            .exec(&transaction)
            .await?;
        if locked.rows_affected == 0 {
            transaction.rollback().await?;
            return Ok(None);
        }
        let room = room::Entity::find_by_id(&draft.room).one(&transaction).await?;
        let seq = room
            .ok_or_else(|| DbErr::RecordNotFound(draft.room.clone()))?
            .last_seq;
        let row = message::ActiveModel {
            room: Set(draft.room.clone()),
            seq: Set(seq),
            author: Set(draft.author.clone()),
            client_id: Set(draft.client_id.clone()),
            text: Set(draft.text.clone()),
            at: Set(draft.at),
        };
        match message::Entity::insert(row)
            .exec_without_returning(&transaction)
            .await
        {
            Ok(_) => {
                transaction.commit().await?;
                Ok(Some(Appended {
                    seq,
                    at: draft.at,
                    duplicate: false,
                }))
            }
            Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => {
                transaction.rollback().await?;
                self.first(draft).await?.map(Some).ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    async fn first(&self, draft: &Draft) -> Result<Option<Appended>, DbErr> {
        let first = of(&draft.room)
            .filter(message::Column::Author.eq(&draft.author))
            .filter(message::Column::ClientId.eq(&draft.client_id))
            .one(&self.writer)
            .await?;
        Ok(first.map(|first| Appended {
            seq: first.seq,
            at: first.at,
            duplicate: true,
        }))
    }

    async fn create_room(&self, name: &str) -> Result<(), DbErr> {
        let row = room::ActiveModel {
            name: Set(name.to_owned()),
            last_seq: Set(0),
        };
        let insert = room::Entity::insert(row).on_conflict(
            OnConflict::column(room::Column::Name)
                .do_nothing_on([room::Column::Name])
                .to_owned(),
        );
        match insert.exec_without_returning(&self.writer).await {
            // Not inserted: another writer was first.
            Ok(_) | Err(DbErr::RecordNotInserted) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn page(
        &self,
        query: Select<message::Entity>,
        order: Order,
        limit: u64,
    ) -> Result<Page, StoreError> {
        within(async {
            let query = query
                .order_by(message::Column::Seq, order.clone())
                .limit(limit + 1);
            let mut messages = query.all(&self.reader).await?;
            let more = messages.len() as u64 > limit;
            messages.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            if order == Order::Desc {
                messages.reverse();
            }
            Ok(Page { messages, more })
        })
        .await
    }
}

fn of(room: &str) -> Select<message::Entity> {
    message::Entity::find().filter(message::Column::Room.eq(room))
}
