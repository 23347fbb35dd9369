//! The back: WebSocket, Socket.IO and health.
//!
//! ```text
//! app           settings and routes           server    opens and closes
//! websocket     the plain way to a room       socketio  the one over Socket.IO
//! conversation  what both have in common      seat      who came which way, as a member of the hub
//! rooms         chat, store and hub together  history   how much of it fits into one answer
//! ```

mod app;
mod conversation;
mod history;
mod http;
mod rooms;
mod seat;
mod server;
mod socketio;
mod websocket;

pub use app::{BackSettings, CHAT_MESSAGE_BYTES, QUEUED_BYTES, RELAY_MESSAGE_BYTES};
pub use history::HISTORY_BYTES;
pub use server::{Back, DRAIN_TIME};
pub use socketio::WAITING_COMMANDS;
