//! Finding messages by their words.

use std::collections::BTreeSet;

use sea_orm::sea_query::{Alias, Expr, ExprTrait, Order, Query, SelectStatement};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::entity::{message, term};
use super::messages::{Page, of};
use super::{Store, StoreError};
use crate::chat::Question;

/// Words with the same beginning that are looked for one by one, each from its newest message on. Of more, all messages are gathered and sorted.
const ENDINGS: usize = 16;

/// What the last word of a question may be.
enum Last {
    Word(String),
    /// Anything that begins so.
    Beginning(String),
}

impl Store {
    /// The newest `limit` messages before an offset that have all the words, the newest first.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn search(
        &self,
        room: &str,
        question: &Question,
        before: i64,
        limit: u64,
    ) -> Result<Page, StoreError> {
        self.retrying(|| async {
            let mut found = BTreeSet::new();
            for last in self.endings(room, &question.prefix).await? {
                let query = offsets(room, &question.terms, &last, before, limit + 1);
                for row in self.reader.query_all(&query).await? {
                    found.insert(row.try_get_by_index::<i64>(0)?);
                }
            }
            let more = found.len() as u64 > limit;
            let newest = found.into_iter().rev();
            let messages = of(room)
                .filter(
                    message::Column::Offset.is_in(newest.take(usize::try_from(limit).unwrap_or(usize::MAX))),
                )
                .order_by_desc(message::Column::Offset)
                .all(&self.reader)
                .await?;
            Ok(Page { messages, more })
        })
        .await
    }

    /// The words that begin so: each by itself, or all of them at once if they are many.
    async fn endings(&self, room: &str, prefix: &str) -> Result<Vec<Last>, DbErr> {
        let mut words: Vec<String> = Vec::new();
        while words.len() <= ENDINGS {
            let from = match words.last() {
                Some(last) => term::Column::Term.gt(last),
                None => term::Column::Term.gte(prefix),
            };
            let next: Option<String> = term::Entity::find()
                .select_only()
                .column(term::Column::Term)
                .filter(term::Column::Room.eq(room))
                .filter(from)
                .filter(term::Column::Term.lt(behind(prefix)))
                .order_by_asc(term::Column::Term)
                .limit(1)
                .into_tuple()
                .one(&self.reader)
                .await?;
            match next {
                Some(word) => words.push(word),
                None => return Ok(words.into_iter().map(Last::Word).collect()),
            }
        }
        Ok(vec![Last::Beginning(prefix.to_owned())])
    }
}

/// Comes behind everything that begins so, in the order of code points.
fn behind(prefix: &str) -> String {
    format!("{prefix}\u{10ffff}")
}

/// Messages that have all the words.
fn offsets(room: &str, words: &[String], last_word: &Last, before: i64, limit: u64) -> SelectStatement {
    let last = Alias::new("last");
    let of_last = |column: term::Column| Expr::col((last.clone(), column));
    let mut query = Query::select();
    query
        .column((last.clone(), term::Column::Offset))
        .from_as(term::Entity, last.clone())
        .and_where(of_last(term::Column::Room).eq(room))
        .and_where(of_last(term::Column::Offset).lt(before));
    match last_word {
        // They lie in the index as they are asked for.
        Last::Word(word) => query.and_where(of_last(term::Column::Term).eq(word.as_str())),
        // A message may have several of them.
        Last::Beginning(prefix) => query
            .distinct()
            .and_where(of_last(term::Column::Term).gte(prefix.as_str()))
            .and_where(of_last(term::Column::Term).lt(behind(prefix))),
    };
    for word in words {
        let other = Alias::new("word");
        let of_other = |column: term::Column| Expr::col((other.clone(), column));
        let has_it = Query::select()
            .expr(Expr::value(1))
            .from_as(term::Entity, other.clone())
            .and_where(of_other(term::Column::Room).eq(room))
            .and_where(of_other(term::Column::Term).eq(word.as_str()))
            .and_where(of_other(term::Column::Offset).equals((last.clone(), term::Column::Offset)))
            .take();
        query.and_where(Expr::exists(has_it));
    }
    query
        .order_by((last, term::Column::Offset), Order::Desc)
        .limit(limit)
        .take()
}
