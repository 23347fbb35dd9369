//! What holders ask for.

use std::collections::BTreeMap;

use sea_orm::sea_query::Condition;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set};
use sha2::{Digest as _, Sha256};

use super::turn::{Decided, Turn};
use crate::chat::Sender;
use crate::seats::{Answer, Command, Event, Key, Refused, Told, What};
use crate::store::entity::seat_command;
use crate::store::{Store, StoreError};

impl Store {
    /// Carries out a command on an event, once: whoever asks again with the same key is told the same again. What is told is stored with
    /// what it's about.
    ///
    /// # Errors
    /// Any [`StoreError`]. It may be carried out nevertheless (an answer can get lost); asking again with the same key is safe.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, the command is carried out or not; asking again with the same key is safe.
    pub async fn carry_out(
        &self,
        event: &Event,
        holder: Sender,
        key: &Key,
        command: &Command,
    ) -> Result<Told, StoreError> {
        let hash = hash_of(command);
        self.in_turn(|| async {
            let mut turn = Turn::up_to_date(self, event).await?;
            turn.offer().await?;
            if let Some(answer) = told_before(&turn.transaction, holder, key, &hash).await? {
                let changes = turn.commit().await?;
                return Ok(Told {
                    answer,
                    again: true,
                    changes,
                });
            }
            let answer = turn.carry_out(&holder.to_string(), command).await?;
            let answer = answer.unwrap_or_else(Answer::Refused);
            turn.offer().await?;
            turn.remember(holder, key, hash.clone(), &answer).await?;
            let changes = turn.commit().await?;
            Ok(Told {
                answer,
                again: false,
                changes,
            })
        })
        .await
    }

    /// What somebody was told when they asked for the same with this key before, if they did.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn seat_answer(
        &self,
        holder: Sender,
        key: &Key,
        command: &Command,
    ) -> Result<Option<Answer>, StoreError> {
        let hash = hash_of(command);
        self.retrying(|| told_before(&self.reader, holder, key, &hash))
            .await
    }

    /// Brings an event nearer to the clock: some of what is over is written down, and offered to who waits for it. Nothing rests on that; it only
    /// tells people.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn sweep_seats(&self, event: &Event) -> Result<BTreeMap<What, u64>, StoreError> {
        self.in_turn(|| async {
            let mut turn = Turn::begin(self, event).await?;
            turn.settle().await?;
            turn.offer().await?;
            turn.commit().await
        })
        .await
    }

    /// Forgets the oldest `limit` answers, at most, of those told before a time, and returns how many that were: nobody asks again with the same key then.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn forget_seat_commands(&self, before: i64, limit: u64) -> Result<u64, StoreError> {
        self.retrying(|| async {
            // Not every database can delete a number of rows: up to the one behind them, if there is one.
            let spared = seat_command::Entity::find()
                .filter(seat_command::Column::At.lt(before))
                .order_by_asc(seat_command::Column::At)
                .order_by_asc(seat_command::Column::Holder)
                .order_by_asc(seat_command::Column::IdempotencyKey)
                .offset(limit)
                .limit(1)
                .one(&self.reader)
                .await?;
            let old = match &spared {
                Some(spared) => older_than(spared),
                None => Condition::all().add(seat_command::Column::At.lt(before)),
            };
            let forgotten = seat_command::Entity::delete_many()
                .filter(old)
                .exec(&self.writer)
                .await?;
            Ok(forgotten.rows_affected)
        })
        .await
    }
}

impl Turn<'_> {
    async fn remember(&self, holder: Sender, key: &Key, hash: String, answer: &Answer) -> Result<(), DbErr> {
        let row = seat_command::ActiveModel {
            holder: Set(holder.to_string()),
            idempotency_key: Set(key.to_string()),
            hash: Set(hash),
            answer: Set(serde_json::to_string(answer).map_err(|error| DbErr::Json(error.to_string()))?),
            at: Set(self.now),
        };
        seat_command::Entity::insert(row)
            .exec_without_returning(&self.transaction)
            .await?;
        Ok(())
    }

    async fn carry_out(&mut self, holder: &str, command: &Command) -> Decided<Answer> {
        if self.event.is_closed(self.now) && command.asks_for_more() {
            return Ok(Err(Refused::EventClosed));
        }
        let hold = match command {
            Command::Hold { places, .. } => self.hold_named(holder, places).await?.map(Answer::Hold),
            Command::Book { slot, party, .. } => self.book(holder, slot, *party).await?.map(Answer::Hold),
            Command::Extend(hold) => self.extend(holder, *hold).await?.map(Answer::Hold),
            Command::Release(hold) => self.release(holder, *hold).await?.map(Answer::Hold),
            Command::Confirm(hold) => self.confirm(holder, *hold).await?.map(Answer::Hold),
            Command::Checkout(hold) => self.check_out(holder, *hold).await?.map(Answer::Checkout),
            Command::Wait { section, count, .. } => {
                self.wait(holder, section, *count).await?.map(Answer::Waiting)
            }
            Command::Leave(waiting) => self.leave(holder, *waiting).await?.map(Answer::Waiting),
        };
        Ok(hold)
    }
}

async fn told_before(
    connection: &impl ConnectionTrait,
    holder: Sender,
    key: &Key,
    hash: &str,
) -> Result<Option<Answer>, DbErr> {
    let id = (holder.to_string(), key.to_string());
    let row = seat_command::Entity::find_by_id(id).one(connection).await?;
    let Some(row) = row else { return Ok(None) };
    if row.hash != hash {
        return Ok(Some(Answer::Refused(Refused::IdempotencyMismatch)));
    }
    let answer = serde_json::from_str(&row.answer).map_err(|error| DbErr::Json(error.to_string()))?;
    Ok(Some(answer))
}

/// Answers that come before one, by time; those of one moment are in the order of their keys.
fn older_than(row: &seat_command::Model) -> Condition {
    let key = Condition::all()
        .add(seat_command::Column::Holder.eq(&row.holder))
        .add(seat_command::Column::IdempotencyKey.lt(&row.idempotency_key));
    let of_moment = Condition::all().add(seat_command::Column::At.eq(row.at)).add(
        Condition::any()
            .add(seat_command::Column::Holder.lt(&row.holder))
            .add(key),
    );
    Condition::any()
        .add(seat_command::Column::At.lt(row.at))
        .add(of_moment)
}

fn hash_of(command: &Command) -> String {
    let json = serde_json::to_vec(command)
        .unwrap_or_else(|error| unreachable!("numbers and texts can be written: {error}"));
    hex(&Sha256::digest(json))
}

/// Bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
