//! The chat: commands and time in, events out. No HTTP, no socket, no database, no clock of its own.
//!
//! ```text
//! text of one message -> Visit::receive -> Request  (or a Refusal with its Code)
//!                                            |
//!                        Presence: who is here, who is typing -> Event -> JSON
//! ```
//!
//! `docs/chat-protocol.md` describes the messages; a test keeps its list of codes true.

mod code;
mod command;
mod event;
mod presence;
mod values;
mod visit;

pub use code::{Closing, Code, Refusal};
pub use command::{BATCH_LIMIT, Command, Fields, HISTORY_DEFAULT, HISTORY_LIMIT, MAX_OFFSET, Place, Range};
pub use event::{Event, Line, Message, Written};
pub use presence::{LEASE, LOST_NAMES, NAMES_LISTED, Presence, TYPING_INTERVAL};
pub use values::{ClientId, Name, Room, Sender, Session, Text};
pub use visit::{JOIN_TIME, Visit};
