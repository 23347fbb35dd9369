//! The program `madang`: a chat server to use at once.
//!
//! ```text
//! browser -- front (pages) ................ front/
//!    |
//!    +-- back: HTTP upgrade, WebSocket .... back/
//!              | text of one message
//!              chat: commands in, events out   chat/    (no clock, no socket, no database)
//!              | draft          | events
//!              store/           madang-hub -> the others in the room
//! ```
//!
//! `cli` and `config` say what to start, `serve` is the HTTP/1 listener that both servers share, and `run` ties them
//! together. The parts are public so that tests start them on free ports in their own process.

pub mod chat;
pub mod cli;
pub mod config;
pub mod store;
