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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::load::tally::Tally;

    fn ear() -> (Ear, Arc<Mutex<Tally>>) {
        let tally = Arc::new(Mutex::new(Tally::new()));
        let target = "http://127.0.0.1:9".parse().unwrap();
        let (_, interval) = watch::channel(Duration::ZERO);
        let ear = Ear::new(target, "마당".to_owned(), interval, Clock::start(), tally.clone());
        (ear, tally)
    }

    fn report(tally: &Mutex<Tally>) -> crate::load::Report {
        tally.lock().unwrap().report(1)
    }

    #[test]
    fn who_has_to_begin_further_on_has_missed_what_lies_between() {
        let (mut ear, tally) = ear();
        assert_eq!(ear.position(), None);
        ear.begin(&json!({"offset": 3, "epoch": "a"})).unwrap();
        ear.hear(&json!({"offset": 4, "text": "hello"})).unwrap();
        assert_eq!(ear.position(), Some((4, "a")));
        ear.begin(&json!({"offset": 9, "epoch": "a"})).unwrap();
        assert_eq!((report(&tally).events, report(&tally).missed), (1, 5));
        // The numbers of another epoch say nothing about these.
        ear.begin(&json!({"offset": 90, "epoch": "b"})).unwrap();
        assert_eq!((ear.position(), report(&tally).missed), (Some((90, "b")), 5));
        assert!(ear.begin(&json!({"epoch": "b"})).is_err());
    }

    #[test]
    fn it_counts_as_connected_once_and_until_it_is_gone() {
        let (mut ear, tally) = ear();
        ear.live();
        ear.live();
        assert_eq!(report(&tally).connected, 1);
        ear.lost(&Failure::Ended);
        assert_eq!((report(&tally).connected, report(&tally).failures), (0, 1));
        ear.live();
        drop(ear);
        assert_eq!((report(&tally).connected, report(&tally).failures), (0, 1));
    }

    #[test]
    fn delays_are_those_of_events_that_say_when_they_were_sent() {
        let (mut ear, tally) = ear();
        ear.hear(&json!({"offset": 1, "text": "hello"})).unwrap();
        assert_eq!(report(&tally).latency, None);
        let sent = ear.clock.now_us() - 5000;
        ear.hear(&json!({"offset": 2, "text": json!({"n": 1, "sent_us": sent}).to_string()}))
            .unwrap();
        assert!(report(&tally).latency.unwrap().p50_us >= 5000);
    }

    #[test]
    fn names_are_escaped_in_addresses() {
        assert_eq!(escaped("a-Z_0.~"), "a-Z_0.~");
        assert_eq!(escaped("마 /"), "%EB%A7%88%20%2F");
    }
}
