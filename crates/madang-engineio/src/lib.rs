//! Engine.IO 4 and 3: HTTP long-polling and WebSocket as one session.
//!
//! ```text
//! hyper, tower, axum ─▶ service ─▶ entry ─▶ polling ────┐
//!                                     └───▶ websocket ──┴─▶ live (one session) ◀─▶ Handler
//!                                           clock ──────────┘   Socket ◀── any task, madang-hub
//!                              proto: the session as a state machine, without clock and socket
//! ```
//!
//! * [`EngineIo`]: the server, a service of hyper 1 and of tower, or a [layer](EngineIo::layer) around another service.
//! * [`Handler`]: what is done with its sessions; [`Socket`]: the handle of one.
//! * [`Config`]: Node's options by Node's names.
//! * [`proto`]: the protocol; all there is without the feature `server`.
//!
//! ```
//! use madang_engineio::{CloseReason, Config, EngineIo, Handler, Message, Socket};
//!
//! /// Sends back what it gets.
//! struct Echo;
//!
//! impl Handler for Echo {
//!     type Session = Socket;
//!
//!     fn open(&self, socket: Socket, _request: &http::request::Parts) -> Socket {
//!         socket
//!     }
//!
//!     fn message(&self, socket: &mut Socket, message: Message) {
//!         socket.send(message);
//!     }
//!
//!     fn close(&self, _socket: Socket, _reason: CloseReason) {}
//! }
//!
//! let engine = EngineIo::new(Config::default(), Echo);
//! let app: axum::Router = axum::Router::new().fallback_service(engine);
//! ```
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_auto_cfg))]

pub mod proto;

#[cfg(feature = "server")]
mod body;
#[cfg(feature = "server")]
mod clock;
#[cfg(feature = "server")]
mod config;
#[cfg(feature = "server")]
mod cors;
#[cfg(feature = "server")]
mod entry;
#[cfg(feature = "server")]
mod handler;
#[cfg(feature = "server")]
mod http1;
#[cfg(feature = "server")]
mod id;
#[cfg(feature = "server")]
mod layer;
#[cfg(feature = "server")]
mod live;
#[cfg(feature = "server")]
mod polling;
#[cfg(feature = "server")]
mod reply;
#[cfg(feature = "server")]
mod server;
#[cfg(feature = "server")]
mod service;
#[cfg(feature = "server")]
mod socket;
#[cfg(feature = "server")]
mod websocket;

#[cfg(feature = "server")]
pub use self::{
    body::{Body, LayerBody},
    config::{AllowRequest, Config, ConnectionErrorHook, Cookie, HeadersHook, SameSite},
    cors::{Cors, CorsOrigin},
    entry::ClientAddr,
    handler::Handler,
    id::random,
    layer::{EngineIoLayer, Layered},
    service::EngineIo,
    socket::Socket,
};
pub use madang_ws::{DeflateConfig, Message, Utf8Bytes};
pub use proto::{CloseReason, ErrorCode, Protocol, TransportKind};
