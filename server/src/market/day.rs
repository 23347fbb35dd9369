//! The day of an exchange, as quotes show it.

use super::values::{Price, Volume};

/// What has happened to a symbol today, by its exchange's calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// When the day began.
    pub open_at: i64,
    /// When the last trade was; when the day began, if that isn't known.
    pub at_ms: i64,
    /// The first price of the day.
    pub open: Price,
    /// The highest.
    pub high: Price,
    /// The lowest.
    pub low: Price,
    /// The last price so far.
    pub close: Price,
    /// All that was traded.
    pub volume: Volume,
    /// The last price of the trading day before, if there was one.
    pub previous_close: Option<Price>,
}
