//! The asynchronous shell: connections over streams, sockets, TLS, axum and hyper, with a hub and with foreign peers.
#![allow(clippy::unwrap_used)] // clippy's exception for tests doesn't reach their helpers

mod cancelling;
mod client;
mod closing;
mod codes;
mod common;
mod compression;
mod foreign;
mod handshake;
mod http;
mod hub;
mod limits;
mod slow;
mod stress;
mod talking;
mod timers;
mod tls;
mod waiting;
