//! Reading back what was said: from memory as far as it reaches, then from the store.

use madang_hub::{Entry, Epoch, Lost, LostReason, Position, SessionId, WireForm};
use serde_json::value::RawValue;
use std::time::Instant;
use thiserror::Error;

use super::open::OpenRoom;
use crate::chat::{Code, Line, Message, Place, Range, Refusal, Sender};
use crate::store::{Page, StoreError, StoredMessage};

/// Bytes of text that one answer holds at most, the first message aside: a quarter of what may wait for a reader, who could not take 200 of the longest
/// messages at once.
pub const HISTORY_BYTES: usize = crate::back::QUEUED_BYTES / 4;

/// What each message takes beside its text and its author's name, at most.
const MESSAGE_OVERHEAD: usize = 200;

/// Part of a room's messages.
#[derive(Debug)]
pub(in crate::back) struct Excerpt {
    /// Ascending.
    pub(in crate::back) messages: Vec<Line>,
    /// Up to where somebody knows the room who has read these and everything before.
    pub(in crate::back) position: Position,
    /// Whether there are further ones in the direction that was asked for.
    pub(in crate::back) more: bool,
}

/// Why it can't be read.
#[derive(Debug, Error)]
pub(in crate::back) enum Failure {
    /// The history doesn't reach back so far, or is another one.
    #[error(transparent)]
    Lost(#[from] Lost),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Lost(_) => Code::PositionLost.into(),
            Failure::Store(error) => {
                tracing::error!(%error, "the store failed");
                Code::StoreUnavailable.into()
            }
        }
    }
}

impl OpenRoom {
    /// Reads a part of the history, without what `except` said.
    pub(in crate::back) async fn read(
        &self,
        range: Range,
        except: Option<Sender>,
    ) -> Result<Excerpt, Failure> {
        let now = self.history().position();
        let epoch = range.epoch.unwrap_or(now.epoch);
        match range.place {
            Place::After(offset) => {
                let since = self.of_today(Position {
                    offset: offset.cast_unsigned(),
                    epoch,
                });
                self.read_after(since, range.limit, except).await
            }
            Place::Before(_) | Place::Newest if epoch != now.epoch => Err(self.lost(epoch).into()),
            Place::Before(offset) => {
                self.read_before(offset.cast_unsigned(), range.limit, except)
                    .await
            }
            Place::Newest => self.read_before(now.offset + 1, range.limit, except).await,
        }
    }

    /// At the beginning nothing can have been missed, of whichever life of the room that was the beginning.
    pub(in crate::back) fn of_today(&self, position: Position) -> Position {
        match position.offset {
            0 => Position {
                epoch: self.history().position().epoch,
                ..position
            },
            _ => position,
        }
    }

    async fn read_after(
        &self,
        since: Position,
        limit: u64,
        except: Option<Sender>,
    ) -> Result<Excerpt, Failure> {
        match self.history().since(Instant::now(), since) {
            Ok(entries) => Ok(excerpt(&entries, since, limit, except)),
            Err(lost) => self.stored_after(lost, since, limit, except).await,
        }
    }

    /// What is in the store behind a position that memory doesn't reach.
    pub(in crate::back) async fn stored_after(
        &self,
        lost: Lost,
        since: Position,
        limit: u64,
        except: Option<Sender>,
    ) -> Result<Excerpt, Failure> {
        let Some(store) = self.store() else {
            return Err(lost.into());
        };
        if lost.reason != LostReason::Expired {
            // The store has all of it.
            let oldest = Position {
                offset: 0,
                ..lost.oldest
            };
            return Err(Lost { oldest, ..lost }.into());
        }
        let page = store
            .after(self.name(), since.offset.cast_signed(), limit)
            .await?;
        // What is stored but not yet published comes by itself.
        Ok(self.of_page(page, Some(since), lost.newest.offset + 1, except))
    }

    async fn read_before(&self, offset: u64, limit: u64, except: Option<Sender>) -> Result<Excerpt, Failure> {
        let offset = offset.min(self.history().position().offset + 1);
        match self.store() {
            Some(store) => {
                let page = store.before(self.name(), offset.cast_signed(), limit).await?;
                Ok(self.of_page(page, None, offset, except))
            }
            None => {
                let oldest = self.history().oldest();
                let entries = self.history().since(Instant::now(), oldest)?;
                let entries: Vec<_> = entries
                    .into_iter()
                    .filter(|entry| entry.offset < offset)
                    .collect();
                let first = entries
                    .len()
                    .saturating_sub(usize::try_from(limit).unwrap_or(usize::MAX));
                let mut excerpt = excerpt(&entries[first..], oldest, u64::MAX, except);
                excerpt.more = first > 0;
                Ok(excerpt)
            }
        }
    }

    fn of_page(
        &self,
        mut page: Page,
        since: Option<Position>,
        before: u64,
        except: Option<Sender>,
    ) -> Excerpt {
        page.messages.retain(|row| row.offset.cast_unsigned() < before);
        shorten(&mut page, since.is_none());
        let epoch = self.history().position().epoch;
        let last = page.messages.last().map(|row| row.offset.cast_unsigned());
        let offset = last
            .or_else(|| since.map(|since| since.offset))
            .unwrap_or_default();
        let except = except.map(|sender| sender.to_string());
        Excerpt {
            messages: page
                .messages
                .iter()
                .filter(|row| except.as_ref() != Some(&row.sender))
                .filter_map(|row| line(row.offset.cast_unsigned(), serde_json::to_string(&message(row))))
                .collect(),
            position: Position { offset, epoch },
            more: page.more,
        }
    }

    fn lost(&self, epoch: Epoch) -> Lost {
        let somewhere = Position { offset: 1, epoch };
        self.history()
            .since(Instant::now(), somewhere)
            .err()
            .unwrap_or_else(|| unreachable!("another epoch is always lost"))
    }
}

/// As many entries as fit into an answer.
fn excerpt(entries: &[Entry], since: Position, limit: u64, except: Option<Sender>) -> Excerpt {
    let except = except.map(|sender| SessionId::new(sender.as_u128()));
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut excerpt = Excerpt {
        messages: Vec::new(),
        position: since,
        more: false,
    };
    let mut space = HISTORY_BYTES;
    for entry in entries {
        let json = entry.publication.encoded(WireForm::Json);
        let fits = space.checked_sub(json.len());
        if excerpt.messages.len() == limit || (fits.is_none() && !excerpt.messages.is_empty()) {
            excerpt.more = true;
            break;
        }
        space = fits.unwrap_or_default();
        excerpt.position.offset = entry.offset;
        if except.is_some_and(|session| entry.except.contains(&session)) {
            continue;
        }
        let json = String::from_utf8_lossy(json).into_owned();
        excerpt.messages.extend(line(entry.offset, Ok(json)));
    }
    excerpt
}

/// What the program has written itself is JSON.
fn line(offset: u64, json: serde_json::Result<String>) -> Option<Line> {
    let json = RawValue::from_string(json.ok()?).ok()?;
    Some(Line { offset, json })
}

/// A row as a message.
pub(super) fn message(row: &StoredMessage) -> Message<'_> {
    Message {
        offset: row.offset,
        author: &row.author,
        client_id: &row.client_id,
        text: &row.text,
        at: row.at,
    }
}

/// Keeps what fits into [`HISTORY_BYTES`], from the side that was asked for, and at least one message.
fn shorten(page: &mut Page, newest_first: bool) {
    let mut space = HISTORY_BYTES;
    let mut fits = |row: &&StoredMessage| {
        let size = json_len(&row.text) + json_len(&row.author) + MESSAGE_OVERHEAD;
        space.checked_sub(size).map(|rest| space = rest).is_some()
    };
    let rows = page.messages.iter();
    let fitting = if newest_first {
        rows.rev().take_while(&mut fits).count()
    } else {
        rows.take_while(&mut fits).count()
    };
    let surplus = page.messages.len().saturating_sub(fitting.max(1));
    page.more |= surplus > 0;
    if newest_first {
        page.messages.drain(..surplus);
    } else {
        page.messages.truncate(page.messages.len() - surplus);
    }
}

/// Bytes of a text in JSON (RFC 8259 §7), at most.
fn json_len(text: &str) -> usize {
    let escaped = |byte| match byte {
        0..0x20 => 6,
        b'"' | b'\\' => 2,
        _ => 1,
    };
    text.bytes().map(escaped).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_long_messages_is_shortened_on_the_far_side() {
        let long = "\u{1}".repeat(4000);
        let rows = |n: i64| Page {
            messages: (1..=n).map(|offset| row(offset, &long)).collect(),
            more: false,
        };
        let fitting = i64::try_from(HISTORY_BYTES / (6 * 4000 + 206)).unwrap();
        let offsets = |page: &Page| {
            (
                page.messages.first().unwrap().offset,
                page.messages.last().unwrap().offset,
                page.more,
            )
        };

        let mut page = rows(200);
        shorten(&mut page, true);
        assert_eq!(offsets(&page), (201 - fitting, 200, true));
        assert!(page.messages.iter().map(|row| json_len(&row.text)).sum::<usize>() <= HISTORY_BYTES);

        let mut page = rows(200);
        shorten(&mut page, false);
        assert_eq!(offsets(&page), (1, fitting, true));

        let mut page = rows(fitting);
        shorten(&mut page, false);
        assert_eq!(offsets(&page), (1, fitting, false));

        let mut empty = Page::default();
        shorten(&mut empty, true);
        assert_eq!(empty, Page::default());
    }

    fn row(offset: i64, text: &str) -> StoredMessage {
        StoredMessage {
            room: "lobby".to_owned(),
            offset,
            author: "Kim".to_owned(),
            client_id: "c".to_owned(),
            sender: String::new(),
            text: text.to_owned(),
            at: 0,
        }
    }
}
