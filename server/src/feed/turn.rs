//! What somebody wants of a replay: as keys and lines say it.

use crate::market::{Interval, PaceChange, PaceState, Speed, parse_time};

/// What somebody wants of a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Stop the time, or let it go on.
    Pause(bool),
    /// Whichever it isn't doing.
    PauseOrGo,
    Speed(Speed),
    Faster,
    Slower,
    /// To this time.
    Seek(i64),
    /// So many milliseconds on, or back.
    SeekBy(i64),
    /// To so many tenths of the recording.
    SeekTenth(i64),
    Help,
    Quit,
}

/// What the keys do, on one line.
pub(super) const KEYS: &str =
    "space: pause or go on; left, right: a minute; up, down: speed; 0 to 9: tenths of the file; q: end";

/// What can be said in lines.
pub(super) const LINES: &str = "say one of: pause, go, speed N (1 to 1000), seek TIME (such as 10:30, +5m, -30s, 2026-03-02T09:00:00+09:00), quit";

/// The speeds that keys go through.
const SPEEDS: [u16; 10] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

impl Turn {
    /// Reads a line; times of the day are those of the day that the replay is in, by the exchange's clock.
    pub(super) fn read(line: &str, state: &PaceState, utc_offset_minutes: i16) -> Result<Self, String> {
        let wrong = || LINES.to_owned();
        let line = line.trim();
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match (word, rest.trim()) {
            ("pause", "") => Ok(Self::Pause(true)),
            ("go", "") => Ok(Self::Pause(false)),
            ("help", "") => Ok(Self::Help),
            ("quit", "") => Ok(Self::Quit),
            ("speed", speed) => speed
                .parse()
                .map(Self::Speed)
                .map_err(|error| format!("a speed {error}")),
            ("seek", time) => Self::seek(time, state, utc_offset_minutes).ok_or_else(wrong),
            _ => Err(wrong()),
        }
    }

    /// Goes to a time such as `10:30`, `+5m` or one that is whole.
    pub(super) fn seek(time: &str, state: &PaceState, utc_offset_minutes: i16) -> Option<Self> {
        if let Some(time) = time.strip_prefix('+') {
            return duration(time).map(Self::SeekBy);
        }
        if let Some(time) = time.strip_prefix('-') {
            return duration(time).map(|ms| Self::SeekBy(-ms));
        }
        let day = Interval::D1.open_at(state.at, utc_offset_minutes);
        let at = time_of_day(time).map(|ms| day + ms).or_else(|| parse_time(time));
        at.map(Self::Seek)
    }

    /// What the keys mean that were pressed; the arrows are three bytes each.
    pub(super) fn keys(mut bytes: &[u8]) -> Vec<Self> {
        let mut turns = Vec::new();
        loop {
            let (turn, rest) = match bytes {
                [] => return turns,
                [0x1b, b'[' | b'O', arrow, rest @ ..] => (Self::arrow(*arrow), rest),
                [key, rest @ ..] => (Self::key(*key), rest),
            };
            turns.extend(turn);
            bytes = rest;
        }
    }

    fn arrow(last: u8) -> Option<Self> {
        match last {
            b'A' => Some(Self::Faster),
            b'B' => Some(Self::Slower),
            b'C' => Some(Self::SeekBy(60_000)),
            b'D' => Some(Self::SeekBy(-60_000)),
            _ => None,
        }
    }

    fn key(key: u8) -> Option<Self> {
        match key {
            b' ' | b'p' => Some(Self::PauseOrGo),
            b'+' => Some(Self::Faster),
            b'-' => Some(Self::Slower),
            b'0'..=b'9' => Some(Self::SeekTenth(i64::from(key - b'0'))),
            b'h' | b'?' => Some(Self::Help),
            b'q' => Some(Self::Quit),
            _ => None,
        }
    }

    /// What that changes; nothing, if it isn't about time.
    pub(super) fn change(self, state: &PaceState) -> PaceChange {
        let speed = |speed: Option<u16>| PaceChange {
            speed: speed.and_then(|times| Speed::new(times).ok()),
            ..PaceChange::default()
        };
        let seek = |at: i64| PaceChange {
            seek_ms: Some(at),
            ..PaceChange::default()
        };
        let pause = |paused: bool| PaceChange {
            paused: Some(paused),
            ..PaceChange::default()
        };
        let times = state.speed.times();
        match self {
            Self::Pause(paused) => pause(paused),
            Self::PauseOrGo => pause(!state.paused),
            Self::Speed(speed) => PaceChange {
                speed: Some(speed),
                ..PaceChange::default()
            },
            Self::Faster => speed(SPEEDS.into_iter().find(|one| *one > times)),
            Self::Slower => speed(SPEEDS.into_iter().rev().find(|one| *one < times)),
            Self::Seek(at) => seek(at),
            Self::SeekBy(ms) => seek(state.at.saturating_add(ms)),
            Self::SeekTenth(tenths) => seek(state.from + (state.to - state.from) / 10 * tenths),
            Self::Help | Self::Quit => PaceChange::default(),
        }
    }
}

/// Such as `90s`, `5m`, `2h`.
fn duration(text: &str) -> Option<i64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let unit = match unit {
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    // More digits would be years.
    let digits = (1..=6).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
    number
        .parse::<i64>()
        .ok()
        .filter(|_| digits)
        .map(|number| number * unit)
}

/// Such as `09:30` or `09:30:15`.
fn time_of_day(text: &str) -> Option<i64> {
    let mut parts = text.split(':');
    let mut next = |limit: i64| {
        let part = parts.next()?;
        let digits = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        part.parse::<i64>()
            .ok()
            .filter(|number| digits && *number < limit)
    };
    let (hours, minutes) = (next(24)?, next(60)?);
    let seconds = if text.len() > 5 { next(60)? } else { 0 };
    let ms = ((hours * 60 + minutes) * 60 + seconds) * 1_000;
    parts.next().is_none().then_some(ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three days from midnight in Seoul, in the middle of the second.
    fn state() -> PaceState {
        let time = |text| parse_time(text).unwrap();
        PaceState {
            from: time("2026-03-02T00:00:00+09:00"),
            to: time("2026-03-05T00:00:00+09:00"),
            at: time("2026-03-03T12:00:00+09:00"),
            paused: false,
            speed: Speed::new(10).unwrap(),
        }
    }

    fn read(line: &str) -> Result<Turn, String> {
        Turn::read(line, &state(), 540)
    }

    #[test]
    fn lines_say_what_is_wanted() {
        let at = |text| Ok(Turn::Seek(parse_time(text).unwrap()));
        assert_eq!(read("pause"), Ok(Turn::Pause(true)));
        assert_eq!(read(" go \n"), Ok(Turn::Pause(false)));
        assert_eq!(read("quit"), Ok(Turn::Quit));
        assert_eq!(read("help"), Ok(Turn::Help));
        assert_eq!(read("speed 60x"), Ok(Turn::Speed(Speed::new(60).unwrap())));
        assert_eq!(read("seek 09:30"), at("2026-03-03T09:30:00+09:00"));
        assert_eq!(read("seek 09:30:15"), at("2026-03-03T09:30:15+09:00"));
        assert_eq!(read("seek 2026-03-02T01:00:00Z"), at("2026-03-02T01:00:00Z"));
        assert_eq!(read("seek +5m"), Ok(Turn::SeekBy(300_000)));
        assert_eq!(read("seek -90s"), Ok(Turn::SeekBy(-90_000)));
        for wrong in [
            "",
            "pause now",
            "seek",
            "seek 9:30",
            "seek 24:00",
            "seek 09:60",
            "seek 09:30:1",
            "seek 09:30:15:00",
            "seek +5",
            "seek +m",
            "seek --5m",
            "seek +9999999s",
            "seek +5분",
            "stop",
        ] {
            assert_eq!(read(wrong), Err(LINES.to_owned()), "{wrong:?}");
        }
        for wrong in ["speed", "speed 0", "speed 1001", "speed fast"] {
            assert_eq!(
                read(wrong),
                Err("a speed must be a whole number of 1 to 1000".to_owned()),
                "{wrong}"
            );
        }
    }

    #[test]
    fn keys_say_it_too() {
        let minute = Turn::SeekBy(60_000);
        assert_eq!(
            Turn::keys(b" \x1b[C\x1bOCx5"),
            [Turn::PauseOrGo, minute, minute, Turn::SeekTenth(5)]
        );
        assert_eq!(
            Turn::keys(b"\x1b[A\x1b[B\x1b[D\x1b[Z"),
            [Turn::Faster, Turn::Slower, Turn::SeekBy(-60_000)]
        );
        assert_eq!(
            Turn::keys(b"+-?q\x1b"),
            [Turn::Faster, Turn::Slower, Turn::Help, Turn::Quit]
        );
        assert_eq!(Turn::keys("가".as_bytes()), []);
    }

    #[test]
    fn a_turn_changes_what_it_says() {
        let state = state();
        let speed = |turn: Turn, state: &PaceState| turn.change(state).speed.map(Speed::times);
        assert_eq!(speed(Turn::Faster, &state), Some(20));
        assert_eq!(speed(Turn::Slower, &state), Some(5));
        let at = |times| PaceState {
            speed: Speed::new(times).unwrap(),
            ..state
        };
        assert_eq!(
            (speed(Turn::Slower, &at(1)), speed(Turn::Faster, &at(1000))),
            (None, None)
        );
        assert_eq!(speed(Turn::Faster, &at(7)), Some(10));
        assert_eq!(Turn::PauseOrGo.change(&state).paused, Some(true));
        assert_eq!(Turn::Pause(false).change(&state).paused, Some(false));
        let seek = |turn: Turn| turn.change(&state).seek_ms.unwrap();
        assert_eq!(seek(Turn::SeekTenth(5)), state.at);
        assert_eq!(seek(Turn::SeekBy(-1_000)), state.at - 1_000);
        assert_eq!(seek(Turn::Seek(7)), 7);
        assert_eq!(Turn::Help.change(&state), PaceChange::default());
    }
}
