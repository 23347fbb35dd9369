//! Who has read what, and what they haven't.

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set, TransactionTrait};

use super::changes::inserted;
use super::entity::marker;
use super::entity::message::{self, Kind};
use super::messages::of;
use super::{Store, StoreError};
use crate::chat;

/// Messages that are counted as unread; that there are more is all that matters then.
pub const UNREAD_LIMIT: u64 = 1000;

/// Entries of a room among which unread messages are counted, its last: twice as many as are told, and so many are looked at whoever asks.
pub const UNREAD_ENTRIES: i64 = 2000;

/// Entries of a room whose authors are known there though they have never read it: of the last days, where little is said.
pub const KNOWN_ENTRIES: u64 = 1000;

/// Guests' markers that are looked at in one transaction when old ones are forgotten: a hundredth of a second or two.
pub const MARKERS_AT_ONCE: u64 = 200;

/// A marker as stored.
pub type StoredMarker = marker::Model;

/// What somebody hasn't read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unread {
    /// Others' messages among the room's last [`UNREAD_ENTRIES`], [`UNREAD_LIMIT`] at most.
    pub messages: u64,
    /// Those of them that speak to the reader.
    pub mentions: u64,
}

/// Whose unread messages are asked for.
#[derive(Clone, Copy, Debug)]
pub struct ReaderOf<'a> {
    /// The person.
    pub person: &'a str,
    /// The session, whose messages are the person's own.
    pub sender: &'a str,
    /// The name by which others speak to them, if it is known.
    pub name: Option<&'a str>,
}

impl Store {
    /// Moves markers of a room forward; none moves back.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn mark(&self, markers: &[StoredMarker]) -> Result<(), StoreError> {
        use marker::Column::{Name, Offset, Person, Room, SeenAt};
        self.retrying(|| async {
            let transaction = self.writer.begin().await?;
            for marker in markers {
                let row = marker::ActiveModel {
                    room: Set(marker.room.clone()),
                    person: Set(marker.person.clone()),
                    offset: Set(0),
                    name: Set(marker.name.clone()),
                    seen_at: Set(marker.seen_at),
                };
                let once = OnConflict::columns([Room, Person])
                    .do_nothing_on([Room, Person])
                    .to_owned();
                let insert = marker::Entity::insert(row).on_conflict(once);
                inserted(insert.exec_without_returning(&transaction).await)?;
                marker::Entity::update_many()
                    .col_expr(Offset, marker.offset.into())
                    .col_expr(Name, marker.name.as_str().into())
                    .col_expr(SeenAt, Expr::value(marker.seen_at))
                    .filter(Room.eq(&marker.room))
                    .filter(Person.eq(&marker.person))
                    .filter(Offset.lt(marker.offset))
                    .exec(&transaction)
                    .await?;
            }
            transaction.commit().await
        })
        .await
    }

    /// Somebody is in a room now, and was last seen there before `since`: if they are a guest with a marker, that is known then.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn see(&self, room: &str, person: &str, since: i64, now: i64) -> Result<(), StoreError> {
        use marker::Column::{Person, Room, SeenAt};
        let marker = self.marker(room, person).await?;
        if marker.is_none_or(|marker| marker.seen_at.is_none_or(|seen| seen >= since)) {
            return Ok(());
        }
        self.retrying(|| async {
            marker::Entity::update_many()
                .col_expr(SeenAt, now.into())
                .filter(Room.eq(room))
                .filter(Person.eq(person))
                .filter(SeenAt.lt(since))
                .exec(&self.writer)
                .await?;
            Ok(())
        })
        .await
    }

    /// Forgets markers of guests who weren't seen since a time, [`MARKERS_AT_ONCE`] at most; of whom that isn't known, the time begins now. Returns how many are
    /// forgotten, and whether there may be more.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn forget_guests(&self, since: i64, now: i64) -> Result<(u64, bool), StoreError> {
        use marker::Column::{Person, Room, SeenAt};
        self.retrying(|| async {
            let transaction = self.begin().await?;
            let old = marker::Entity::find()
                .filter(SeenAt.lt(since))
                .order_by_asc(SeenAt)
                .limit(MARKERS_AT_ONCE)
                .all(&transaction)
                .await?;
            let mut forgotten = 0;
            for marker in &old {
                if marker.seen_at != Some(0) {
                    let delete = marker::Entity::delete_many()
                        .filter(Room.eq(&marker.room))
                        .filter(Person.eq(&marker.person))
                        .filter(SeenAt.lt(since));
                    forgotten += delete.exec(&transaction).await?.rows_affected;
                    continue;
                }
                marker::Entity::update_many()
                    .col_expr(SeenAt, Expr::value(seen_at(&marker.person, now)))
                    .filter(Room.eq(&marker.room))
                    .filter(Person.eq(&marker.person))
                    .filter(SeenAt.eq(0))
                    .exec(&transaction)
                    .await?;
            }
            transaction.commit().await?;
            Ok((forgotten, old.len() as u64 == MARKERS_AT_ONCE))
        })
        .await
    }

    /// The marker of somebody in a room.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn marker(&self, room: &str, person: &str) -> Result<Option<StoredMarker>, StoreError> {
        self.retrying(|| async {
            let key = (room.to_owned(), person.to_owned());
            marker::Entity::find_by_id(key).one(&self.reader).await
        })
        .await
    }

    /// The markers of those who have read a room furthest.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn markers(&self, room: &str, limit: u64) -> Result<Vec<StoredMarker>, StoreError> {
        self.retrying(|| async {
            let markers = marker::Entity::find()
                .filter(marker::Column::Room.eq(room))
                .order_by_desc(marker::Column::Offset)
                .limit(limit)
                .all(&self.reader)
                .await?;
            Ok(markers)
        })
        .await
    }

    /// Which of these names people have who have read a room, or written one of its last [`KNOWN_ENTRIES`] entries.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn known(&self, room: &str, names: Vec<String>) -> Result<Vec<String>, StoreError> {
        self.retrying(|| async {
            let mut known: Vec<String> = marker::Entity::find()
                .select_only()
                .column(marker::Column::Name)
                .filter(marker::Column::Room.eq(room))
                .filter(marker::Column::Name.is_in(&names))
                .into_tuple()
                .all(&self.reader)
                .await?;
            let authors: Vec<String> = of(room)
                .select_only()
                .column(message::Column::Author)
                .order_by_desc(message::Column::Offset)
                .limit(KNOWN_ENTRIES)
                .into_tuple()
                .all(&self.reader)
                .await?;
            known.extend(authors.into_iter().filter(|author| names.contains(author)));
            Ok(known)
        })
        .await
    }

    /// What somebody hasn't read of a room that goes up to `newest`, who has read up to `offset`.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn unread(
        &self,
        room: &str,
        (offset, newest): (i64, i64),
        reader: ReaderOf<'_>,
    ) -> Result<Unread, StoreError> {
        let behind = offset.max(newest.saturating_sub(UNREAD_ENTRIES));
        if behind >= newest {
            return Ok(Unread::default());
        }
        use message::Column::{Deleted, Mentions, Offset, Person, Sender};
        self.retrying(|| async {
            let unread: Vec<Option<String>> = of(room)
                .select_only()
                .column(Mentions)
                .filter(Offset.gt(behind))
                .filter(Offset.lte(newest))
                .filter(message::Column::Kind.eq(Kind::Message))
                .filter(Deleted.eq(false))
                .filter(Person.ne(reader.person))
                .filter(Sender.ne(reader.sender))
                .order_by_asc(Offset)
                .limit(UNREAD_LIMIT)
                .into_tuple()
                .all(&self.reader)
                .await?;
            let speaks_to = |mentions: &&String| {
                let names: Vec<String> = serde_json::from_str(mentions).unwrap_or_default();
                names.iter().any(|name| Some(name.as_str()) == reader.name)
            };
            Ok(Unread {
                messages: unread.len() as u64,
                mentions: unread.iter().flatten().filter(speaks_to).count() as u64,
            })
        })
        .await
    }
}

/// When somebody is seen, as it is stored: an account's marker has no age.
pub(crate) fn seen_at(person: &str, now: i64) -> Option<i64> {
    let account = matches!(person.parse(), Ok(chat::Person::Account(_)));
    (!account).then_some(now)
}
