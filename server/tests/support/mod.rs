//! What several test programs need.
#![allow(dead_code, unreachable_pub, reason = "each test program uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test that can't go on may panic")]

pub mod database;
