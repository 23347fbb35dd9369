//! The asynchronous shell: connections over streams, sockets, TLS, axum and hyper, with a hub and with foreign peers.

mod cancelling;
mod closing;
mod common;
mod talking;
mod timers;
mod waiting;
