//! What can be wrong: stable codes for programs, sentences for people.

use std::fmt;
use std::time::Duration;

use super::change::REACTIONS_LIMIT;
use super::command::{BATCH_LIMIT, HISTORY_LIMIT, UNREAD_ROOMS};
use super::terms::QUESTION_LEN;
use super::values::{ClientId, Name, Room, Text};
use super::visit::JOIN_TIME;

/// Why a command was refused. The strings are part of the protocol and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// Not JSON, or not an object with fields of the documented types.
    BadJson,
    /// An object whose `type` is none of the commands.
    UnknownType,
    /// A binary message.
    NotText,
    /// Another command before `join`.
    JoinExpected,
    /// A second `join`.
    AlreadyJoined,
    /// The name has nothing to be seen, or characters that control others.
    NameInvalid,
    /// The name is longer than [`Name::MAX_LEN`].
    NameTooLong,
    /// The room's name in the address is not one.
    RoomInvalid,
    /// `session` is not what a welcome gave.
    SessionInvalid,
    /// The text is empty or white space.
    TextEmpty,
    /// The text is longer than [`Text::MAX_LEN`].
    TextTooLong,
    /// The text has a NUL character, which not every database can store.
    TextInvalid,
    /// The client's id of the message is missing or not of the documented form.
    ClientIdInvalid,
    /// More than one of `after`, `before` and `around`, an `epoch` that is none, or a limit outside 1 to [`HISTORY_LIMIT`].
    HistoryInvalid,
    /// The database failed; the same command may be sent again.
    StoreUnavailable,
    /// The history doesn't reach back to the position, or is another one.
    PositionLost,
    /// A sender's id is not of the form that a welcome gives.
    SenderInvalid,
    /// The same `client_id` was sent before with another text.
    ClientIdUsed,
    /// Only the server says something in this room.
    RoomReadOnly,
    /// Too much in too short a time.
    RateLimited,
    /// `wait` is no time, or longer than allowed.
    WaitInvalid,
    /// A batch without messages, or with too many.
    BatchInvalid,
    /// The API key is none of those that were set.
    ApiKeyUnknown,
    /// A report of something that can't be wrong.
    AuditInvalid,
    /// Somebody else has written the message.
    NotYours,
    /// The room has no message at this offset.
    MessageUnknown,
    /// The message has been deleted.
    MessageDeleted,
    /// The reaction is not one emoji.
    EmojiInvalid,
    /// The message has [`REACTIONS_LIMIT`] different emojis already.
    TooManyReactions,
    /// What is looked for has no word, or is too long.
    SearchInvalid,
    /// No room is named, or more than [`UNREAD_ROOMS`].
    UnreadInvalid,
    /// The name belongs to an account that isn't theirs, or isn't that of their own.
    NameReserved,
    /// They may not be in this room.
    Banned,
    /// They may not say anything in this room.
    Muted,
    /// In this room there is time between two messages of one person.
    SlowMode,
    /// The text has a word that this room doesn't want.
    WordFiltered,
    /// The sign-in or the token that they came by is over.
    SignedOut,
}

impl Code {
    /// Every code.
    pub const ALL: [Self; 37] = [
        Self::BadJson,
        Self::UnknownType,
        Self::NotText,
        Self::JoinExpected,
        Self::AlreadyJoined,
        Self::NameInvalid,
        Self::NameTooLong,
        Self::RoomInvalid,
        Self::SessionInvalid,
        Self::TextEmpty,
        Self::TextTooLong,
        Self::TextInvalid,
        Self::ClientIdInvalid,
        Self::HistoryInvalid,
        Self::StoreUnavailable,
        Self::PositionLost,
        Self::SenderInvalid,
        Self::ClientIdUsed,
        Self::RoomReadOnly,
        Self::RateLimited,
        Self::WaitInvalid,
        Self::BatchInvalid,
        Self::ApiKeyUnknown,
        Self::AuditInvalid,
        Self::NotYours,
        Self::MessageUnknown,
        Self::MessageDeleted,
        Self::EmojiInvalid,
        Self::TooManyReactions,
        Self::SearchInvalid,
        Self::UnreadInvalid,
        Self::NameReserved,
        Self::Banned,
        Self::Muted,
        Self::SlowMode,
        Self::WordFiltered,
        Self::SignedOut,
    ];

    /// The code as it is sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadJson => "bad_json",
            Self::UnknownType => "unknown_type",
            Self::NotText => "not_text",
            Self::JoinExpected => "join_expected",
            Self::AlreadyJoined => "already_joined",
            Self::NameInvalid => "name_invalid",
            Self::NameTooLong => "name_too_long",
            Self::RoomInvalid => "room_invalid",
            Self::SessionInvalid => "session_invalid",
            Self::TextEmpty => "text_empty",
            Self::TextTooLong => "text_too_long",
            Self::TextInvalid => "text_invalid",
            Self::ClientIdInvalid => "client_id_invalid",
            Self::HistoryInvalid => "history_invalid",
            Self::StoreUnavailable => "store_unavailable",
            Self::PositionLost => "position_lost",
            Self::SenderInvalid => "sender_invalid",
            Self::ClientIdUsed => "idempotency_mismatch",
            Self::RoomReadOnly => "room_read_only",
            Self::RateLimited => "rate_limited",
            Self::WaitInvalid => "wait_invalid",
            Self::BatchInvalid => "batch_invalid",
            Self::ApiKeyUnknown => "api_key_unknown",
            Self::AuditInvalid => "audit_invalid",
            Self::NotYours => "not_yours",
            Self::MessageUnknown => "message_unknown",
            Self::MessageDeleted => "message_deleted",
            Self::EmojiInvalid => "emoji_invalid",
            Self::TooManyReactions => "too_many_reactions",
            Self::SearchInvalid => "search_invalid",
            Self::UnreadInvalid => "unread_invalid",
            Self::NameReserved => "name_reserved",
            Self::Banned => "banned",
            Self::Muted => "muted",
            Self::SlowMode => "slow_mode",
            Self::WordFiltered => "word_filtered",
            Self::SignedOut => "signed_out",
        }
    }

    /// What is said to people, with the limit that was crossed.
    pub fn message(self) -> String {
        match self {
            Self::BadJson => "not a JSON object with the documented fields".to_owned(),
            Self::UnknownType => "`type` must be join, send, edit, delete, react, read, history or typing".to_owned(),
            Self::NotText => "binary messages have no meaning here; send JSON as text".to_owned(),
            Self::JoinExpected => format!("`join` must come first, within {} s", JOIN_TIME.as_secs()),
            Self::AlreadyJoined => "this connection has joined already".to_owned(),
            Self::NameInvalid => {
                "the name must have a visible character, and none that control others".to_owned()
            }
            Self::NameTooLong => format!("the name may have at most {} characters", Name::MAX_LEN),
            Self::RoomInvalid => format!(
                "a room's name is 1 to {} letters or digits of any script, `-` or `_`",
                Room::MAX_LEN
            ),
            Self::SessionInvalid => {
                "`session` must be the one of an earlier welcome, or be left out".to_owned()
            }
            Self::TextEmpty => "the text must have a visible character".to_owned(),
            Self::TextTooLong => format!("the text may have at most {} characters", Text::MAX_LEN),
            Self::TextInvalid => "the text may not have a NUL character".to_owned(),
            Self::ClientIdInvalid => {
                format!(
                    "`client_id` must be 1 to {} of A-Z, a-z, 0-9, `_`, `-`",
                    ClientId::MAX_LEN
                )
            }
            Self::HistoryInvalid => {
                format!(
                    "history takes one of `after` (with its `epoch`), `before` and `around`, and a limit of 1 to {HISTORY_LIMIT}"
                )
            }
            Self::StoreUnavailable => "the message store does not answer; try again".to_owned(),
            Self::PositionLost => {
                "the history doesn't reach back to this position, or is another one; begin anew with the newest messages".to_owned()
            }
            Self::SenderInvalid => "a sender is the 22 characters that a welcome or a new session gives".to_owned(),
            Self::ClientIdUsed => "this `client_id` was sent before with another text; give each message its own".to_owned(),
            Self::RoomReadOnly => "only the server says something in this room".to_owned(),
            Self::RateLimited => "too much in too short a time; try again later".to_owned(),
            Self::WaitInvalid => "`wait` is a number of seconds such as `25s`, up to what the server allows".to_owned(),
            Self::BatchInvalid => format!("a batch has 1 to {BATCH_LIMIT} messages"),
            Self::ApiKeyUnknown => "this API key is not known here".to_owned(),
            Self::AuditInvalid => "a report names a room, a transport, a kind and an offset".to_owned(),
            Self::NotYours => "only its author may change a message, and a moderator delete it".to_owned(),
            Self::MessageUnknown => "there is no such message in this room".to_owned(),
            Self::MessageDeleted => "the message has been deleted".to_owned(),
            Self::EmojiInvalid => "a reaction is one emoji".to_owned(),
            Self::TooManyReactions => format!("a message may have at most {REACTIONS_LIMIT} different emojis"),
            Self::SearchInvalid => format!("what is looked for must have a word and at most {QUESTION_LEN} characters"),
            Self::UnreadInvalid => format!("`rooms` names 1 to {UNREAD_ROOMS} rooms"),
            Self::NameReserved => "this name belongs to an account; sign in to it, or choose another name".to_owned(),
            Self::Banned => "you may not be in this room".to_owned(),
            Self::Muted => "you may not say anything in this room for now".to_owned(),
            Self::SlowMode => "this room is in slow mode; say the next thing a little later".to_owned(),
            Self::WordFiltered => "the text has a word that this room doesn't want".to_owned(),
            Self::SignedOut => "the sign-in or the token of this connection is over; sign in again, or come as a guest".to_owned(),
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A command that was not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub code: Code,
    /// More exactly why, when there is more to say than [`Code::message`].
    pub detail: Option<String>,
    /// Which message it is about, if it is about one.
    pub client_id: Option<ClientId>,
    /// When the same may be tried again, if that is known.
    pub retry_after: Option<Duration>,
}

impl Refusal {
    /// [`Code::BadJson`], and what is bad about it.
    pub fn bad_json(detail: impl fmt::Display) -> Self {
        Self {
            detail: Some(format!("{}: {detail}", Code::BadJson.message())),
            ..Code::BadJson.into()
        }
    }

    /// [`Code::RateLimited`], and for how long.
    pub fn rate_limited(retry_after: Duration) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..Code::RateLimited.into()
        }
    }

    /// Adds which message it is about.
    #[must_use]
    pub fn about(self, client_id: ClientId) -> Self {
        Self {
            client_id: Some(client_id),
            ..self
        }
    }
}

impl From<Code> for Refusal {
    fn from(code: Code) -> Self {
        Self {
            code,
            detail: None,
            client_id: None,
            retry_after: None,
        }
    }
}

/// Why the server closes a connection, as the close code of RFC 6455 §7.4; 4000 to 4999 are the application's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// The server stops (1001).
    Stopping,
    /// The client reads more slowly than the room talks (1008).
    TooSlow,
    /// The client goes on and on although it's refused for going too fast (1008).
    RateLimited,
    /// The address names no room (4404): connecting again would not help.
    RoomInvalid,
    /// No `join` within [`JOIN_TIME`] (4408).
    JoinLate,
    /// They may not be in this room (4403).
    Banned,
    /// The sign-in or the token that they came by is over (4401).
    SignedOut,
}

impl Closing {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::Stopping,
        Self::TooSlow,
        Self::RateLimited,
        Self::RoomInvalid,
        Self::JoinLate,
        Self::Banned,
        Self::SignedOut,
    ];

    /// The close code.
    pub const fn code(self) -> u16 {
        match self {
            Self::Stopping => 1001,
            Self::TooSlow | Self::RateLimited => 1008,
            Self::RoomInvalid => 4404,
            Self::JoinLate => 4408,
            Self::Banned => 4403,
            Self::SignedOut => 4401,
        }
    }

    /// The close frame's reason.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Stopping => "server stopping",
            Self::TooSlow => "too slow",
            Self::RateLimited => "rate limited",
            Self::RoomInvalid => "room invalid",
            Self::JoinLate => "join expected",
            Self::Banned => "banned",
            Self::SignedOut => "signed out",
        }
    }
}
