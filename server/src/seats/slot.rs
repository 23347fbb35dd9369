//! Days and times of day where an event is: `2026-12-01T18:00`, without a time zone, as a clock on the wall shows it.

use std::fmt;
use std::str::FromStr;

use super::refused::Refused;

/// A day: how many since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Day(i64);

/// A minute of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot {
    /// The day.
    pub day: Day,
    /// Minutes since its midnight.
    pub minute: u16,
}

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

impl Day {
    /// So many days later.
    #[must_use]
    pub const fn plus(self, days: u16) -> Self {
        Self(self.0 + days as i64)
    }

    /// Year, month and day: the algorithm of counting from 1 March, after which a leap day comes last.
    fn date(self) -> (i64, i64, i64) {
        let shifted = self.0 + 719_468;
        let era = shifted.div_euclid(146_097);
        let of_era = shifted.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * of_year + 2) / 153;
        let day = of_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 {
            from_march + 3
        } else {
            from_march - 9
        };
        (year_of_era + era * 400 + i64::from(month <= 2), month, day)
    }

    fn of_date(year: i64, month: i64, day: i64) -> Self {
        let year = year - i64::from(month <= 2);
        let era = year.div_euclid(400);
        let of_era = year.rem_euclid(400);
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        Self(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
    }
}

impl Slot {
    /// What a clock shows, so many minutes ahead of UTC, at a time in milliseconds since 1970-01-01 UTC.
    pub fn at(ms: i64, utc_offset_minutes: i16) -> Self {
        let local = ms + i64::from(utc_offset_minutes) * MINUTE;
        Self {
            day: Day(local.div_euclid(DAY)),
            // Less than a day.
            minute: (local.rem_euclid(DAY) / MINUTE) as u16,
        }
    }
}

impl FromStr for Day {
    type Err = Refused;

    fn from_str(text: &str) -> Result<Self, Refused> {
        let read = || {
            let (year, month, day) = (digits(text, 0..4)?, digits(text, 5..7)?, digits(text, 8..10)?);
            let dashes = text.len() == 10 && text.get(4..5) == Some("-") && text.get(7..8) == Some("-");
            let read = Self::of_date(year, month, day);
            // A 31 November would be another day.
            (dashes && (1..=12).contains(&month) && read.date() == (year, month, day)).then_some(read)
        };
        read().ok_or_else(|| Refused::invalid("a date is written like 2026-12-01"))
    }
}

impl FromStr for Slot {
    type Err = Refused;

    fn from_str(text: &str) -> Result<Self, Refused> {
        let read = || {
            let day = text.get(..10)?.parse().ok()?;
            let (hour, minute) = (digits(text, 11..13)?, digits(text, 14..16)?);
            let marks = text.len() == 16 && text.get(10..11) == Some("T") && text.get(13..14) == Some(":");
            (marks && hour < 24 && minute < 60).then_some(Self {
                day,
                minute: (hour * 60 + minute) as u16,
            })
        };
        read().ok_or_else(|| Refused::invalid("a slot is written like 2026-12-01T18:00"))
    }
}

fn digits(text: &str, range: std::ops::Range<usize>) -> Option<i64> {
    let digits = text.get(range)?;
    digits.bytes().all(|b| b.is_ascii_digit()).then_some(())?;
    digits.parse().ok()
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.date();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { day, minute } = self;
        write!(f, "{day}T{:02}:{:02}", minute / 60, minute % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (days, text) in [
            (0, "1970-01-01"),
            (59, "1970-03-01"),
            (11_016, "2000-02-29"),
            (19_782, "2024-02-29"),
            (20_788, "2026-12-01"),
            (47_540, "2100-02-28"),
            (47_541, "2100-03-01"),
        ] {
            assert_eq!(Day(days).to_string(), text);
            assert_eq!(text.parse(), Ok(Day(days)), "{text}");
        }
        for days in (0..200_000).step_by(7) {
            assert_eq!(Day(days).to_string().parse(), Ok(Day(days)));
        }
        for wrong in [
            "",
            "2026-11-31",
            "2026-2-01",
            "2026-02-29",
            "2026-13-01",
            "2026-00-10",
            "+026-12-01",
            "2026-12-01x",
            "가나다라마바",
        ] {
            assert!(wrong.parse::<Day>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_slot_is_what_the_clock_on_the_wall_shows() {
        // 2026-12-01T09:30:59 UTC.
        let ms = 20_788 * DAY + (9 * 60 + 30) * MINUTE + 59_999;
        assert_eq!(Slot::at(ms, 540).to_string(), "2026-12-01T18:30");
        assert_eq!(Slot::at(ms, -600).to_string(), "2026-11-30T23:30");
        let slot: Slot = "2026-12-01T18:30".parse().unwrap();
        assert_eq!(slot, Slot::at(ms, 540));
        for wrong in [
            "",
            "2026-12-01",
            "2026-12-01T24:00",
            "2026-12-01T18:60",
            "2026-12-01 18:00",
            "2026-12-01T18:000",
        ] {
            assert!(wrong.parse::<Slot>().is_err(), "{wrong}");
        }
    }
}
