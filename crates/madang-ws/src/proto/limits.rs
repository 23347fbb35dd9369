//! Every bound of a connection, in one place.

use super::{Deflate, Role};
use std::time::Duration;

/// What one connection may cost. Crossing a limit has a documented end: see
/// each field, and `docs/error-codes.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Payload bytes of one frame, as sent (compressed, if it is). Beyond: close 1009.
    ///
    /// Default 16 MiB: as large as the default message, so that it matters only when lowered.
    pub frame: usize,
    /// Bytes of one message, after inflating. Beyond: close 1009, while inflating.
    ///
    /// Default 16 MiB: room for a photograph, and a small multiple of what a
    /// server of a few GiB can afford for its slowest thousand clients.
    pub message: usize,
    /// Frames of one message. Beyond: close 1008.
    ///
    /// Default 16,384, as in npm's `ws`: fragments of 1 KiB reach the largest
    /// message, while a flood of empty ones ends within 100 KiB of traffic.
    pub fragments: usize,
    /// Keep-alive pings sent in a row without hearing anything. Beyond: the connection is given up.
    ///
    /// Default 2: one lost answer on a bad network is forgiven.
    pub unanswered_pings: u32,
    /// Bytes waiting to be written to one connection. `send` waits while it's more than half full; a
    /// publication that doesn't fit meets its room's policy (by default close 1008). A single message or
    /// publication may be larger: it's taken when it's its turn, and until it has left, no publication fits.
    ///
    /// Default 1 MiB: seconds of a busy chat for one reader, 1 GiB for a thousand that stall.
    pub queued: usize,
    /// Bytes of the HTTP request or response that opens the connection. Beyond: 431 as a
    /// server, an error as a client.
    ///
    /// Default 16 KiB: twice what common proxies allow for headers.
    pub handshake: usize,
    /// Time for the opening handshake. Beyond: the stream is dropped.
    ///
    /// Default 10 s: a bad mobile network with TLS needs two or three.
    pub handshake_time: Duration,
    /// Time for the closing handshake, and for what was queued before it to be
    /// written. Beyond: the stream is dropped.
    ///
    /// Default 10 s, the time a server gives itself to stop.
    pub close_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            frame: 16 << 20,
            message: 16 << 20,
            fragments: 16_384,
            unanswered_pings: 2,
            queued: 1 << 20,
            handshake: 16 << 10,
            handshake_time: Duration::from_secs(10),
            close_time: Duration::from_secs(10),
        }
    }
}

/// When silence is questioned, and when it ends a connection. Both off by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeepAlive {
    /// A ping is sent after this long without hearing anything.
    pub ping_interval: Option<Duration>,
    /// The connection is closed (1001) after this long without a message in either direction.
    pub idle_timeout: Option<Duration>,
}

/// What both directions of a connection need to know, agreed once.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// Which end this is.
    pub role: Role,
    /// The bounds.
    pub limits: Limits,
    /// Timers.
    pub keep_alive: KeepAlive,
    /// permessage-deflate, if the handshake agreed on it.
    pub deflate: Option<Deflate>,
}

impl Config {
    /// The defaults for an end: no compression, no timers.
    pub fn new(role: Role) -> Self {
        Self {
            role,
            limits: Limits::default(),
            keep_alive: KeepAlive::default(),
            deflate: None,
        }
    }
}
