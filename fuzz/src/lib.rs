//! What is fuzzed, without the fuzzer: each target is a function of bytes that panics when
//! something is wrong, so that the corpus runs as an ordinary test as well.

#![forbid(unsafe_code)]

pub mod deflate;
pub mod differential;
pub mod frames;
pub mod handshake;
pub mod msgpack;
pub mod operations;
pub mod packets;
pub mod payload;
pub mod session;

use madang_ws::proto::{Config, Deflate, Event, Fault, Limits, Message, Role};

/// A target's name, and what it does with an input.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 9] = [
    ("frames", frames::run),
    ("handshake", handshake::run),
    ("operations", operations::run),
    ("differential", differential::run),
    ("deflate", deflate::run),
    ("payload", payload::run),
    ("session", session::run),
    ("packets", packets::run),
    ("msgpack", msgpack::run),
];

/// A configuration out of two bytes: role, compression in all its variants, small limits.
pub fn config(flags: u8, windows: u8) -> Config {
    let mut config = Config::new(if flags & 1 == 0 {
        Role::Server
    } else {
        Role::Client
    });
    config.limits = Limits {
        frame: 4096,
        message: 8192,
        fragments: 16,
        ..Limits::default()
    };
    if flags & 2 != 0 {
        config.deflate = Some(Deflate {
            server_no_context_takeover: flags & 4 != 0,
            client_no_context_takeover: flags & 8 != 0,
            server_max_window_bits: 8 + (windows & 7),
            client_max_window_bits: 8 + (windows >> 3 & 7),
            level: u32::from(flags >> 4).min(9),
            threshold: usize::from(windows >> 6) * 20,
        });
    }
    config
}

/// What a reader made of bytes.
#[derive(Debug, Default)]
pub struct Outcome {
    /// In order; a close is the last.
    pub events: Vec<Event>,
    /// At most one, after the events.
    pub fault: Option<Fault>,
}

impl Outcome {
    /// Adds what [`poll_event`](madang_ws::proto::Connection::poll_event) returned; `false` when there is no more.
    ///
    /// # Panics
    /// When something follows a fault or a close, or a message is beyond the limit.
    pub fn add(&mut self, polled: Result<Option<Event>, Fault>, limits: &Limits) -> bool {
        let ended = self.fault.is_some() || matches!(self.events.last(), Some(Event::Close(_)));
        match polled {
            Ok(None) => return false,
            Ok(Some(event)) => {
                if let Event::Message(message) = &event {
                    assert!(message.len() <= limits.message, "{} bytes", message.len());
                    assert!(
                        matches!(message, Message::Binary(_))
                            || std::str::from_utf8(message.as_bytes()).is_ok()
                    );
                }
                self.events.push(event);
            }
            Err(fault) => self.fault = Some(fault),
        }
        assert!(!ended, "something follows the end: {self:?}");
        true
    }
}
