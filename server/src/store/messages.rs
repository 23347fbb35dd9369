//! The repository of the chat: append a message once, read a page, know the last number.

use std::collections::{BTreeSet, HashMap};

use sea_orm::sea_query::{Expr, ExprTrait, Func, OnConflict};
use sea_orm::{
    ColumnTrait, DbErr, EntityTrait, IntoActiveModel as _, Order, QueryFilter, QueryOrder, QuerySelect,
    Select, Set,
};

use super::changes::{self, Applied, Unfit, asked, inserted};
use super::entity::message::Kind;
use super::entity::{message, room};
use super::{Store, StoreError, is_there};

/// An entry to be stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// The room it is for.
    pub room: String,
    /// Who wrote it.
    pub author: String,
    /// The author's own id of it.
    pub client_id: String,
    /// Public id of the session that sends it; empty if none does.
    pub sender: String,
    /// Who wrote it, as a person; empty if that can't be told.
    pub person: String,
    /// What it is.
    pub kind: Kind,
    /// The message that it changes, which is known to be one.
    pub target: Option<i64>,
    /// The message that it answers, which is known to be one.
    pub reply_to: Option<i64>,
    /// What it says; of a reaction, the emoji.
    pub text: String,
    /// Whom it speaks to.
    pub mentions: Vec<String>,
    /// The words by which it can be found.
    pub terms: BTreeSet<String>,
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
    /// What was there is another entry.
    pub differs: bool,
    /// Its target is as it would make it: nothing was stored, and `offset` and `at` are the target's.
    pub unchanged: bool,
}

/// An entry as stored.
pub type StoredMessage = message::Model;

/// Part of a room's log, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The entries. A message is as it is now, and an edit has the text that its message has now.
    pub messages: Vec<StoredMessage>,
    /// Whether there are further ones in the direction that was asked for.
    pub more: bool,
}

impl Store {
    /// Stores an entry under its room's next number, and does to its target what it does; or finds the one stored earlier under the same
    /// (room, author, `client_id`). When this returns, that is committed. What would leave its target as it is isn't stored.
    ///
    /// The `UPDATE` of the room's row comes first, so it locks the room on every database until the commit: numbers
    /// have no gap and no duplicate whoever else writes, this process or another.
    ///
    /// # Errors
    /// Any [`StoreError`]. Unless it is [`StoreError::Unfit`], the entry may be there nevertheless (an answer can get lost); appending it again is safe.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, the message is stored or not; appending it again is safe.
    pub async fn append(&self, draft: &Draft) -> Result<Appended, StoreError> {
        let appended = self
            .retrying(|| async {
                loop {
                    match self.try_append(draft).await? {
                        Tried::Appended(appended) => return Ok(Ok(appended)),
                        Tried::Unfit(unfit) => return Ok(Err(unfit)),
                        Tried::NoRoom => self.create_room(draft).await?,
                    }
                }
            })
            .await?;
        Ok(appended?)
    }

    /// The newest `limit` messages.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn newest(&self, room: &str, limit: u64) -> Result<Page, StoreError> {
        self.page(room, of(room), Order::Desc, limit).await
    }

    /// The `limit` messages that follow number `offset`.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn after(&self, room: &str, offset: i64, limit: u64) -> Result<Page, StoreError> {
        self.page(
            room,
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
            room,
            of(room).filter(message::Column::Offset.lt(offset)),
            Order::Desc,
            limit,
        )
        .await
    }

    /// The message at an offset; `None` if there is none.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn message(&self, room: &str, offset: i64) -> Result<Option<StoredMessage>, StoreError> {
        self.retrying(|| async {
            let message = of(room)
                .filter(message::Column::Offset.eq(offset))
                .filter(message::Column::Kind.eq(Kind::Message))
                .one(&self.reader)
                .await?;
            Ok(message)
        })
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

    /// One attempt.
    async fn try_append(&self, draft: &Draft) -> Result<Tried, DbErr> {
        let transaction = self.begin().await?;
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
            return Ok(Tried::NoRoom);
        }
        let room = room::Entity::find_by_id(&draft.room).one(&transaction).await?;
        let offset = room
            .ok_or_else(|| DbErr::RecordNotFound(draft.room.clone()))?
            .last_offset;
        let mut row = draft.at(offset);
        if draft.kind == Kind::Edit {
            // The message has it, where a later edit or a delete takes it away.
            row.text = String::new();
        }
        match message::Entity::insert(row.into_active_model())
            .exec_without_returning(&transaction)
            .await
        {
            Ok(_) => {}
            Err(error) if is_there(&error) => {
                transaction.rollback().await?;
                return self.first(draft).await?.map(Tried::Appended).ok_or(error);
            }
            Err(error) => return Err(error),
        }
        let appended = Appended {
            offset,
            at: draft.at,
            duplicate: false,
            differs: false,
            unchanged: false,
        };
        match changes::apply(&transaction, draft, offset).await? {
            Applied::Changed => {
                transaction.commit().await?;
                Ok(Tried::Appended(appended))
            }
            Applied::Unchanged { offset, at } => {
                transaction.rollback().await?;
                Ok(Tried::Appended(Appended {
                    offset,
                    at,
                    unchanged: true,
                    ..appended
                }))
            }
            Applied::Unfit(unfit) => {
                transaction.rollback().await?;
                Ok(Tried::Unfit(unfit))
            }
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
            unchanged: false,
            differs: if first.asked.is_empty() {
                first.text != draft.text
            } else {
                first.asked != asked(draft)
            },
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
        // If another writer was first, that's as good.
        inserted(insert.exec_without_returning(&self.writer).await)
    }

    async fn page(
        &self,
        room: &str,
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
            self.fill_in(room, &mut messages).await?;
            Ok(Page { messages, more })
        })
        .await
    }

    /// Gives edits the text that their messages have now.
    async fn fill_in(&self, room: &str, entries: &mut [StoredMessage]) -> Result<(), DbErr> {
        let edits = entries.iter_mut().filter(|entry| entry.kind == Kind::Edit);
        let mut edits: Vec<_> = edits.collect();
        if edits.is_empty() {
            return Ok(());
        }
        let targets: BTreeSet<i64> = edits.iter().filter_map(|edit| edit.target).collect();
        let messages = of(room)
            .filter(message::Column::Offset.is_in(targets))
            .all(&self.reader)
            .await?;
        let messages: HashMap<_, _> = messages
            .into_iter()
            .map(|message| (message.offset, message))
            .collect();
        for edit in &mut edits {
            if let Some(message) = edit.target.and_then(|target| messages.get(&target)) {
                edit.text.clone_from(&message.text);
                edit.mentions.clone_from(&message.mentions);
            }
        }
        Ok(())
    }
}

impl Draft {
    /// The entry that it becomes at an offset.
    pub fn at(&self, offset: i64) -> StoredMessage {
        StoredMessage {
            room: self.room.clone(),
            offset,
            author: self.author.clone(),
            client_id: self.client_id.clone(),
            sender: self.sender.clone(),
            text: self.text.clone(),
            at: self.at,
            kind: self.kind,
            person: self.person.clone(),
            asked: asked(self),
            target: self.target,
            reply_to: self.reply_to,
            mentions: self.mentions(),
            version: 0,
            edited_at: None,
            deleted: false,
            reactions: None,
        }
    }

    /// Whom it speaks to, as it is stored.
    pub(super) fn mentions(&self) -> Option<String> {
        (!self.mentions.is_empty()).then(|| serde_json::to_string(&self.mentions).unwrap_or_default())
    }
}

/// What became of an attempt.
enum Tried {
    Appended(Appended),
    /// Its room has no row yet.
    NoRoom,
    Unfit(Unfit),
}

pub(super) fn of(room: &str) -> Select<message::Entity> {
    message::Entity::find().filter(message::Column::Room.eq(room))
}
