//! The program from outside: over its sockets, its command line and its databases. One test program, linked once.
#![allow(
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test that can't go on may panic"
)]

mod asked;
mod cut;
mod database;
mod deeds;
mod market_viewer;
mod running;
mod sent_away;
mod told_feed;
mod ways;

mod bad_input;
mod chat;
mod documents;
mod entries;
mod entries_store;
mod every_way;
mod feed_server;
mod feeds;
mod front;
mod http;
mod lab;
mod limits;
mod limits_socketio;
mod line;
mod market;
mod market_bounds;
mod market_listed;
mod market_outage;
mod market_store;
mod metrics;
mod moderation;
mod moderation_elsewhere;
mod organiser;
mod outage;
mod outage_everywhere;
mod paging;
mod password_prompt;
mod patience;
mod people;
mod people_store;
mod presence;
mod program;
mod reading;
mod replay;
mod scores;
mod seams;
mod search;
mod seats;
mod seats_asking;
mod seats_crowds;
mod seats_events;
mod seats_input;
mod seats_outage;
mod seats_payments;
mod seats_refunds;
mod seats_tables;
mod seats_told;
mod seats_waiting;
mod signed_out;
mod slow_mode;
mod slow_readers;
mod socketio;
mod store;
mod tidying;
mod unchanged;
mod unread;
mod upkeep;
