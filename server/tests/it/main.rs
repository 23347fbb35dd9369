//! The program from outside: over its sockets, its command line and its databases. One test program, linked once.
#![allow(
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test that can't go on may panic"
)]

mod cut;
mod database;
mod running;
mod ways;

mod bad_input;
mod chat;
mod documents;
mod every_way;
mod front;
mod http;
mod lab;
mod limits;
mod line;
mod metrics;
mod outage;
mod program;
mod scores;
mod seams;
mod slow_readers;
mod socketio;
mod store;
mod upkeep;
