//! The server over real connections: what clients see on the wire, and what the application is told.
#![allow(clippy::unwrap_used)]

mod acknowledging;
mod broadcasting;
mod clustering;
mod common;
mod connecting;
mod dynamic;
mod emitting;
mod fetching;
mod leaving;
mod limits;
mod listening;
#[cfg(feature = "msgpack")]
mod msgpack;
mod recovering;
mod rooms;
mod serving;
mod slow;
mod table;
mod version2;
