//! The protocol without a clock or a socket.
//!
//! ```text
//! bytes ─▶ Incoming ─▶ Event ─▶ Outgoing ─▶ bytes       (Connection joins the two)
//!            │  frame  mask  utf8  message  deflate        │
//!            └─ limits ── error ── close ──────────────────┘
//! handshake + extension: HTTP headers in, HTTP headers out
//! ```
//!
//! One calling convention: [`receive`](Connection::receive) what arrived, then
//! [`poll_event`](Connection::poll_event) until there is nothing more, write what
//! [`poll_transmit`](Connection::poll_transmit) returns, and call
//! [`handle_timeout`](Connection::handle_timeout) when
//! [`poll_timeout`](Connection::poll_timeout) says. Time is always an argument.

mod close;
mod connection;
mod deflate;
mod error;
mod extension;
mod frame;
pub mod handshake;
mod incoming;
mod limits;
mod mask;
mod message;
mod outgoing;
mod utf8;

pub use close::{CloseCode, CloseFrame};
pub use connection::Connection;
pub use deflate::once as deflate_once;
pub use deflate::{Deflate, DeflateConfig};
pub use error::{Fault, LimitExceeded, Violation};
pub use frame::{Header, OpCode, Role};
pub use incoming::{Event, Incoming};
pub use limits::{Config, KeepAlive, Limits};
pub use message::{Message, Utf8Bytes};
pub use outgoing::{Frame, Outgoing, Refused, TimedOut};
