//! What an entry of the log does besides being one: to the message that it is about, and to the index of words.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, Set,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::entity::message::{self, Kind};
use super::entity::{reaction, term};
use super::messages::{Draft, of};
use crate::chat::{REACTION_NAMES, REACTIONS_LIMIT, terms};

/// Why a change isn't stored: the message isn't what it was any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unfit {
    /// It has been deleted.
    #[error("the message has been deleted")]
    Deleted,
    /// It has as many different emojis as it may.
    #[error("the message has too many different emojis")]
    TooManyReactions,
}

/// What an entry did to the message that it is about.
pub(super) enum Applied {
    /// What it says.
    Changed,
    /// Nothing: the message, which is at this offset and of this time, was like that already. Such an entry has no place in the log.
    Unchanged { offset: i64, at: i64 },
    /// It can't be done.
    Unfit(Unfit),
}

/// The reactions to a message with one emoji, as its row has them.
#[derive(Debug, Serialize, Deserialize)]
struct Summary {
    emoji: String,
    names: Vec<String>,
    count: u64,
}

/// Tells a request from another: half of the SHA-256 of what it asks for.
pub(super) fn asked(draft: &Draft) -> String {
    let about = draft.target.or(draft.reply_to).unwrap_or_default();
    let mut hash = Sha256::new();
    hash.update([draft.kind as u8]);
    hash.update(about.to_be_bytes());
    hash.update(draft.text.as_bytes());
    URL_SAFE_NO_PAD.encode(&hash.finalize()[..16])
}

impl Draft {
    /// Tells what is to be stored from anything else: half of the SHA-256 of its author, its id and what it asks for.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        for part in [&self.author, &self.client_id, &asked(self)] {
            hash.update(part.len().to_be_bytes());
            hash.update(part.as_bytes());
        }
        URL_SAFE_NO_PAD.encode(&hash.finalize()[..16])
    }
}

/// Does what the entry does that was stored at `offset`. The room's row is locked, so nobody else changes a message of it meanwhile.
pub(super) async fn apply(
    transaction: &DatabaseTransaction,
    draft: &Draft,
    offset: i64,
) -> Result<Applied, DbErr> {
    if draft.kind == Kind::Message {
        index(transaction, &draft.room, offset, draft.terms.iter().cloned()).await?;
        return Ok(Applied::Changed);
    }
    let target = draft.target.unwrap_or_default();
    let message = of(&draft.room)
        .filter(message::Column::Offset.eq(target))
        .filter(message::Column::Kind.eq(Kind::Message))
        .one(transaction)
        .await?;
    let Some(message) = message else {
        return Ok(Applied::Unfit(Unfit::Deleted));
    };
    if is_so(transaction, draft, &message).await? {
        let message::Model { offset, at, .. } = message;
        return Ok(Applied::Unchanged { offset, at });
    }
    if message.deleted {
        return Ok(Applied::Unfit(Unfit::Deleted));
    }
    let now = match draft.kind {
        Kind::Message | Kind::Edit => {
            let (old, new) = (terms(&message.text), &draft.terms);
            unindex(transaction, &message, old.difference(new)).await?;
            index(transaction, &draft.room, target, new.difference(&old).cloned()).await?;
            message::ActiveModel {
                text: Set(draft.text.clone()),
                mentions: Set(draft.mentions()),
                edited_at: Set(Some(draft.at)),
                ..Default::default()
            }
        }
        Kind::Delete => {
            unindex(transaction, &message, terms(&message.text).iter()).await?;
            reactions_to(&message).exec(transaction).await?;
            message::ActiveModel {
                text: Set(String::new()),
                mentions: Set(None),
                reactions: Set(None),
                deleted: Set(true),
                ..Default::default()
            }
        }
        Kind::React | Kind::Unreact => {
            let Some(reactions) = react(transaction, draft, &message, offset).await? else {
                return Ok(Applied::Unfit(Unfit::TooManyReactions));
            };
            message::ActiveModel {
                reactions: Set(reactions),
                ..Default::default()
            }
        }
    };
    message::Entity::update_many()
        .set(message::ActiveModel {
            version: Set(offset),
            ..now
        })
        .filter(message::Column::Room.eq(&message.room))
        .filter(message::Column::Offset.eq(target))
        .exec(transaction)
        .await?;
    Ok(Applied::Changed)
}

/// Whether a message is already as a change would make it.
async fn is_so(
    transaction: &DatabaseTransaction,
    draft: &Draft,
    message: &message::Model,
) -> Result<bool, DbErr> {
    Ok(match draft.kind {
        Kind::Message => false,
        Kind::Edit => !message.deleted && message.text == draft.text,
        Kind::Delete => message.deleted,
        // What was deleted has none, and nobody is told that they have taken one from it.
        Kind::React | Kind::Unreact if message.deleted => false,
        Kind::React | Kind::Unreact => {
            let key = (
                message.room.clone(),
                message.offset,
                draft.text.clone(),
                draft.person.clone(),
            );
            let there = reaction::Entity::find_by_id(key).one(transaction).await?;
            there.is_some() == (draft.kind == Kind::React)
        }
    })
}

/// Puts a reaction in or takes it away. Returns the message's reactions then; `None` if there would be too many.
async fn react(
    transaction: &DatabaseTransaction,
    draft: &Draft,
    message: &message::Model,
    offset: i64,
) -> Result<Option<Option<String>>, DbErr> {
    let mut all: Vec<Summary> = message
        .reactions
        .as_deref()
        .and_then(|reactions| serde_json::from_str(reactions).ok())
        .unwrap_or_default();
    let place = all.iter().position(|summary| summary.emoji == draft.text);
    if draft.kind == Kind::React {
        if place.is_none() && all.len() >= REACTIONS_LIMIT {
            return Ok(None);
        }
        let row = reaction::ActiveModel {
            room: Set(message.room.clone()),
            offset: Set(message.offset),
            emoji: Set(draft.text.clone()),
            person: Set(draft.person.clone()),
            name: Set(draft.author.clone()),
            entry: Set(offset),
        };
        reaction::Entity::insert(row)
            .exec_without_returning(transaction)
            .await?;
    } else {
        reactions_to(message)
            .filter(reaction::Column::Emoji.eq(&draft.text))
            .filter(reaction::Column::Person.eq(&draft.person))
            .exec(transaction)
            .await?;
    }
    let with_it = reaction::Entity::find()
        .filter(reaction::Column::Room.eq(&message.room))
        .filter(reaction::Column::Offset.eq(message.offset))
        .filter(reaction::Column::Emoji.eq(&draft.text));
    let summary = Summary {
        emoji: draft.text.clone(),
        count: with_it.clone().count(transaction).await?,
        names: with_it
            .order_by_asc(reaction::Column::Entry)
            .limit(REACTION_NAMES as u64)
            .all(transaction)
            .await?
            .into_iter()
            .map(|row| row.name)
            .collect(),
    };
    match place {
        Some(place) if summary.count == 0 => drop(all.remove(place)),
        Some(place) => all[place] = summary,
        None if summary.count == 0 => {}
        None => all.push(summary),
    }
    Ok(Some(
        (!all.is_empty()).then(|| serde_json::to_string(&all).unwrap_or_default()),
    ))
}

fn reactions_to(message: &message::Model) -> sea_orm::DeleteMany<reaction::Entity> {
    reaction::Entity::delete_many()
        .filter(reaction::Column::Room.eq(&message.room))
        .filter(reaction::Column::Offset.eq(message.offset))
}

/// That it was there already is as good.
pub(super) fn inserted<T>(outcome: Result<T, DbErr>) -> Result<(), DbErr> {
    match outcome {
        Ok(_) | Err(DbErr::RecordNotInserted) => Ok(()),
        Err(error) => Err(error),
    }
}

async fn index(
    connection: &impl ConnectionTrait,
    room: &str,
    offset: i64,
    terms: impl Iterator<Item = String>,
) -> Result<(), DbErr> {
    let rows: Vec<_> = terms
        .map(|term| term::ActiveModel {
            room: Set(room.to_owned()),
            term: Set(term),
            offset: Set(offset),
        })
        .collect();
    if !rows.is_empty() {
        term::Entity::insert_many(rows)
            .exec_without_returning(connection)
            .await?;
    }
    Ok(())
}

async fn unindex<'a>(
    connection: &impl ConnectionTrait,
    message: &message::Model,
    terms: impl Iterator<Item = &'a String>,
) -> Result<(), DbErr> {
    // Named, since the index is by them.
    let terms: Vec<&str> = terms.map(String::as_str).collect();
    if terms.is_empty() {
        return Ok(());
    }
    term::Entity::delete_many()
        .filter(term::Column::Room.eq(&message.room))
        .filter(term::Column::Term.is_in(terms))
        .filter(term::Column::Offset.eq(message.offset))
        .exec(connection)
        .await?;
    Ok(())
}
