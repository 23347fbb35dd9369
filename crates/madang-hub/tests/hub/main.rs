//! The hub as its users see it.
#![cfg(not(loom))]
#![allow(clippy::unwrap_used)] // clippy knows test functions, not what they call

mod audience;
mod common;
mod faults;
mod history;
mod limits;
mod notices;
mod outbox;
mod policies;
mod threads;
mod turns;
