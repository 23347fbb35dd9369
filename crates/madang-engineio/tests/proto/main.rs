//! The protocol without clock and socket.
#![allow(clippy::unwrap_used)]

mod handshake;
mod packets;
mod payloads;
mod session;
mod timing;
