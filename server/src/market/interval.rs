//! How long a bar lasts, and where it begins.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use thiserror::Error;

/// How long a bar lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Interval {
    /// `1s`
    S1,
    /// `5s`
    S5,
    /// `1m`
    M1,
    /// `5m`
    M5,
    /// `15m`
    M15,
    /// `1h`
    H1,
    /// `1D`, a day of the exchange
    D1,
}

/// A text that is no [`Interval`].
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("must be one of 1s, 5s, 1m, 5m, 15m, 1h, 1D")]
pub struct NoInterval;

impl Interval {
    /// All of them, the shortest first.
    pub const ALL: [Self; 7] = [
        Self::S1,
        Self::S5,
        Self::M1,
        Self::M5,
        Self::M15,
        Self::H1,
        Self::D1,
    ];

    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::S1 => "1s",
            Self::S5 => "5s",
            Self::M1 => "1m",
            Self::M5 => "5m",
            Self::M15 => "15m",
            Self::H1 => "1h",
            Self::D1 => "1D",
        }
    }

    /// How long, in milliseconds. A day has 24 hours: exchanges here have an offset, and no summer time.
    pub const fn ms(self) -> i64 {
        match self {
            Self::S1 => 1_000,
            Self::S5 => 5_000,
            Self::M1 => 60_000,
            Self::M5 => 300_000,
            Self::M15 => 900_000,
            Self::H1 => 3_600_000,
            Self::D1 => 86_400_000,
        }
    }

    /// When the bar begins that has the time `at_ms`, by the clock of an exchange so many minutes before UTC.
    pub const fn open_at(self, at_ms: i64, utc_offset_minutes: i16) -> i64 {
        let offset = utc_offset_minutes as i64 * 60_000;
        (at_ms + offset).div_euclid(self.ms()) * self.ms() - offset
    }

    /// Its place in [`Self::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }
}

impl FromStr for Interval {
    type Err = NoInterval;

    fn from_str(text: &str) -> Result<Self, NoInterval> {
        let found = Self::ALL.into_iter().find(|one| one.name() == text);
        found.ok_or(NoInterval)
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Interval {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::parse_time;

    #[test]
    fn intervals_are_read_as_they_are_written() {
        for (index, interval) in Interval::ALL.into_iter().enumerate() {
            assert_eq!(interval.to_string().parse(), Ok(interval));
            assert_eq!(interval.index(), index);
        }
        for text in ["", "1S", "1d", "2m", "60s", " 1m"] {
            assert_eq!(text.parse::<Interval>(), Err(NoInterval), "{text:?}");
        }
    }

    #[test]
    fn a_bar_begins_by_the_clock_of_its_exchange() {
        let time = |text: &str| parse_time(text).unwrap();
        for (interval, offset, at, open) in [
            (
                Interval::S5,
                0,
                "2026-03-02T09:00:07.999Z",
                "2026-03-02T09:00:05Z",
            ),
            (
                Interval::D1,
                0,
                "2026-03-02T23:59:59.999Z",
                "2026-03-02T00:00:00Z",
            ),
            (
                Interval::D1,
                540,
                "2026-03-02T08:59:00+09:00",
                "2026-03-02T00:00:00+09:00",
            ),
            (
                Interval::D1,
                -300,
                "2026-03-02T00:00:00-05:00",
                "2026-03-02T00:00:00-05:00",
            ),
            (
                Interval::H1,
                330,
                "2026-03-02T09:59:00+05:30",
                "2026-03-02T09:00:00+05:30",
            ),
        ] {
            assert_eq!(interval.open_at(time(at), offset), time(open), "{interval} {at}");
        }
        assert_eq!(Interval::M1.open_at(-1, 0), -60_000, "before 1970 too");
    }
}
