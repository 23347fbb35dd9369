//! The back: WebSocket, Socket.IO, HTTP.
//!
//! ```text
//! app           settings and routes           server    opens and closes
//! websocket     the plain way to a room       socketio  the one over Socket.IO
//! commands      Socket.IO's, in every namespace
//! conversation  what both have in common      http      the ways without a socket: polling, long-polling, Server-Sent Events
//! rooms         chat, store and hub together  limits    how much may be asked for and said
//! metrics       what has happened, in numbers lab       how the laboratory publishes
//! scores        matches that are told in rooms        market    the market, live
//! seats         reservation at work
//! people        accounts, who asks, who keeps order   passwords     hashing them
//! tidying       what is done on the side, a little at a time
//! ```

mod app;
mod commands;
mod conversation;
mod http;
mod lab;
mod limits;
mod market;
mod metrics;
mod passwords;
mod people;
mod rooms;
mod scores;
mod seats;
mod server;
mod socketio;
mod tidying;
mod websocket;

pub use app::{BackSettings, CHAT_MESSAGE_BYTES, QUEUED_BYTES, RELAY_MESSAGE_BYTES};
pub use commands::WAITING_COMMANDS;
pub use limits::{API_KEY_TIMES, RATE_WINDOW, REFUSALS, RateLimits};
pub use market::{
    ARRIVING_EVENTS, BAR_TIME, BARS_LIMIT, FORGET_ROWS, FeedSource, IDLE_CHARTS, MARKET_MESSAGE_BYTES,
    MarketSettings, RETENTION, TURN_TIME, UNSAVED_BARS, WATCH_LIMIT,
};
pub use people::{add_account, reset_password, set_admin};
pub use rooms::HISTORY_BYTES;
pub use scores::{MATCHES_LIMIT, OperatorPassword, ScoresSettings, YARD};
pub use seats::{ALLOTMENT_TIME, SeatsSettings};
pub use server::{Back, DRAIN_TIME};
pub use tidying::GUEST_MARKERS_TIME;
