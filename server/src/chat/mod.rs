//! The chat: commands and time in, events out. No HTTP, no socket, no database, no clock of its own.
//!
//! ```text
//! text of one message -> Visit::receive -> Request  (or a Refusal with its Code)
//!                                            |
//!                        Presence: who is here, who is typing -> Event -> JSON
//!
//! Who (an account, a guest) -> Rules of a room: may they be here, say this?      Action of a moderator -> other Rules
//! ```
//!
//! `docs/chat-protocol.md` describes the messages; a test keeps its list of codes true.

mod change;
mod code;
mod command;
mod credentials;
mod emoji;
mod event;
mod mention;
mod moderation;
mod objection;
mod person;
mod presence;
mod reading;
mod rules;
mod terms;
mod values;
mod visit;
mod words;

pub use change::{Change, REACTION_NAMES, REACTIONS_LIMIT};
pub use code::{Closing, Code, Refusal};
pub use command::{
    BATCH_LIMIT, Command, Fields, HISTORY_DEFAULT, HISTORY_LIMIT, MAX_OFFSET, Place, Range, UNREAD_ROOMS,
    message_at,
};
pub use credentials::{API_TOKEN, Label, Password, Secret, SecretHash};
pub use emoji::Emoji;
pub use event::{Event, Line, Message, Written};
pub use mention::{MENTIONS_LIMIT, mentions, possible_mentions};
pub use moderation::{
    Action, LONGEST_SANCTION, LONGEST_SLOW, REASON_LEN, Reason, SANCTIONS_LIMIT, Sanction, SanctionKind,
};
pub use objection::{Objection, REPORTS_LIMIT, TOKENS_LIMIT};
pub use person::{Account, AccountId, NameKey, Person, Role, Who};
pub use presence::{LEASE, LOOK_IN_LEASE, LOST_NAMES, NAMES_LISTED, Presence, TYPING_INTERVAL};
pub use reading::{Marker, READ_INTERVAL, READERS_KEPT, READERS_LISTED, Reader, Reading};
pub use rules::{Act, Rules, Slow, Turn};
pub use terms::{QUESTION_LEN, QUESTION_TERMS, Question, TERM_LEN, TERMS_LIMIT, terms};
pub use values::{ClientId, Name, Room, Sender, Session, Text};
pub use visit::{JOIN_TIME, Visit};
pub use words::Words;
