//! A stream of events: when the next one is due, and what is in it.

use std::time::{Duration, Instant};

use serde_json::json;

/// Makes events that say when they were made. It has no clock: time is an argument.
#[derive(Debug)]
pub struct Source {
    interval: Duration,
    payload: usize,
    due: Instant,
    made: u64,
}

impl Source {
    /// The first event is due at once.
    pub fn new(now: Instant, rate: f64, payload: usize) -> Self {
        Self {
            interval: interval(rate),
            payload,
            due: now,
            made: 0,
        }
    }

    /// Another rate and size, from the next event on.
    pub fn change(&mut self, now: Instant, rate: f64, payload: usize) {
        self.interval = interval(rate);
        self.payload = payload;
        // A slow rate must not hold up a fast one that follows it.
        self.due = self.due.min(now + self.interval);
    }

    /// When the next event is due.
    pub fn poll_timeout(&self) -> Instant {
        self.due
    }

    /// The text of the event that is due now, if one is; `sent_us` is the time that stands in it, `random` a number in [0, 1).
    ///
    /// The next one comes after half an interval to one and a half: were it always one, whoever polls at a fixed interval too would find every event at
    /// the same age.
    pub fn poll(&mut self, now: Instant, sent_us: u64, random: f64) -> Option<String> {
        if now < self.due {
            return None;
        }
        self.made += 1;
        // What a busy machine kept from being made is left out: a crowd of late events would look like bad lanes.
        self.due = (self.due + self.interval.mul_f64(0.5 + random)).max(now);
        let event = json!({"n": self.made, "sent_us": sent_us, "pad": pad(self.payload)});
        Some(event.to_string())
    }
}

fn interval(rate: f64) -> Duration {
    // The plan has checked the rate.
    Duration::try_from_secs_f64(1.0 / rate).unwrap_or(Duration::MAX)
}

/// Letters and digits at random, since one lane compresses and the others don't: these shrink by a quarter, and
/// repeated ones would to nothing.
fn pad(size: usize) -> String {
    std::iter::repeat_with(fastrand::alphanumeric)
        .take(size)
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn at(start: Instant, ms: u64) -> Instant {
        start + Duration::from_millis(ms)
    }

    #[test]
    fn events_come_at_their_rate_with_number_time_and_size() {
        let start = Instant::now();
        let mut source = Source::new(start, 10.0, 100);
        for n in 0..5 {
            let now = at(start, n * 100);
            assert_eq!(source.poll_timeout(), now);
            let event: Value = serde_json::from_str(&source.poll(now, 7, 0.5).unwrap()).unwrap();
            assert_eq!((&event["n"], &event["sent_us"]), (&json!(n + 1), &json!(7)));
            assert_eq!(event["pad"].as_str().unwrap().len(), 100);
            assert_eq!(source.poll(now, 7, 0.5), None, "once");
        }
    }

    #[test]
    fn what_could_not_be_made_in_time_is_not_made_up_for() {
        let start = Instant::now();
        let mut source = Source::new(start, 10.0, 0);
        assert!(source.poll(at(start, 1000), 0, 0.5).is_some());
        assert_eq!(source.poll_timeout(), at(start, 1000));
        assert!(source.poll(at(start, 1000), 0, 0.5).is_some());
        assert_eq!(source.poll_timeout(), at(start, 1100));
    }

    #[test]
    fn the_next_event_may_come_sooner_or_later() {
        let start = Instant::now();
        for (random, due) in [(0.0, 50), (0.25, 75), (0.75, 125)] {
            let mut source = Source::new(start, 10.0, 0);
            source.poll(start, 0, random);
            assert_eq!(source.poll_timeout(), at(start, due));
        }
    }

    #[test]
    fn a_faster_rate_counts_at_once() {
        let start = Instant::now();
        let mut source = Source::new(start, 0.1, 0);
        source.poll(start, 0, 0.5);
        source.change(at(start, 50), 100.0, 3);
        assert_eq!(source.poll_timeout(), at(start, 60));
        let event: Value = serde_json::from_str(&source.poll(at(start, 60), 0, 0.5).unwrap()).unwrap();
        assert_eq!(event["pad"].as_str().unwrap().len(), 3);
    }
}
