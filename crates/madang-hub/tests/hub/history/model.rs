//! A history against a model that a reader can check by eye.

use std::{
    num::NonZeroUsize,
    time::{Duration, Instant},
};

use madang_hub::{History, HistoryLimits, Hub, Limits, LostReason, SessionId};
use proptest::prelude::*;

use super::{at, offsets};
use crate::common::{number, recorder, room, turn};

#[derive(Clone, Debug)]
enum Step {
    Publish { except: Option<u128> },
    Pass { seconds: u64 },
    Leave { reader: usize },
    Join { reader: usize, back: u64 },
    Since { offset: u64 },
    Flush,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => prop::option::weighted(0.4, 0..3u128).prop_map(|except| Step::Publish { except }),
        2 => (0..5u64).prop_map(|seconds| Step::Pass { seconds }),
        2 => (0..3usize).prop_map(|reader| Step::Leave { reader }),
        3 => (0..3usize, 0..4u64).prop_map(|(reader, back)| Step::Join { reader, back }),
        2 => (0..40u64).prop_map(|offset| Step::Since { offset }),
        1 => Just(Step::Flush),
    ]
}

/// All that was ever published: when, and kept from whom.
#[derive(Default)]
struct Model {
    all: Vec<(Instant, Option<u128>)>,
    /// How many of them are forgotten.
    forgotten: usize,
}

impl Model {
    fn forget(&mut self, now: Instant, limits: &HistoryLimits) {
        let cost = |(_, except): &(Instant, Option<u128>)| {
            HistoryLimits::ENTRY_OVERHEAD + 8 + 16 * usize::from(except.is_some())
        };
        let fits = |kept: &[(Instant, Option<u128>)]| {
            kept.len() <= limits.entries
                && kept.iter().map(cost).sum::<usize>() <= limits.bytes
                && kept.first().is_none_or(|(at, _)| now - *at <= limits.age)
        };
        while !fits(&self.all[self.forgotten..]) {
            self.forgotten += 1;
        }
    }

    fn since(&self, offset: u64) -> Result<Vec<u64>, LostReason> {
        if offset > self.all.len() as u64 {
            return Err(LostReason::Ahead);
        }
        if offset < self.forgotten as u64 {
            return Err(LostReason::Expired);
        }
        Ok((offset + 1..=self.all.len() as u64).collect())
    }

    fn is_for(&self, offset: u64, session: u128) -> bool {
        self.all[offset as usize - 1].1 != Some(session)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    /// Whatever the limits, whoever comes and goes, and whenever it is delivered.
    #[test]
    fn a_history_is_what_the_model_says(
        shards in 1..3usize,
        turn_log in prop_oneof![Just(1 << 20), 0..1000usize],
        entries in 0..12usize,
        most in 0..9usize,
        age in 1..12u64,
        steps in prop::collection::vec(step(), 0..100),
    ) {
        let mut hub_limits = Limits::default();
        hub_limits.turn_log = turn_log;
        let (hub, mut flushers) = Hub::with_limits(NonZeroUsize::new(shards).unwrap(), hub_limits);
        let yard = room("yard");
        let limits = HistoryLimits {
            entries,
            bytes: most * (HistoryLimits::ENTRY_OVERHEAD + 16),
            age: Duration::from_secs(age),
        };
        let history = History::new(&hub, &yard, at(0), limits);
        let mut now = Instant::now();
        let mut model = Model::default();
        let readers: Vec<_> = (0..3).map(|session| recorder(&hub, session, &[])).collect();
        let mut inside = [false; 3];
        let mut expected = [const { Vec::new() }; 3];
        for step in steps {
            match step {
                Step::Publish { except } => {
                    model.all.push((now, except));
                    model.forget(now, &limits);
                    let sessions: Vec<_> = except.map(SessionId::new).into_iter().collect();
                    let position = history.publish(now, &sessions, |position| number(position.offset));
                    prop_assert_eq!(position, at(model.all.len() as u64));
                    prop_assert_eq!(history.oldest(), at(model.forgotten as u64));
                    for session in (0..3).filter(|session| inside[*session] && except != Some(*session as u128)) {
                        expected[session].push(position.offset);
                    }
                }
                Step::Pass { seconds } => now += Duration::from_secs(seconds),
                Step::Leave { reader } => {
                    readers[reader].1.leave(&yard);
                    inside[reader] = false;
                }
                Step::Join { reader, back } => {
                    model.forget(now, &limits);
                    let offset = (model.all.len() as u64).saturating_sub(back);
                    let joined = history.join(now, &readers[reader].1, Some(at(offset))).unwrap();
                    inside[reader] = true;
                    prop_assert_eq!(joined.position, at(model.all.len() as u64));
                    let missed = joined.missed.map(|entries| offsets(&entries)).map_err(|lost| lost.reason);
                    let mut should = model.since(offset);
                    if let Ok(offsets) = &mut should {
                        offsets.retain(|offset| model.is_for(*offset, reader as u128));
                    }
                    prop_assert_eq!(missed, should);
                }
                Step::Since { offset } => {
                    model.forget(now, &limits);
                    let since = history.since(now, at(offset));
                    let since = since.map(|entries| offsets(&entries)).map_err(|lost| lost.reason);
                    prop_assert_eq!(since, model.since(offset));
                }
                Step::Flush => flushers.iter_mut().for_each(|flusher| assert!(turn(flusher).is_pending())),
            }
        }
        flushers.iter_mut().for_each(|flusher| assert!(turn(flusher).is_pending()));
        for ((recorder, _), expected) in readers.iter().zip(&expected) {
            prop_assert_eq!(&recorder.numbers(), expected);
        }
    }
}
