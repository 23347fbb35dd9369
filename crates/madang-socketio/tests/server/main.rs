//! The server over real connections: what clients see on the wire, and what the application is told.
#![allow(clippy::unwrap_used)]

mod common;
mod connecting;
