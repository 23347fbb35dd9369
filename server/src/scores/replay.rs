//! A match that is played again: which play is due.

use std::num::NonZeroU8;
use std::str::FromStr;
use std::time::Instant;

use super::play::Play;
use super::script::Script;

/// How much faster than it is written: 1 to 60.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Speed(NonZeroU8);

impl Speed {
    /// As it is written.
    pub const NORMAL: Self = Self(NonZeroU8::MIN);

    /// A play every tenth of a second: faster, nobody could follow.
    pub const MAX: u8 = 60;

    /// How many times.
    pub fn times(self) -> u8 {
        self.0.get()
    }

    /// A speed, if it is one.
    pub fn new(times: u8) -> Option<Self> {
        NonZeroU8::new(times)
            .filter(|times| times.get() <= Self::MAX)
            .map(Self)
    }
}

impl FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let times = text.strip_suffix('x').unwrap_or(text).parse().ok();
        times
            .and_then(Self::new)
            .ok_or_else(|| format!("must be a whole number of 1 to {}", Self::MAX))
    }
}

/// A script and how far it has come.
#[derive(Debug)]
pub struct Replay {
    script: Script,
    speed: Speed,
    next: usize,
    due: Instant,
}

impl Replay {
    /// Begins: the first play is due at once.
    pub fn new(script: Script, speed: Speed, now: Instant) -> Self {
        Self {
            script,
            speed,
            next: 0,
            due: now,
        }
    }

    /// Goes on behind the plays that a match has, if they are the script's first ones. Else it stays where it is, and says so.
    #[must_use]
    pub fn resume<'a>(&mut self, played: impl ExactSizeIterator<Item = &'a Play>, now: Instant) -> bool {
        let count = played.len();
        let same = count <= self.script.plays().len() && self.script.plays().zip(played).all(|(a, b)| a == b);
        if same {
            self.go_to(count, now);
        }
        same
    }

    /// Begins anew.
    pub fn rewind(&mut self, now: Instant) {
        self.next = 0;
        self.due = now;
    }

    /// When the next play is due; `None` when there is none.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.script.line(self.next).map(|_| self.due)
    }

    /// The next play, if it is due; each once. A replay that was held up goes on from where it is, and doesn't hurry after.
    pub fn poll_play(&mut self, now: Instant) -> Option<Play> {
        let line = self.script.line(self.next).filter(|_| self.due <= now)?;
        let play = line.play.clone();
        self.go_to(self.next + 1, now);
        Some(play)
    }

    fn go_to(&mut self, next: usize, now: Instant) {
        self.next = next;
        if let Some(line) = self.script.line(next) {
            self.due = now + line.pause / u32::from(self.speed.times());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn script() -> Script {
        let lines = [
            r#"{"what":"open","away":"a","home":"b"}"#,
            r#"{"what":"start","after":6}"#,
            r#"{"what":"ball","after":9}"#,
            r#"{"what":"end","after":5}"#,
        ];
        Script::read(&lines.join("\n")).unwrap()
    }

    #[test]
    fn plays_fall_due_one_after_the_other() {
        let start = Instant::now();
        for (speed, seconds) in [(1, [0.0, 6.0, 15.0, 20.0]), (4, [0.0, 1.5, 3.75, 5.0])] {
            let mut replay = Replay::new(script(), Speed::new(speed).unwrap(), start);
            for second in seconds {
                let due = start + Duration::from_secs_f64(second);
                assert_eq!(replay.poll_timeout(), Some(due));
                if second > 0.0 {
                    assert_eq!(replay.poll_play(due - Duration::from_millis(1)), None);
                }
                assert!(replay.poll_play(due).is_some());
            }
            assert_eq!(replay.poll_timeout(), None);
            assert_eq!(replay.poll_play(start + Duration::from_secs(99)), None);
        }
    }

    #[test]
    fn a_replay_that_was_held_up_does_not_hurry_after() {
        let start = Instant::now();
        let mut replay = Replay::new(script(), Speed::NORMAL, start);
        let late = start + Duration::from_secs(100);
        assert!(replay.poll_play(late).is_some());
        assert_eq!(replay.poll_play(late), None);
        assert_eq!(replay.poll_timeout(), Some(late + Duration::from_secs(6)));
    }

    #[test]
    fn a_replay_goes_on_behind_what_was_played_of_it() {
        let now = Instant::now();
        let plays: Vec<_> = script().plays().cloned().collect();
        let mut replay = Replay::new(script(), Speed::NORMAL, now);
        assert!(replay.resume(plays[..2].iter(), now));
        assert_eq!(replay.poll_timeout(), Some(now + Duration::from_secs(9)));
        assert!(replay.resume(plays.iter(), now));
        assert_eq!(replay.poll_timeout(), None);
        replay.rewind(now);
        assert_eq!(replay.poll_play(now).as_ref(), plays.first());

        assert!(!replay.resume(plays[1..].iter(), now), "another match");
        let longer: Vec<_> = plays.iter().chain(&plays).collect();
        assert!(!replay.resume(longer.into_iter(), now), "more than there is");
    }

    #[test]
    fn speeds_are_whole_and_bounded() {
        assert_eq!("1".parse(), Ok(Speed::NORMAL));
        assert_eq!("60x".parse(), Ok(Speed::new(60).unwrap()));
        for wrong in ["0", "61", "1.5", "", "x", "-1", "300"] {
            assert!(wrong.parse::<Speed>().is_err(), "{wrong}");
        }
    }
}
