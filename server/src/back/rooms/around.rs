//! Reading on both sides of an offset: to jump to a message, or to the first that wasn't read.

use std::time::Instant;

use madang_hub::Position;

use super::history::{Excerpt, Failure, HISTORY_BYTES, everything, line_of_row, lines, shorten};
use super::open::OpenRoom;
use crate::chat::Sender;

impl OpenRoom {
    /// Half of the entries from before the offset, the rest from there on.
    pub(super) async fn read_around(
        &self,
        offset: u64,
        limit: u64,
        except: Option<Sender>,
    ) -> Result<Excerpt, Failure> {
        let now = self.history().position();
        let offset = offset.min(now.offset);
        let before = limit / 2;
        let Some(store) = self.store() else {
            return Ok(self.remembered_around(offset, before, limit - before, except));
        };
        let start = offset.cast_signed();
        let mut older = store.before(self.name(), start, before).await?;
        let mut newer = store.after(self.name(), start - 1, limit - before).await?;
        // What is stored but not yet published comes by itself.
        newer
            .messages
            .retain(|row| row.offset.cast_unsigned() <= now.offset);
        shorten(&mut older, true, HISTORY_BYTES / 2);
        shorten(&mut newer, false, HISTORY_BYTES / 2);
        let except = except.map(|sender| sender.to_string());
        let rows = older.messages.iter().chain(&newer.messages);
        let last = newer.messages.last().or_else(|| older.messages.last());
        let offset = last.map_or(offset, |row| row.offset.cast_unsigned());
        Ok(Excerpt {
            messages: rows
                .filter(|row| except.as_ref() != Some(&row.sender))
                .map(line_of_row)
                .collect(),
            position: Position { offset, ..now },
            more: older.more,
            more_after: Some(newer.more),
        })
    }

    /// The same in a room that is kept in memory, where nothing is too long for an answer.
    fn remembered_around(&self, offset: u64, before: u64, after: u64, except: Option<Sender>) -> Excerpt {
        let entries = everything(self.history(), Instant::now());
        let middle = entries.partition_point(|entry| entry.offset < offset);
        let number = |count| usize::try_from(count).unwrap_or(usize::MAX);
        let start = middle.saturating_sub(number(before));
        let end = middle.saturating_add(number(after)).min(entries.len());
        let read = &entries[start..end];
        Excerpt {
            messages: lines(read, except),
            position: Position {
                offset: read.last().map_or(offset, |entry| entry.offset),
                ..self.history().position()
            },
            more: start > 0,
            more_after: Some(end < entries.len()),
        }
    }
}
