//! The protocol's core: bytes against Node's, and what bad input gets.
#![allow(clippy::unwrap_used)]

mod arguments;
#[cfg(feature = "msgpack")]
mod msgpack;
mod packets;
mod recovery;
