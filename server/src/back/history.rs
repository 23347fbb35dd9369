//! How much of the history fits into one answer.

use crate::store::{Page, StoredMessage};

/// Bytes of text that one answer to `history` holds at most, the first message aside: a quarter of what may wait for
/// a reader, who could not take 200 of the longest messages at once.
pub const HISTORY_BYTES: usize = super::QUEUED_BYTES / 4;

/// Keeps what fits into [`HISTORY_BYTES`], from the side that was asked for, and at least one message.
pub(super) fn shorten(page: &mut Page, newest_first: bool) {
    let mut space = HISTORY_BYTES;
    let mut fits = |row: &&StoredMessage| {
        let size = json_len(&row.text) + json_len(&row.author) + 200;
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
            messages: (1..=n).map(|seq| row(seq, &long)).collect(),
            more: false,
        };
        let fitting = i64::try_from(HISTORY_BYTES / (6 * 4000 + 206)).unwrap();
        let seqs = |page: &Page| {
            (
                page.messages.first().unwrap().seq,
                page.messages.last().unwrap().seq,
                page.more,
            )
        };

        let mut page = rows(200);
        shorten(&mut page, true);
        assert_eq!(seqs(&page), (201 - fitting, 200, true));
        assert!(page.messages.iter().map(|row| json_len(&row.text)).sum::<usize>() <= HISTORY_BYTES);

        let mut page = rows(200);
        shorten(&mut page, false);
        assert_eq!(seqs(&page), (1, fitting, true));

        let mut page = rows(fitting);
        shorten(&mut page, false);
        assert_eq!(seqs(&page), (1, fitting, false));

        let mut empty = Page::default();
        shorten(&mut empty, true);
        assert_eq!(empty, Page::default());
    }

    fn row(seq: i64, text: &str) -> StoredMessage {
        StoredMessage {
            room: "lobby".to_owned(),
            seq,
            author: "Kim".to_owned(),
            client_id: "c".to_owned(),
            text: text.to_owned(),
            at: 0,
        }
    }
}
