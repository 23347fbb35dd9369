//! The back: WebSocket and health. `app` has the settings and routes, `server` opens and closes, `websocket` has the
//! four events of a connection; `rooms` ties chat, store and hub together.

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
