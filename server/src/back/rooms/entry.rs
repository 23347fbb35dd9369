//! An entry of a room's log, as those hear it who are there.

use serde_json::value::RawValue;

use crate::chat::{Event, Message};
use crate::store::{Kind, StoredMessage};

/// An entry as an event.
pub(super) fn event(row: &StoredMessage) -> Event<'_> {
    let &StoredMessage { offset, at, .. } = row;
    let (author, client_id, text) = (&*row.author, &*row.client_id, &*row.text);
    let target = row.target.unwrap_or_default();
    match row.kind {
        Kind::Message => Event::Message(Message {
            offset,
            author,
            client_id,
            text,
            at,
            reply_to: row.reply_to,
            mentions: json(row.mentions.as_deref()),
            version: (row.version > 0).then_some(row.version),
            edited_at: row.edited_at,
            deleted: row.deleted,
            reactions: json(row.reactions.as_deref()),
        }),
        Kind::Edit => Event::Edit {
            offset,
            target,
            text,
            mentions: json(row.mentions.as_deref()),
            author,
            client_id,
            at,
        },
        Kind::Delete => Event::Delete {
            offset,
            target,
            author,
            client_id,
            at,
        },
        Kind::React | Kind::Unreact => Event::Reaction {
            offset,
            target,
            emoji: text,
            on: row.kind == Kind::React,
            author,
            client_id,
            at,
        },
    }
}

/// What the program has written itself is JSON.
fn json(text: Option<&str>) -> Option<&RawValue> {
    serde_json::from_str(text?).ok()
}
