//! The repository of the chat: append a message once, read a page, know the last number.

use sea_orm::sea_query::{Expr, ExprTrait, Func, OnConflict};
use sea_orm::{
    ColumnTrait, DbErr, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect, Select, Set, SqlErr,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};

use super::entity::{message, room};
use super::{Store, StoreError};

/// A message to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The room it is for.
    pub room: String,
    /// Who wrote it.
    pub author: String,
    /// The author's own id of it.
    pub client_id: String,
    /// Public id of the session that sends it; empty if none does.
    pub sender: String,
    /// What it says.
    pub text: String,
    /// Now, in milliseconds since 1970-01-01 UTC.
    pub at: i64,
    /// The room's epoch, should this be its first message.
    pub epoch: i64,
}

/// Where a room stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Offset of the newest message.
    pub offset: i64,
    /// Which life of the room's numbers that is.
    pub epoch: i64,
}

/// Where a draft ended up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Its place in the room.
    pub offset: i64,
    /// When it was stored: for a duplicate, the first one's time.
    pub at: i64,
    /// It was there already, and nothing was stored now.
    pub duplicate: bool,
    /// What was there has another text.
    pub differs: bool,
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
        self.retrying(|| async {
            loop {
                match self.try_append(draft).await? {
                    Some(appended) => return Ok(appended),
                    None => self.create_room(draft).await?,
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

    /// The `limit` messages that follow number `offset`.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn after(&self, room: &str, offset: i64, limit: u64) -> Result<Page, StoreError> {
        self.page(
            of(room).filter(message::Column::Offset.gt(offset)),
            Order::Asc,
            limit,
        )
        .await
    }

    /// The `limit` messages that precede number `offset`.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn before(&self, room: &str, offset: i64, limit: u64) -> Result<Page, StoreError> {
        self.page(
            of(room).filter(message::Column::Offset.lt(offset)),
            Order::Desc,
            limit,
        )
        .await
    }

    /// Where a room stands; `None` before its first message.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn standing(&self, room: &str) -> Result<Option<Standing>, StoreError> {
        self.retrying(|| async {
            let row = room::Entity::find_by_id(room).one(&self.reader).await?;
            Ok(row.map(|row| Standing {
                offset: row.last_offset,
                epoch: row.epoch,
            }))
        })
        .await
    }

    /// Names of the rooms that begin so, the first `limit` of them.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn rooms(&self, prefix: &str, limit: u64) -> Result<Vec<String>, StoreError> {
        // Not by `LIKE`, which for some databases takes large letters for small ones.
        let length = i32::try_from(prefix.chars().count()).unwrap_or(i32::MAX);
        let beginning =
            Func::cust("SUBSTR").args([Expr::col(room::Column::Name), Expr::value(1), Expr::value(length)]);
        self.retrying(|| async {
            let rooms = room::Entity::find()
                .filter(Expr::expr(beginning.clone()).eq(prefix))
                .order_by_asc(room::Column::Name)
                .limit(limit)
                .all(&self.reader)
                .await?;
            Ok(rooms.into_iter().map(|room| room.name).collect())
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
            .col_expr(
                room::Column::LastOffset,
                Expr::col(room::Column::LastOffset).add(1),
            )
            .filter(room::Column::Name.eq(&draft.room))
            .exec(&transaction)
            .await?;
        if locked.rows_affected == 0 {
            transaction.rollback().await?;
            return Ok(None);
        }
        let room = room::Entity::find_by_id(&draft.room).one(&transaction).await?;
        let offset = room
            .ok_or_else(|| DbErr::RecordNotFound(draft.room.clone()))?
            .last_offset;
        let row = message::ActiveModel {
            room: Set(draft.room.clone()),
            offset: Set(offset),
            author: Set(draft.author.clone()),
            client_id: Set(draft.client_id.clone()),
            sender: Set(draft.sender.clone()),
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
                    offset,
                    at: draft.at,
                    duplicate: false,
                    differs: false,
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
            offset: first.offset,
            at: first.at,
            duplicate: true,
            differs: first.text != draft.text,
        }))
    }

    async fn create_room(&self, draft: &Draft) -> Result<(), DbErr> {
        let row = room::ActiveModel {
            name: Set(draft.room.clone()),
            last_offset: Set(0),
            epoch: Set(draft.epoch),
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
        self.retrying(|| async {
            let query = query.clone().order_by(message::Column::Offset, order.clone());
            let mut messages = query.limit(limit + 1).all(&self.reader).await?;
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
