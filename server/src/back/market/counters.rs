//! What is counted in the market.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;

use super::floor::Taken;

/// The market's numbers.
#[derive(Clone, Debug, Default)]
pub(in crate::back) struct Counters {
    pub(super) ticks: Counter,
    pub(super) late: Counter,
    pub(super) missed: Counter,
    pub(super) quotes: Counter,
    pub(super) encodings: Counter,
    pub(super) stored: Counter,
    pub(super) lost: Counter,
}

impl Counters {
    /// Counts what became of an event.
    pub(super) fn count(&self, taken: Taken) {
        match taken {
            Taken::Tick => self.ticks.inc(),
            Taken::TooLate => self.late.inc(),
            Taken::Gap(events) => self.missed.inc_by(events),
            Taken::Waits(lost) => self.late.inc_by(lost),
            Taken::Nothing => 0,
        };
    }

    /// Shows them.
    pub(in crate::back) fn register(&self, registry: &mut Registry) {
        for (name, help, counter) in [
            (
                "madang_market_ticks",
                "Trades that the feed has told",
                &self.ticks,
            ),
            (
                "madang_market_late_ticks",
                "Trades that came too late to be in any bar",
                &self.late,
            ),
            (
                "madang_market_missed_events",
                "Events that the feed has lost on the way, by its numbers",
                &self.missed,
            ),
            (
                "madang_market_quotes",
                "Quotes that were told to those who watch",
                &self.quotes,
            ),
            (
                "madang_market_encodings",
                "Quotes and bars that were written, each form counted",
                &self.encodings,
            ),
            (
                "madang_market_bars_stored",
                "Bars that were stored, as they were then",
                &self.stored,
            ),
            (
                "madang_market_bars_lost",
                "Bars that were never stored, since too many waited for the database",
                &self.lost,
            ),
        ] {
            registry.register(name, help, counter.clone());
        }
    }
}
