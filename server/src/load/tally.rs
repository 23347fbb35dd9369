//! What all the readers of a load heard, in numbers.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;
use utoipa::ToSchema;

use super::sequence::Heard;

/// The numbers, while they grow.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) connected: u64,
    pub(super) requests: u64,
    pub(super) failures: u64,
    events: u64,
    late: u64,
    missed: u64,
    duplicates: u64,
    out_of_order: u64,
    latency: Histogram<u64>,
}

/// The numbers at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Report {
    /// Readers that there should be.
    pub clients: usize,
    /// Readers that follow the room now.
    pub connected: u64,
    /// Requests of HTTP that they made, each request for an upgrade included.
    pub requests: u64,
    /// Events that they heard, repeated ones not counted.
    pub events: u64,
    /// Of those, events that took longer than [`Report::LATE`].
    pub late: u64,
    /// Events that were skipped.
    pub missed: u64,
    /// Events that came again.
    pub duplicates: u64,
    /// Events that came behind a later one.
    pub out_of_order: u64,
    /// Connections that broke, and answers that were errors.
    pub failures: u64,
    /// How long events took, or nothing if none said when it was sent.
    pub latency: Option<Percentiles>,
}

/// Half of all events took at most `p50_us`, and so on; in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Percentiles {
    /// Of half of them.
    pub p50_us: u64,
    /// Of 95 %.
    pub p95_us: u64,
    /// Of 99 %.
    pub p99_us: u64,
    /// Of all.
    pub max_us: u64,
}

impl Report {
    /// What is late: longer than people take for "at once".
    pub const LATE: Duration = Duration::from_secs(1);
}

impl Tally {
    /// An hour in microseconds: the longest delay that is told from longer ones.
    const LONGEST_US: u64 = 3_600_000_000;

    /// Digits that are right: an error of a thousandth, in some 200 KB.
    const DIGITS: u8 = 3;

    pub(super) fn new() -> Self {
        // Its only errors are bounds that make no sense.
        let latency = Histogram::new_with_max(Self::LONGEST_US, Self::DIGITS)
            .unwrap_or_else(|error| unreachable!("{error}"));
        Self {
            connected: 0,
            requests: 0,
            failures: 0,
            events: 0,
            late: 0,
            missed: 0,
            duplicates: 0,
            out_of_order: 0,
            latency,
        }
    }

    /// An event was heard, so long after it was sent, if it said when.
    pub(super) fn hear(&mut self, heard: Heard, latency_us: Option<u64>) {
        match heard {
            Heard::New { missing } => self.missed += missing,
            Heard::OutOfOrder => {
                self.out_of_order += 1;
                self.missed = self.missed.saturating_sub(1);
            }
            Heard::Duplicate => {
                self.duplicates += 1;
                return;
            }
        }
        self.events += 1;
        if let Some(latency) = latency_us {
            self.latency.saturating_record(latency);
            self.late += u64::from(u128::from(latency) > Report::LATE.as_micros());
        }
    }

    /// Events will never be heard.
    pub(super) fn miss(&mut self, events: u64) {
        self.missed += events;
    }

    pub(super) fn report(&self, clients: usize) -> Report {
        let at = |share| self.latency.value_at_quantile(share);
        let latency = (!self.latency.is_empty()).then(|| Percentiles {
            p50_us: at(0.5),
            p95_us: at(0.95),
            p99_us: at(0.99),
            max_us: self.latency.max(),
        });
        Report {
            clients,
            connected: self.connected,
            requests: self.requests,
            events: self.events,
            late: self.late,
            missed: self.missed,
            duplicates: self.duplicates,
            out_of_order: self.out_of_order,
            failures: self.failures,
            latency,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_what_was_heard() {
        let mut tally = Tally::new();
        for ms in 1..=100 {
            tally.hear(Heard::New { missing: 0 }, Some(ms * 1000));
        }
        tally.hear(Heard::New { missing: 3 }, Some(1_000_001));
        tally.hear(Heard::OutOfOrder, Some(1_000_000));
        tally.hear(Heard::Duplicate, Some(9_000_000));
        tally.miss(5);
        let report = tally.report(7);
        assert_eq!((report.events, report.late, report.missed), (102, 1, 7));
        assert_eq!((report.duplicates, report.out_of_order), (1, 1));
        let latency = report.latency.unwrap();
        assert!((50_000..=52_000).contains(&latency.p50_us), "{latency:?}");
        assert!((95_000..=98_000).contains(&latency.p95_us), "{latency:?}");
        assert!(latency.max_us >= 1_000_000, "{latency:?}");
    }

    #[test]
    fn without_times_there_are_no_percentiles() {
        let mut tally = Tally::new();
        tally.hear(Heard::New { missing: 0 }, None);
        assert_eq!((tally.report(1).events, tally.report(1).latency), (1, None));
    }
}
