//! The load tool: so many readers of one room, by one way, and what they heard in numbers.
//!
//! ```text
//! command   madang load: flags, progress, the table at the end
//! reader/   one file per way: what a client of it says and hears
//! ear       where one reader is          sequence  whether it hears each event once, in order
//! tally     the numbers of all of them   source    events to publish, for whoever has none
//! ```

mod clock;
pub mod command;
mod ear;
mod http;
mod publish;
mod reader;
mod sequence;
mod source;
mod tally;
mod target;
mod via;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

pub use clock::Clock;
pub use source::Source;
pub use tally::{Percentiles, Report};
pub use target::Target;
pub use via::Via;

use ear::Ear;
use tally::Tally;

/// Readers of one room by one way. Dropped, they are gone.
#[derive(Debug)]
pub struct Load {
    target: Target,
    room: String,
    via: Via,
    interval: watch::Receiver<Duration>,
    clock: Clock,
    tally: Arc<Mutex<Tally>>,
    clients: Vec<DropGuard>,
}

impl Load {
    /// How far apart readers begin: a thousand are there within two seconds.
    const APART: Duration = Duration::from_millis(2);

    /// No readers yet. Those who poll wait for `interval`; `clock` is the one of whoever stamps the events.
    pub fn new(
        target: Target,
        room: String,
        via: Via,
        interval: watch::Receiver<Duration>,
        clock: Clock,
    ) -> Self {
        Self {
            target,
            room,
            via,
            interval,
            clock,
            tally: Arc::new(Mutex::new(Tally::new())),
            clients: Vec::new(),
        }
    }

    /// Has so many readers from now on: new ones begin one after the other, the last ones go first.
    pub fn set_clients(&mut self, clients: usize) {
        self.clients.truncate(clients);
        let present = self.clients.len();
        for place in 0..clients.saturating_sub(present) {
            let ear = Ear::new(
                self.target.clone(),
                self.room.clone(),
                self.interval.clone(),
                self.clock,
                self.tally.clone(),
            );
            let (via, delay) = (self.via, self.delay(place, clients - present));
            let gone = CancellationToken::new();
            tokio::spawn(gone.clone().run_until_cancelled_owned(async move {
                tokio::time::sleep(delay).await;
                reader::follow(ear, via).await;
            }));
            self.clients.push(gone.drop_guard());
        }
    }

    /// What they heard so far.
    pub fn report(&self) -> Report {
        let tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        tally.report(self.clients.len())
    }

    /// When the reader with this place among the new ones begins. Those who poll are spread over their interval, as
    /// people are who come at any time.
    fn delay(&self, place: usize, of: usize) -> Duration {
        let place = u32::try_from(place).unwrap_or(u32::MAX);
        if self.via != Via::Polling {
            return Self::APART * place;
        }
        let apart = *self.interval.borrow() / u32::try_from(of).unwrap_or(u32::MAX).max(1);
        apart.max(Self::APART) * place
    }
}
