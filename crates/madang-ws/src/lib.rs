//! WebSocket (RFC 6455) with permessage-deflate (RFC 7692), server and client.
//!
//! ```text
//! bytes ◀─▶ transport ◀─▶ proto (no clock, no socket) ◀─▶ WebSocket ◀─▶ you
//!                              ▲                      Sender ◀─── any task
//!          server client axum ─┘ handshake              └─ Recipient ◀─── madang-hub
//! ```
//!
//! * [`proto`]: the protocol as state machines; all there is without the feature `shell`.
//! * [`WebSocket`]: a connection, as `recv`/`send`, `Stream` and `Sink`. [`Sender`] sends from any task, and puts the connection into a
//!   hub's rooms.
//! * [`server`]: accepting, from a bare stream, from any hyper or tower service, or as an [`axum`] extractor.
//! * [`client`]: connecting to `ws://` and `wss://`, or over any stream.
//!
//! Every bound is a field of [`Limits`]. A connection that waits holds no buffer.
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_auto_cfg))]

pub mod proto;

pub use proto::handshake::AllowedOrigins;
pub use proto::{CloseCode, CloseFrame, DeflateConfig, KeepAlive, Limits, Message, Utf8Bytes};

#[cfg(feature = "axum")]
pub mod axum;
#[cfg(feature = "client")]
pub mod client;
#[cfg(feature = "shell")]
mod clock;
#[cfg(feature = "shell")]
mod driver;
#[cfg(feature = "shell")]
mod error;
#[cfg(any(feature = "server", feature = "client"))]
mod http1;
#[cfg(feature = "shell")]
mod publication;
#[cfg(feature = "shell")]
mod sender;
#[cfg(feature = "server")]
pub mod server;
#[cfg(feature = "shell")]
mod shared;
#[cfg(feature = "shell")]
mod transport;
#[cfg(feature = "shell")]
mod wakers;
#[cfg(feature = "shell")]
mod websocket;

#[cfg(feature = "shell")]
pub use self::{
    error::Error,
    sender::Sender,
    websocket::{Receiver, WebSocket},
};
