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
//! `cli` and `config` say what to start, `listener` is the HTTP/1 listener of both servers, `run` opens and closes
//! them. `lab` is the transport laboratory, whose lines lead to the back like any client; `load` puts simulated clients on a
//! room, for the laboratory and on the command line. `upkeep` is what is done to the database by hand. The parts are public so that tests start them on free ports in their own process.

pub mod account;
pub mod back;
pub mod chat;
pub mod cli;
pub mod config;
pub mod feed;
pub mod front;
pub mod lab;
pub mod listener;
pub mod load;
pub mod logging;
pub mod market;
mod random;
pub mod run;
pub mod scores;
pub mod seats;
pub mod store;
pub mod upkeep;
mod whole;
