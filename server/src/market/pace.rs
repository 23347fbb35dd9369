//! How time runs in a replay.

use std::num::NonZeroU16;
use std::str::FromStr;

use thiserror::Error;

/// How much faster than it was: 1 to 1000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Speed(NonZeroU16);

/// Something that is no [`Speed`].
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("must be a whole number of 1 to {}", Speed::MAX)]
pub struct NoSpeed;

/// How the time of the machine leads to the time of a recording. Times are milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    from: i64,
    to: i64,
    speed: Speed,
    paused: bool,
    /// At this time of the machine
    since: i64,
    /// it was this time in the recording.
    at: i64,
}

/// What is to be different; nothing said, nothing changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PaceChange {
    /// Whether time stands still.
    pub paused: Option<bool>,
    /// How fast it runs.
    pub speed: Option<Speed>,
    /// To which time of the recording to go. One outside it means the nearer end.
    pub seek_ms: Option<i64>,
}

/// How far a replay is, and how it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaceState {
    /// When the recording begins.
    pub from: i64,
    /// When it ends.
    pub to: i64,
    /// What time it is in it.
    pub at: i64,
    /// Whether time stands still.
    pub paused: bool,
    /// How fast it runs.
    pub speed: Speed,
}

impl Speed {
    /// As it was.
    pub const NORMAL: Self = Self(NonZeroU16::MIN);

    /// A day of the exchange in a minute and a half.
    pub const MAX: u16 = 1000;

    /// A speed, if it is one.
    ///
    /// # Errors
    /// [`NoSpeed`].
    pub fn new(times: u16) -> Result<Self, NoSpeed> {
        let times = NonZeroU16::new(times).filter(|times| times.get() <= Self::MAX);
        times.map(Self).ok_or(NoSpeed)
    }

    /// How many times.
    pub fn times(self) -> u16 {
        self.0.get()
    }
}

impl FromStr for Speed {
    type Err = NoSpeed;

    fn from_str(text: &str) -> Result<Self, NoSpeed> {
        let times = text.strip_suffix('x').unwrap_or(text);
        Self::new(times.parse().map_err(|_| NoSpeed)?)
    }
}

impl Pace {
    /// Begins at `from` now.
    pub fn new(from: i64, to: i64, speed: Speed, now_ms: i64) -> Self {
        Self {
            from,
            to: to.max(from),
            speed,
            paused: false,
            since: now_ms,
            at: from,
        }
    }

    /// What time it is in the recording.
    pub fn at(&self, now_ms: i64) -> i64 {
        let passed = if self.paused {
            0
        } else {
            now_ms.saturating_sub(self.since).max(0)
        };
        let run = passed.saturating_mul(i64::from(self.speed.times()));
        self.at.saturating_add(run).min(self.to)
    }

    /// At what time of the machine it will be `at` in the recording; may be past. `None` while it stands still before that.
    pub fn due(&self, at: i64) -> Option<i64> {
        let run = at.saturating_sub(self.at);
        if run <= 0 {
            return Some(self.since);
        }
        let speed = i64::from(self.speed.times());
        let rest = i64::from(run % speed > 0);
        (!self.paused && at <= self.to).then(|| self.since.saturating_add(run / speed + rest))
    }

    /// Goes on otherwise, from now.
    pub fn change(&mut self, change: &PaceChange, now_ms: i64) {
        self.at = change
            .seek_ms
            .map_or_else(|| self.at(now_ms), |at| at.clamp(self.from, self.to));
        self.since = now_ms;
        self.paused = change.paused.unwrap_or(self.paused);
        self.speed = change.speed.unwrap_or(self.speed);
    }

    /// How far it is, and how it goes on.
    pub fn state(&self, now_ms: i64) -> PaceState {
        PaceState {
            from: self.from,
            to: self.to,
            at: self.at(now_ms),
            paused: self.paused,
            speed: self.speed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(speed: u16) -> Pace {
        Pace::new(10_000, 20_000, Speed::new(speed).unwrap(), 500)
    }

    #[test]
    fn time_runs_as_fast_as_it_is_told_and_ends_with_the_recording() {
        for (speed, now, at) in [
            (1, 500, 10_000),
            (1, 1_500, 11_000),
            (60, 600, 16_000),
            (1000, 505, 15_000),
            (1000, 511, 20_000),
            (1, 400, 10_000),
            (1000, i64::MAX, 20_000),
        ] {
            assert_eq!(pace(speed).at(now), at, "{speed}x at {now}");
        }
    }

    #[test]
    fn what_is_due_is_due_when_its_time_has_come_and_not_before() {
        for speed in [1, 7, 60, 1000] {
            let pace = pace(speed);
            for at in [10_000, 10_001, 12_345, 20_000] {
                let due = pace.due(at).unwrap();
                assert!(
                    pace.at(due) >= at && (at == 10_000 || pace.at(due - 1) < at),
                    "{speed}x {at}"
                );
            }
            assert_eq!(pace.due(20_001), None, "never");
        }
    }

    #[test]
    fn time_can_be_stopped_turned_and_hurried() {
        let mut pace = pace(10);
        let change = |paused, speed, seek_ms| PaceChange {
            paused,
            speed,
            seek_ms,
        };
        pace.change(&change(Some(true), None, None), 600);
        assert_eq!((pace.at(600), pace.at(9_999)), (11_000, 11_000));
        assert_eq!((pace.due(11_001), pace.due(11_000)), (None, Some(600)));
        pace.change(&change(None, None, Some(15_000)), 700);
        assert_eq!(pace.at(9_999), 15_000, "still paused");
        pace.change(&change(Some(false), Some(Speed::NORMAL), None), 800);
        assert_eq!(pace.at(900), 15_100);
        pace.change(&change(None, Some(Speed::new(100).unwrap()), None), 900);
        assert_eq!(pace.at(910), 16_100, "no jump where the speed changes");
        for (seek, at) in [(0, 10_000), (i64::MAX, 20_000)] {
            pace.change(&change(None, None, Some(seek)), 950);
            assert_eq!(pace.state(950).at, at);
        }
    }

    #[test]
    fn speeds_are_whole_and_bounded() {
        assert_eq!("1".parse(), Ok(Speed::NORMAL));
        assert_eq!("1000x".parse::<Speed>().map(Speed::times), Ok(1000));
        for wrong in ["0", "1001", "1.5", "", "x", "-1", "70000"] {
            assert_eq!(wrong.parse::<Speed>(), Err(NoSpeed), "{wrong}");
        }
    }
}
