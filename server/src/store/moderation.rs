//! The repository of order in rooms: what holds now, and the log of how that came about.
//!
//! Whatever changes writes an entry of the log in the same transaction, so a server that knows the log's last number knows whether it has missed anything.

use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, DbErr, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, QueryTrait as _, Set,
};

use super::entity::{message, moderation_entry, room_role, room_setting, sanction, slow_turn};
use super::{Store, StoreError, is_there};

/// A sanction as stored.
pub type StoredSanction = sanction::Model;

/// An entry of the moderation log as stored. Its number is given when it is stored.
pub type ModerationEntry = moderation_entry::Model;

/// What an entry of the log does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Somebody is muted or banned from now on, in place of what they were before.
    Sanction {
        /// `mute` or `ban`.
        kind: &'static str,
        /// Whom it is about, if that is an account.
        account: Option<i64>,
        /// The session of whom it is about, if it is known.
        sender: Option<String>,
        /// By what their name is the same as another.
        name_key: String,
        /// Most sanctions of one room.
        limit: u64,
    },
    /// Somebody isn't muted or banned any more.
    Lift {
        /// `mute` or `ban`.
        kind: &'static str,
        /// By what their name is the same as another.
        name_key: String,
    },
    /// Everybody waits so many seconds between two messages.
    Slow(i64),
    /// The word filter, as a JSON array.
    Words(String),
    /// A report has been looked at.
    Resolve(i64),
    /// An account keeps order in the room from now on, or doesn't any more.
    Moderator(i64, bool),
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moderating {
    /// It is stored, under this number.
    Done(i64),
    /// There is nothing that it could change; nothing is stored.
    Nothing,
    /// What it wants holds already; nothing is stored. The number of the room's last entry, 0 if it has none.
    Already(i64),
    /// As many are muted and banned as may be; nothing is stored.
    TooMany,
}

/// What holds in a room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moderation {
    /// The number of the room's last entry of the log, 0 if it has none.
    pub number: i64,
    /// Those that hold, the newest first.
    pub sanctions: Vec<StoredSanction>,
    /// How long everybody waits between two messages.
    pub slow_seconds: i64,
    /// The word filter: a JSON array, or nothing.
    pub words: String,
    /// The accounts that keep order.
    pub moderators: Vec<i64>,
}

impl Store {
    /// Stores an entry of the log under the next number, and does what it says, at once or not at all.
    ///
    /// Two that take the same number at the same time are put in order by its uniqueness: the second tries again with the next. So numbers are in the order of
    /// the commits, and whoever has seen one has seen all before it. If the connection is lost over the commit, the log may have it twice.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn moderate(&self, entry: &ModerationEntry, effect: &Effect) -> Result<Moderating, StoreError> {
        self.retrying(|| async {
            loop {
                if let Some(done) = self.try_moderate(entry, effect).await? {
                    return Ok(done);
                }
            }
        })
        .await
    }

    /// The last number of the log, whichever room it is about; 0 if there is none.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn moderation_number(&self) -> Result<i64, StoreError> {
        self.retrying(|| last_number(None, &self.reader)).await
    }

    /// The rooms that entries after a number are about.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn moderated_after(&self, number: i64) -> Result<Vec<String>, StoreError> {
        self.retrying(|| async {
            let rooms = moderation_entry::Entity::find()
                .select_only()
                .column(moderation_entry::Column::Room)
                .distinct()
                .filter(moderation_entry::Column::Number.gt(number));
            rooms.into_tuple::<String>().all(&self.reader).await
        })
        .await
    }

    /// What holds in a room now. One query, where nobody has ever kept order.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn moderation(&self, room: &str, now: i64) -> Result<Moderation, StoreError> {
        self.retrying(|| async {
            // First: what comes in between is read, and then again.
            let number = last_number(Some(room), &self.reader).await?;
            if number == 0 {
                return Ok(Moderation::default());
            }
            let sanctions = sanction::Entity::find()
                .filter(sanction::Column::Room.eq(room))
                .filter(goes_on(now))
                .order_by_desc(sanction::Column::Id);
            let settings = room_setting::Entity::find_by_id(room).one(&self.reader).await?;
            let moderators = room_role::Entity::find().filter(room_role::Column::Room.eq(room));
            let moderators = moderators.all(&self.reader).await?;
            Ok(Moderation {
                number,
                sanctions: sanctions.all(&self.reader).await?,
                slow_seconds: settings.as_ref().map_or(0, |settings| settings.slow_seconds),
                words: settings.map(|settings| settings.words).unwrap_or_default(),
                moderators: moderators.into_iter().map(|role| role.account).collect(),
            })
        })
        .await
    }

    /// A room's entries of the log after a number, in order.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn moderation_entries(
        &self,
        room: &str,
        after: i64,
    ) -> Result<Vec<ModerationEntry>, StoreError> {
        self.retrying(|| async {
            let entries = moderation_entry::Entity::find()
                .filter(moderation_entry::Column::Room.eq(room))
                .filter(moderation_entry::Column::Number.gt(after))
                .order_by_asc(moderation_entry::Column::Number);
            entries.all(&self.reader).await
        })
        .await
    }

    /// The newest entries of a room's log before a number, the newest first.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn moderation_log(
        &self,
        room: &str,
        before: Option<i64>,
        limit: u64,
    ) -> Result<Vec<ModerationEntry>, StoreError> {
        self.retrying(|| async {
            let entries = moderation_entry::Entity::find()
                .filter(moderation_entry::Column::Room.eq(room))
                .filter(moderation_entry::Column::Number.lt(before.unwrap_or(i64::MAX)))
                .order_by_desc(moderation_entry::Column::Number)
                .limit(limit);
            entries.all(&self.reader).await
        })
        .await
    }

    /// The session that last said something in a room under a name, as a person if that is told, if one did.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn last_sender(
        &self,
        room: &str,
        author: &str,
        person: Option<&str>,
    ) -> Result<Option<String>, StoreError> {
        self.retrying(|| async {
            let last = message::Entity::find()
                .filter(message::Column::Room.eq(room))
                .filter(message::Column::Author.eq(author))
                .filter(message::Column::Sender.ne(""))
                .apply_if(person, |found, person| {
                    found.filter(message::Column::Person.eq(person))
                })
                .order_by_desc(message::Column::Offset)
                .one(&self.reader)
                .await?;
            Ok(last.map(|last| last.sender))
        })
        .await
    }

    /// Who wrote a message, by name, person and session, if a session did.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn sender_of(
        &self,
        room: &str,
        offset: i64,
    ) -> Result<Option<(String, String, String)>, StoreError> {
        self.retrying(|| async {
            let key = (room.to_owned(), offset);
            let message = message::Entity::find_by_id(key).one(&self.reader).await?;
            Ok(message
                .map(|message| (message.author, message.person, message.sender))
                .filter(|(_, _, sender)| !sender.is_empty()))
        })
        .await
    }

    /// One attempt; `None` if another has taken the number.
    async fn try_moderate(
        &self,
        entry: &ModerationEntry,
        effect: &Effect,
    ) -> Result<Option<Moderating>, DbErr> {
        let transaction = self.begin().await?;
        let number = last_number(None, &transaction).await? + 1;
        let row = moderation_entry::ActiveModel {
            number: Set(number),
            ..entry.clone().into_active_model()
        };
        match moderation_entry::Entity::insert(row)
            .exec_without_returning(&transaction)
            .await
        {
            Ok(_) => {}
            Err(error) if is_there(&error) => {
                transaction.rollback().await?;
                return Ok(None);
            }
            Err(error) => return Err(error),
        }
        if effect.holds(entry, &transaction).await? {
            transaction.rollback().await?;
            let last = last_number(Some(&entry.room), &self.writer).await?;
            return Ok(Some(Moderating::Already(last)));
        }
        let done = effect.apply(number, entry, &transaction).await?;
        match done {
            Moderating::Done(_) => transaction.commit().await?,
            _ => transaction.rollback().await?,
        }
        Ok(Some(done))
    }
}

impl Effect {
    async fn apply(
        &self,
        number: i64,
        entry: &ModerationEntry,
        transaction: &DatabaseTransaction,
    ) -> Result<Moderating, DbErr> {
        let room = &*entry.room;
        let changed = match self {
            Self::Sanction {
                kind,
                account,
                sender,
                name_key,
                limit,
            } => {
                lift(room, kind, name_key, entry.at, transaction).await?;
                let of_room = sanction::Entity::find().filter(sanction::Column::Room.eq(room));
                if of_room.count(transaction).await? >= *limit {
                    return Ok(Moderating::TooMany);
                }
                let row = sanction::Model {
                    id: number,
                    room: room.to_owned(),
                    kind: (*kind).to_owned(),
                    account: *account,
                    sender: sender.clone(),
                    name: entry.name.clone().unwrap_or_default(),
                    name_key: name_key.clone(),
                    by_name: entry.by_name.clone(),
                    reason: entry.reason.clone(),
                    at: entry.at,
                    until: entry.until,
                };
                let row = row.into_active_model();
                sanction::Entity::insert(row)
                    .exec_without_returning(transaction)
                    .await?;
                1
            }
            Self::Lift { kind, name_key } => lift(room, kind, name_key, entry.at, transaction).await?,
            Self::Slow(seconds) => {
                // A new pace begins with everybody's next message.
                let turns = slow_turn::Entity::delete_many().filter(slow_turn::Column::Room.eq(room));
                turns.exec(transaction).await?;
                set(
                    room,
                    *seconds,
                    "[]",
                    room_setting::Column::SlowSeconds,
                    transaction,
                )
                .await?
            }
            Self::Words(words) => set(room, 0, words, room_setting::Column::Words, transaction).await?,
            Self::Resolve(report) => super::reports::resolve(room, *report, number, transaction).await?,
            Self::Moderator(account, true) => {
                let row = room_role::Model {
                    room: room.to_owned(),
                    account: *account,
                    role: "moderator".to_owned(),
                };
                let already = OnConflict::columns([room_role::Column::Room, room_role::Column::Account])
                    .update_column(room_role::Column::Role)
                    .to_owned();
                room_role::Entity::insert(row.into_active_model())
                    .on_conflict(already)
                    .exec_without_returning(transaction)
                    .await?;
                1
            }
            Self::Moderator(account, false) => {
                let role = room_role::Entity::delete_by_id((room.to_owned(), *account));
                role.exec(transaction).await?;
                1
            }
        };
        Ok(if changed > 0 {
            Moderating::Done(number)
        } else {
            Moderating::Nothing
        })
    }
}

/// Sets one of a room's settings; the other keeps its value, if the room has one.
async fn set(
    room: &str,
    slow_seconds: i64,
    words: &str,
    which: room_setting::Column,
    transaction: &DatabaseTransaction,
) -> Result<u64, DbErr> {
    let row = room_setting::Model {
        room: room.to_owned(),
        slow_seconds,
        words: words.to_owned(),
    };
    let there = OnConflict::column(room_setting::Column::Room)
        .update_column(which)
        .to_owned();
    let row = room_setting::Entity::insert(row.into_active_model());
    row.on_conflict(there).exec_without_returning(transaction).await?;
    Ok(1)
}

/// Ends what somebody is under; how much that was that still held. What is over in this room goes too: the log knows of it.
async fn lift(
    room: &str,
    kind: &str,
    name_key: &str,
    now: i64,
    transaction: &DatabaseTransaction,
) -> Result<u64, DbErr> {
    let over = sanction::Entity::delete_many()
        .filter(sanction::Column::Room.eq(room))
        .filter(sanction::Column::Until.lte(now));
    over.exec(transaction).await?;
    let theirs = sanction::Entity::delete_many()
        .filter(sanction::Column::Room.eq(room))
        .filter(sanction::Column::Kind.eq(kind))
        .filter(sanction::Column::NameKey.eq(name_key));
    Ok(theirs.exec(transaction).await?.rows_affected)
}

fn goes_on(now: i64) -> Condition {
    Condition::any()
        .add(sanction::Column::Until.is_null())
        .add(sanction::Column::Until.gt(now))
}

async fn last_number(room: Option<&str>, database: &impl sea_orm::ConnectionTrait) -> Result<i64, DbErr> {
    let mut last = moderation_entry::Entity::find()
        .select_only()
        .column(moderation_entry::Column::Number);
    if let Some(room) = room {
        last = last.filter(moderation_entry::Column::Room.eq(room));
    }
    let last = last.order_by_desc(moderation_entry::Column::Number).limit(1);
    Ok(last.into_tuple::<i64>().one(database).await?.unwrap_or(0))
}
