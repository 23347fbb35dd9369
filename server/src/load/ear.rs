//! What one simulated client knows: where it is in the room, and whom it tells what it hears.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tokio::sync::watch;

use super::clock::Clock;
use super::http::Failure;
use super::sequence::Sequence;
use super::tally::Tally;
use super::target::Target;

/// One reader of a room.
#[derive(Debug)]
pub(super) struct Ear {
    pub(super) target: Target,
    pub(super) room: String,
    /// Its name as a part of an address.
    pub(super) address: String,
    /// How long it waits before it polls again.
    pub(super) interval: watch::Receiver<Duration>,
    clock: Clock,
    tally: Arc<Mutex<Tally>>,
    sequence: Sequence,
    epoch: Option<String>,
    connected: bool,
}

/// What an event of the laboratory says.
#[derive(Deserialize)]
struct Stamp {
    sent_us: u64,
}

impl Ear {
    pub(super) fn new(
        target: Target,
        room: String,
        interval: watch::Receiver<Duration>,
        clock: Clock,
        tally: Arc<Mutex<Tally>>,
    ) -> Self {
        Self {
            target,
            address: escaped(&room),
            room,
            interval,
            clock,
            tally,
            sequence: Sequence::default(),
            epoch: None,
            connected: false,
        }
    }

    /// Up to where it has heard the room: offset and epoch.
    pub(super) fn position(&self) -> Option<(u64, &str)> {
        self.sequence.newest().zip(self.epoch.as_deref())
    }

    /// It follows the room from a position on, given by the fields `offset` and `epoch`. What lies between that and what
    /// it has heard is missed.
    pub(super) fn begin(&mut self, said: &Value) -> Result<(), Failure> {
        let offset = offset(said)?;
        let epoch = said["epoch"].as_str();
        let known = self.epoch.as_deref();
        if known.is_some() && known != epoch {
            // Another life of the room: its numbers have nothing to do with the old ones.
            self.sequence = Sequence::default();
        }
        self.epoch = epoch.map(str::to_owned);
        let missed = self.sequence.begin(offset);
        self.tally().miss(missed);
        self.live();
        Ok(())
    }

    /// It is connected, and misses nothing from where it is.
    pub(super) fn live(&mut self) {
        if !self.connected {
            self.connected = true;
            self.tally().connected += 1;
        }
    }

    /// It heard a message, given by the fields `offset` and `text`.
    pub(super) fn hear(&mut self, message: &Value) -> Result<(), Failure> {
        let heard = self.sequence.hear(offset(message)?);
        let stamp = message["text"].as_str().map(serde_json::from_str::<Stamp>);
        let latency = match stamp {
            Some(Ok(stamp)) => Some(self.clock.now_us().saturating_sub(stamp.sent_us)),
            _ => None,
        };
        self.tally().hear(heard, latency);
        Ok(())
    }

    /// It made a request.
    pub(super) fn asked(&self) {
        self.tally().requests += 1;
    }

    /// It isn't connected any more.
    pub(super) fn lost(&mut self, failure: &Failure) {
        tracing::debug!(%failure, room = self.room, "a simulated client lost its connection");
        self.tally().failures += 1;
        self.hang_up();
    }

    fn hang_up(&mut self) {
        if self.connected {
            self.connected = false;
            self.tally().connected -= 1;
        }
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.hang_up();
    }
}

/// RFC 3986 §2.1, for whatever isn't unreserved.
pub(super) fn escaped(name: &str) -> String {
    let escape = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    name.bytes().map(escape).collect()
}

fn offset(said: &Value) -> Result<u64, Failure> {
    said["offset"]
        .as_u64()
        .ok_or_else(|| Failure::Words("no `offset`".to_owned()))
}
