//! The server, over real connections.
#![allow(clippy::unwrap_used)]

mod common;
mod options;
mod polling;
mod upgrade;
mod version3;
mod websocket;
