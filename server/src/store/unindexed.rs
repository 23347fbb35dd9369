//! Messages from before there was an index of words: they are put into it a few at a time, while rooms are used.

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set,
};

use super::changes::inserted;
use super::entity::message::{self, Kind};
use super::entity::{room, term, unindexed_room};
use super::messages::of;
use super::{Store, StoreError, StoredMessage};
use crate::chat::{Room, terms};

/// Entries of a room that are looked at in one transaction, for which whoever says something there waits: some hundredths of a second.
pub const INDEX_BATCH: u64 = 100;

/// What one step has done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Indexed {
    /// In which room.
    pub room: String,
    /// Up to where that has been looked at.
    pub offset: i64,
    /// How many messages can be found now that couldn't.
    pub messages: u64,
}

impl Store {
    /// Takes one step: looks at the next [`INDEX_BATCH`] entries of a room whose older messages may not be in the index. `None` if there is no such room any
    /// more. Whoever does so next goes on from there, after a restart or in another process.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn index_older(&self) -> Result<Option<Indexed>, StoreError> {
        self.retrying(|| async {
            let first = unindexed_room::Entity::find().order_by_asc(unindexed_room::Column::Room);
            match first.one(&self.reader).await? {
                Some(next) => self.index_some(next.room).await.map(Some),
                None => Ok(None),
            }
        })
        .await
    }

    async fn index_some(&self, room: String) -> Result<Indexed, DbErr> {
        let transaction = self.begin().await?;
        // As whoever says something does: until the commit, no message of the room is edited or deleted.
        room::Entity::update_many()
            .col_expr(room::Column::LastOffset, Expr::col(room::Column::LastOffset))
            .filter(room::Column::Name.eq(&room))
            .exec(&transaction)
            .await?;
        let mut done = Indexed {
            room,
            offset: 0,
            messages: 0,
        };
        let row = unindexed_room::Entity::find_by_id(&done.room)
            .one(&transaction)
            .await?;
        let Some(row) = row else {
            // Another process was first.
            transaction.rollback().await?;
            return Ok(done);
        };
        let entries = of(&done.room)
            .filter(message::Column::Offset.gt(row.offset))
            .order_by_asc(message::Column::Offset)
            .limit(INDEX_BATCH)
            .all(&transaction)
            .await?;
        // Since there is an index, each entry is stored with what it asks for; and an entry that has it is followed by no older one.
        let is_old = |entry: &&StoredMessage| entry.asked.is_empty();
        let may_have_more =
            entries.last().is_some_and(|last| is_old(&last)) && entries.len() as u64 == INDEX_BATCH;
        // What only the server says isn't looked for by words.
        let searched = done.room.parse().is_ok_and(|room: Room| !room.is_read_only());
        for old in entries.iter().filter(is_old).filter(|_| searched) {
            if old.kind == Kind::Message && !old.deleted {
                done.messages += u64::from(add(&transaction, old).await?);
            }
        }
        done.offset = entries.last().map_or(row.offset, |last| last.offset);
        if may_have_more {
            unindexed_room::Entity::update_many()
                .col_expr(unindexed_room::Column::Offset, done.offset.into())
                .filter(unindexed_room::Column::Room.eq(&done.room))
                .exec(&transaction)
                .await?;
        } else {
            unindexed_room::Entity::delete_by_id(&done.room)
                .exec(&transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(done)
    }
}

/// Puts the words of a message into the index; those that an edit has put there already are as good. Whether it has any.
async fn add(transaction: &DatabaseTransaction, message: &StoredMessage) -> Result<bool, DbErr> {
    use term::Column::{Offset, Room, Term};
    let rows: Vec<_> = terms(&message.text)
        .into_iter()
        .map(|term| term::ActiveModel {
            room: Set(message.room.clone()),
            term: Set(term),
            offset: Set(message.offset),
        })
        .collect();
    if rows.is_empty() {
        return Ok(false);
    }
    let once = OnConflict::columns([Room, Term, Offset])
        .do_nothing_on([Room, Term, Offset])
        .to_owned();
    let insert = term::Entity::insert_many(rows).on_conflict(once);
    inserted(insert.exec_without_returning(transaction).await)?;
    Ok(true)
}
