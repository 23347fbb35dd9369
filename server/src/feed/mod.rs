//! Markets from elsewhere: a feed over WebSocket, and the command that replays a file.
//!
//! ```text
//! WebSocket -> wire: messages -> session: what is new, what is missing -> WebSocketFeed, a market::Feed
//!          \- backoff: when to try again
//! madang market replay FILE -> command: both servers with that file; console: turn, terminal
//! ```

use std::time::{SystemTime, UNIX_EPOCH};

mod backoff;
pub mod command;
pub(crate) mod console;
mod session;
mod terminal;
mod turn;
mod websocket;
mod wire;

pub use backoff::{Backoff, LONGEST_DELAY, SHORTEST_DELAY};
pub use session::AHEAD_LIMIT;
pub use websocket::{FEED_EVENTS, FEED_MESSAGE_BYTES, PING_TIME, WebSocketFeed};

/// Milliseconds since 1970.
fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}
