//! What several test programs need.
#![allow(dead_code, unreachable_pub, reason = "each test program uses a part of it")]

pub mod database;
