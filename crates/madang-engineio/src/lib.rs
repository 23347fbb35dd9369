//! Engine.IO 4 and 3: long-polling and WebSocket as one session.
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_auto_cfg))]

pub mod proto;

#[cfg(feature = "server")]
mod config;
#[cfg(feature = "server")]
mod handler;
#[cfg(feature = "server")]
mod service;
#[cfg(feature = "server")]
mod socket;

#[cfg(feature = "server")]
pub use self::{config::Config, handler::Handler, service::EngineIo, socket::Socket};
pub use madang_ws::{Message, Utf8Bytes};
pub use proto::{CloseReason, Protocol, TransportKind};
