//! Real-time for Rust: WebSocket and Socket.IO connections, the rooms they meet in, and fan-out that is encoded once.
//!
//! * [`ws`]: RFC 6455 and RFC 7692, server and client. [`server`], [`axum`] and [`client`] open connections.
//! * [`socketio`]: Socket.IO's server; [`engineio`] underneath: long-polling and WebSocket as one session.
//! * [`hub`]: who gets a message, once, in order, never its sender.
//!
//! A [`Message`] is a publication of the hub by `into()`, and a connection's [`Sender`] is a member of it by
//! [`recipient`](Sender::recipient). What a room's server looks like is on the repository's front page.
#![forbid(unsafe_code)]

#[cfg(feature = "socketio")]
pub use madang_engineio as engineio;
pub use madang_hub as hub;
#[cfg(feature = "socketio")]
pub use madang_socketio as socketio;
pub use madang_ws as ws;

pub use hub::{Flusher, Hub, Membership, Policy, Publication, RoomName, SessionId};
pub use ws::{
    CloseCode, CloseFrame, Error, KeepAlive, Limits, Message, Receiver, Sender, Utf8Bytes, WebSocket,
};

#[cfg(feature = "axum")]
pub use ws::axum;
#[cfg(feature = "client")]
pub use ws::client;
pub use ws::server;

/// The front page's examples, compiled.
#[cfg(all(doctest, feature = "axum", feature = "client", feature = "socketio"))]
#[doc = include_str!("../../../README.md")]
struct FrontPage;

/// The examples of the page for those who come from Node, compiled.
#[cfg(all(doctest, feature = "axum", feature = "client", feature = "msgpack"))]
#[doc = include_str!("../../../docs/coming-from-node.md")]
struct ComingFromNode;

/// The examples of the page for those who come from socketioxide, compiled.
#[cfg(all(doctest, feature = "axum", feature = "client", feature = "msgpack"))]
#[doc = include_str!("../../../docs/coming-from-socketioxide.md")]
struct ComingFromSocketioxide;
