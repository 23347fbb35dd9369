//! Times as people and files write them.

use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

/// The first time that isn't one any more: the end of the year 9999, the last that has four digits.
pub const TIME_LIMIT: i64 = 253_402_300_800_000;

/// Milliseconds since 1970 of a time in milliseconds or as RFC 3339 has it, such as `2026-03-02T09:00:00+09:00`.
pub fn parse_time(text: &str) -> Option<i64> {
    parse(text).map(|(ms, _)| ms)
}

/// The same, and how many minutes before UTC it was written.
pub(super) fn parse(text: &str) -> Option<(i64, Option<i16>)> {
    let (ms, offset) = match text.parse::<i64>() {
        Ok(ms) => (ms, None),
        Err(_) => {
            let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
            let ms = i64::try_from(time.unix_timestamp_nanos().div_euclid(1_000_000)).ok()?;
            (ms, Some(time.offset().whole_minutes()))
        }
    };
    (0..TIME_LIMIT).contains(&ms).then_some((ms, offset))
}

/// As RFC 3339 has it, by a clock so many minutes before UTC.
pub fn format_time(at_ms: i64, utc_offset_minutes: i16) -> String {
    let offset = UtcOffset::from_whole_seconds(i32::from(utc_offset_minutes) * 60).unwrap_or(UtcOffset::UTC);
    let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(at_ms) * 1_000_000);
    time.ok()
        .and_then(|time| time.to_offset(offset).format(&Rfc3339).ok())
        .unwrap_or_else(|| at_ms.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_both_ways() {
        for (text, ms, offset) in [
            ("0", 0, None),
            ("1772409600123", 1_772_409_600_123, None),
            ("1970-01-01T00:00:00Z", 0, Some(0)),
            ("2026-03-02T09:00:00.1239+09:00", 1_772_409_600_123, Some(540)),
            ("2026-03-01T19:00:00.123-05:00", 1_772_409_600_123, Some(-300)),
        ] {
            assert_eq!(parse(text), Some((ms, offset)), "{text}");
        }
        for text in [
            "",
            "-1",
            "1.5",
            "2026-03-02",
            "09:00",
            "1969-12-31T23:59:59Z",
            "253402300800000",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn times_are_written_by_the_clock_of_their_exchange() {
        assert_eq!(
            format_time(1_772_409_600_123, 540),
            "2026-03-02T09:00:00.123+09:00"
        );
        assert_eq!(format_time(0, 0), "1970-01-01T00:00:00Z");
        assert_eq!(format_time(i64::MAX, 0), i64::MAX.to_string());
    }
}
