//! Reading back what was said: from memory as far as it reaches, then from the store.

use madang_hub::{Entry, Epoch, History, Lost, LostReason, Position, WireForm};
use serde_json::value::RawValue;
use std::time::Instant;
use thiserror::Error;

use super::entry::event;
use super::guest::State;
use super::hub_session;
use super::open::OpenRoom;
use crate::chat::{Code, Line, Place, Range, Refusal, Sender};
use crate::store::{Page, StoreError, StoredMessage};

/// Bytes of text that one answer holds at most, the first message aside: a quarter of what may wait for a reader, who could not take 200 of the longest
/// messages at once.
pub const HISTORY_BYTES: usize = crate::back::QUEUED_BYTES / 4;

/// What each message takes beside its text, its author's name and its lists, at most.
const MESSAGE_OVERHEAD: usize = 300;

/// Part of a room's messages.
#[derive(Debug)]
pub(in crate::back) struct Excerpt {
    /// Ascending.
    pub(in crate::back) messages: Vec<Line>,
    /// Up to where somebody knows the room who has read these and everything before.
    pub(in crate::back) position: Position,
    /// Whether there are further ones in the direction that was asked for.
    pub(in crate::back) more: bool,
    /// Around an offset: `more` is about older ones, and this is whether there are newer ones.
    pub(in crate::back) more_after: Option<bool>,
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
            Place::Around(_) if epoch != now.epoch => Err(self.lost(epoch).into()),
            Place::Around(offset) => {
                self.read_around(offset.cast_unsigned(), range.limit, except)
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
        let remembered = self.remembered(&self.state(), since);
        match remembered {
            Ok(entries) => Ok(excerpt(&entries, since, limit, except)),
            Err(lost) => self.stored_after(lost, since, limit, except).await,
        }
    }

    /// What memory has behind a position, if all of that is as it is now.
    ///
    /// # Errors
    /// Memory doesn't reach back so far, or a message behind the position has been changed: the store knows.
    pub(super) fn remembered(&self, state: &State, since: Position) -> Result<Vec<Entry>, Lost> {
        let entries = self.history().since(Instant::now(), since)?;
        self.as_it_is(state, since, entries)
    }

    /// The same for what memory had when it was asked.
    pub(super) fn as_it_is<T>(&self, state: &State, since: Position, entries: T) -> Result<T, Lost> {
        if since.offset >= state.changed {
            return Ok(entries);
        }
        let newest = self.history().position();
        Err(Lost {
            reason: LostReason::Expired,
            oldest: Position {
                offset: state.changed,
                ..newest
            },
            newest,
        })
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
                let entries = everything(self.history(), Instant::now());
                let end = entries.partition_point(|entry| entry.offset < offset);
                Ok(excerpt_before(
                    &entries[..end],
                    offset,
                    self.history().position().epoch,
                    limit,
                    except,
                ))
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
        shorten(&mut page, since.is_none(), HISTORY_BYTES);
        let epoch = self.history().position().epoch;
        let last = page.messages.last().map(|row| row.offset.cast_unsigned());
        let offset = match since {
            // Where the end has been deleted from the store, it has been read all the same.
            Some(since) if !page.more => since.offset.max(before.saturating_sub(1)),
            Some(since) => last.unwrap_or(since.offset),
            None => last.unwrap_or_default(),
        };
        let except = except.map(|sender| sender.to_string());
        Excerpt {
            messages: page
                .messages
                .iter()
                .filter(|row| except.as_ref() != Some(&row.sender))
                .map(line_of_row)
                .collect(),
            position: Position { offset, epoch },
            more: page.more,
            more_after: None,
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

/// As many entries as fit into an answer, the oldest of them.
fn excerpt(entries: &[Entry], since: Position, limit: u64, except: Option<Sender>) -> Excerpt {
    let fitting = fitting(entries.iter(), limit, except);
    let read = &entries[..fitting];
    Excerpt {
        messages: lines(read, except),
        position: Position {
            offset: read.last().map_or(since.offset, |entry| entry.offset),
            ..since
        },
        more: fitting < entries.len(),
        more_after: None,
    }
}

/// As many entries as fit into an answer, the newest of those before an offset.
fn excerpt_before(
    entries: &[Entry],
    before: u64,
    epoch: Epoch,
    limit: u64,
    except: Option<Sender>,
) -> Excerpt {
    let fitting = fitting(entries.iter().rev(), limit, except);
    let read = &entries[entries.len() - fitting..];
    Excerpt {
        messages: lines(read, except),
        position: Position {
            offset: before.saturating_sub(1),
            epoch,
        },
        more: fitting < entries.len(),
        more_after: None,
    }
}

/// How many entries fit into an answer with so many messages.
fn fitting<'a>(entries: impl Iterator<Item = &'a Entry>, limit: u64, except: Option<Sender>) -> usize {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let (mut messages, mut space) = (0, HISTORY_BYTES);
    entries
        .take_while(|entry| {
            let size = entry.publication.encoded(WireForm::Json).len();
            if messages == limit || (size > space && messages > 0) {
                return false;
            }
            if !is_of(entry, except) {
                messages += 1;
                space = space.saturating_sub(size);
            }
            true
        })
        .count()
}

/// The messages of entries, without what `except` said.
pub(super) fn lines(entries: &[Entry], except: Option<Sender>) -> Vec<Line> {
    let others = entries.iter().filter(|entry| !is_of(entry, except));
    let line_of = |entry: &Entry| {
        let json = String::from_utf8_lossy(entry.publication.encoded(WireForm::Json));
        // What the program has written itself is JSON.
        let json = RawValue::from_string(json.into_owned()).ok()?;
        let offset = entry.offset;
        Some(Line { offset, json })
    };
    others.filter_map(line_of).collect()
}

pub(super) fn is_of(entry: &Entry, sender: Option<Sender>) -> bool {
    sender.is_some_and(|sender| entry.except.contains(&hub_session(sender)))
}

/// All that a history remembers now. What age takes, or others who publish, is only known when it's asked for.
pub(super) fn everything(history: &History, now: Instant) -> Vec<Entry> {
    let mut oldest = history.oldest();
    loop {
        match history.since(now, oldest) {
            Ok(entries) => return entries,
            Err(lost) => oldest = lost.oldest,
        }
    }
}

pub(super) fn line_of_row(row: &StoredMessage) -> Line {
    Line {
        offset: row.offset.cast_unsigned(),
        json: event(row).write().item(),
    }
}

/// Keeps what fits into so many bytes, from the side that was asked for, and at least one message.
pub(super) fn shorten(page: &mut Page, newest_first: bool, bytes: usize) {
    let mut space = bytes;
    let mut fits = |row: &&StoredMessage| {
        let lists = [&row.mentions, &row.reactions]
            .into_iter()
            .flatten()
            .map(String::len);
        let size = json_len(&row.text) + json_len(&row.author) + lists.sum::<usize>() + MESSAGE_OVERHEAD;
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
    use bytes::Bytes;
    use madang_hub::{Encode, HistoryLimits, Hub, Publication, RoomName};

    use super::*;
    use crate::store::Draft;

    #[test]
    fn a_page_of_long_messages_is_shortened_on_the_far_side() {
        let long = "\u{1}".repeat(4000);
        let rows = |n: i64| Page {
            messages: (1..=n).map(|offset| row(offset, &long)).collect(),
            more: false,
        };
        let fitting = i64::try_from(HISTORY_BYTES / (6 * 4000 + 303)).unwrap();
        let offsets = |page: &Page| {
            (
                page.messages.first().unwrap().offset,
                page.messages.last().unwrap().offset,
                page.more,
            )
        };

        let mut page = rows(200);
        shorten(&mut page, true, HISTORY_BYTES);
        assert_eq!(offsets(&page), (201 - fitting, 200, true));
        assert!(page.messages.iter().map(|row| json_len(&row.text)).sum::<usize>() <= HISTORY_BYTES);

        let mut page = rows(200);
        shorten(&mut page, false, HISTORY_BYTES);
        assert_eq!(offsets(&page), (1, fitting, true));

        let mut page = rows(fitting);
        shorten(&mut page, false, HISTORY_BYTES);
        assert_eq!(offsets(&page), (1, fitting, false));

        let mut empty = Page::default();
        shorten(&mut empty, true, HISTORY_BYTES);
        assert_eq!(empty, Page::default());
    }

    struct Text(String);

    impl Encode for Text {
        fn encode(&self, form: WireForm) -> Bytes {
            match form {
                WireForm::Json => self.0.clone().into(),
                _ => Bytes::new(),
            }
        }

        fn size_hint(&self) -> Option<usize> {
            Some(self.0.len())
        }
    }

    /// A history in memory alone, in which so many messages of this many bytes have been said at `at`.
    fn history(at: Instant, count: u64, bytes: usize) -> History {
        let (hub, _flusher) = Hub::new();
        let start = Position {
            offset: 0,
            epoch: Epoch::new(7),
        };
        let room = RoomName::try_from("lab-1").unwrap();
        let history = History::new(&hub, &room, start, HistoryLimits::default());
        for _ in 0..count {
            history.publish(at, &[], |_| Publication::new(Text(format!("{:bytes$}", 0))));
        }
        history
    }

    #[test]
    fn what_has_aged_away_is_not_missed_by_who_wants_what_there_is() {
        let then = Instant::now();
        let age = HistoryLimits::default().age;
        let history = history(then, 3, 100);
        assert_eq!(everything(&history, then + age).len(), 3);
        assert_eq!(everything(&history, then + 2 * age).len(), 0);
        history.publish(then + 2 * age, &[], |_| Publication::new(Text("4".to_owned())));
        let entries = everything(&history, then + 2 * age);
        let excerpt = excerpt_before(&entries, 5, Epoch::new(7), 50, None);
        assert_eq!(
            (excerpt.messages.len(), excerpt.position.offset, excerpt.more),
            (1, 4, false)
        );
    }

    #[test]
    fn an_excerpt_of_long_messages_is_shortened_on_the_far_side() {
        let now = Instant::now();
        let entries = everything(&history(now, 100, HISTORY_BYTES / 10), now);
        let offsets = |excerpt: &Excerpt| {
            excerpt
                .messages
                .iter()
                .map(|line| line.offset)
                .collect::<Vec<_>>()
        };
        assert!(entries.len() > 20, "{}", entries.len());

        let before = excerpt_before(&entries, 101, Epoch::new(7), 50, None);
        assert_eq!(offsets(&before), (91..=100).collect::<Vec<_>>());
        assert_eq!((before.position.offset, before.more), (100, true));

        let since = Position {
            offset: entries[0].offset - 1,
            epoch: Epoch::new(7),
        };
        let after = excerpt(&entries, since, 50, None);
        assert_eq!(
            offsets(&after),
            (since.offset + 1..=since.offset + 10).collect::<Vec<_>>()
        );
        assert_eq!((after.position.offset, after.more), (since.offset + 10, true));

        assert_eq!(
            offsets(&excerpt_before(&entries, 101, Epoch::new(7), 3, None)),
            [98, 99, 100]
        );
        assert_eq!(offsets(&excerpt(&entries, since, 3, None)).len(), 3);
    }

    fn row(offset: i64, text: &str) -> StoredMessage {
        let draft = Draft {
            author: "Kim".to_owned(),
            text: text.to_owned(),
            ..Draft::default()
        };
        draft.at(offset)
    }
}
