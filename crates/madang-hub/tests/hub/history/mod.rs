//! What was missed, exactly: numbered, bounded, and joined to what comes.

use std::{
    num::NonZeroUsize,
    sync::{Arc, OnceLock},
    thread,
    time::{Duration, Instant},
};

use madang_hub::{
    Batch, Entry, Epoch, Flusher, History, HistoryLimits, Hub, InvalidEpoch, Limits, LostReason, Membership,
    Position, Publication, Recipient, RoomName, SessionId, WireForm,
};

use crate::common::{Recorder, number, recorder, room, turn};

mod model;
mod threads;

const EPOCH: Epoch = Epoch::new(0xbea7);

fn at(offset: u64) -> Position {
    Position { offset, epoch: EPOCH }
}

/// Says its own offset.
fn say(history: &History, now: Instant) -> Position {
    history.publish(now, &[], |position| number(position.offset))
}

fn say_all(history: &History, now: Instant, count: u64) {
    (0..count).for_each(|_| {
        say(history, now);
    });
}

fn offsets(entries: &[Entry]) -> Vec<u64> {
    let read = |entry: &Entry| {
        let encoded = entry.publication.encoded(WireForm::Frame);
        assert_eq!(encoded[..], entry.offset.to_be_bytes());
        entry.offset
    };
    entries.iter().map(read).collect()
}

fn yard(limits: HistoryLimits) -> (Hub, Flusher, RoomName, History) {
    let (hub, flusher) = Hub::new();
    let yard = room("yard");
    let history = History::new(&hub, &yard, at(0), limits);
    (hub, flusher, yard, history)
}

#[test]
fn what_is_published_is_numbered_without_a_gap_and_delivered() {
    let (hub, mut flusher, yard, _) = yard(HistoryLimits::default());
    let history = History::new(&hub, &yard, at(41), HistoryLimits::default());
    let (kim, _kim) = recorder(&hub, 1, &[&yard]);
    let (lee, _lee) = recorder(&hub, 2, &[&yard]);
    let now = Instant::now();
    assert_eq!((history.position(), history.oldest()), (at(41), at(41)));
    assert_eq!(say(&history, now), at(42));
    let kept_from_kim = history.publish(now, &[SessionId::new(1)], |position| number(position.offset));
    assert_eq!(kept_from_kim, at(43));
    assert!(turn(&mut flusher).is_pending());
    assert_eq!(kim.numbers(), [42]);
    assert_eq!(lee.numbers(), [42, 43]);
    assert_eq!((history.position(), history.oldest()), (at(43), at(41)));
}

#[test]
fn since_tells_what_was_missed_or_why_it_can_not() {
    let (_hub, _flusher, _, history) = yard(HistoryLimits {
        entries: 3,
        ..HistoryLimits::default()
    });
    let now = Instant::now();
    say_all(&history, now, 5);
    let since = |position| history.since(now, position);
    assert_eq!(offsets(&since(at(2)).unwrap()), [3, 4, 5]);
    assert_eq!(offsets(&since(at(4)).unwrap()), [5]);
    assert!(since(at(5)).unwrap().is_empty());
    let elsewhere = Position {
        epoch: Epoch::new(1),
        ..at(4)
    };
    for (position, reason, code) in [
        (at(1), LostReason::Expired, "position_expired"),
        (at(6), LostReason::Ahead, "position_ahead"),
        (elsewhere, LostReason::Epoch, "position_of_another_epoch"),
    ] {
        let lost = since(position).unwrap_err();
        assert_eq!((lost.reason, lost.oldest, lost.newest), (reason, at(2), at(5)));
        assert_eq!(lost.code(), code);
    }
}

#[test]
fn a_history_keeps_so_many_entries() {
    let (_hub, _flusher, _, history) = yard(HistoryLimits {
        entries: 2,
        ..HistoryLimits::default()
    });
    let now = Instant::now();
    say(&history, now);
    say(&history, now);
    assert_eq!(history.oldest(), at(0));
    say(&history, now);
    assert_eq!(history.oldest(), at(1));
}

#[test]
fn a_history_keeps_so_many_bytes() {
    let each = HistoryLimits::ENTRY_OVERHEAD + 8;
    let (_hub, _flusher, _, history) = yard(HistoryLimits {
        bytes: 3 * each + 16,
        ..HistoryLimits::default()
    });
    let now = Instant::now();
    say_all(&history, now, 3);
    assert_eq!(history.oldest(), at(0));
    let except = [SessionId::new(1), SessionId::new(2)];
    history.publish(now, &except[..1], |position| number(position.offset));
    assert_eq!(history.oldest(), at(1), "a session counts 16 bytes");
    history.publish(now, &except, |position| number(position.offset));
    assert_eq!(history.oldest(), at(3), "one byte too many is one entry too many");
}

#[test]
fn what_is_larger_than_a_history_is_published_and_not_remembered() {
    let (hub, mut flusher, yard, history) = yard(HistoryLimits {
        bytes: HistoryLimits::ENTRY_OVERHEAD,
        ..HistoryLimits::default()
    });
    let (kim, _kim) = recorder(&hub, 1, &[&yard]);
    assert_eq!(say(&history, Instant::now()), at(1));
    assert_eq!((history.oldest(), history.position()), (at(1), at(1)));
    assert!(turn(&mut flusher).is_pending());
    assert_eq!(kim.numbers(), [1]);
}

#[test]
fn a_history_keeps_entries_so_long_whoever_asks_next() {
    let age = Duration::from_secs(10);
    let start = Instant::now();
    let after = |seconds| start + Duration::from_secs(seconds);
    let begin = || {
        let (hub, flusher, _, history) = yard(HistoryLimits {
            age,
            ..HistoryLimits::default()
        });
        say(&history, start);
        say(&history, after(5));
        (hub, flusher, history)
    };

    let (_hub, _flusher, history) = begin();
    assert_eq!(offsets(&history.since(after(10), at(0)).unwrap()), [1, 2]);
    let late = after(10) + Duration::from_nanos(1);
    assert_eq!(
        history.since(late, at(0)).unwrap_err().reason,
        LostReason::Expired
    );
    assert_eq!(offsets(&history.since(late, at(1)).unwrap()), [2]);

    let (_hub, _flusher, history) = begin();
    say(&history, late);
    assert_eq!(history.oldest(), at(1));

    let (hub, _flusher, history) = begin();
    let (_, member) = recorder(&hub, 1, &[]);
    let joined = history.join(late, &member, Some(at(0))).unwrap();
    assert_eq!(joined.missed.unwrap_err().reason, LostReason::Expired);
    assert_eq!(joined.position, at(2));
}

#[test]
fn who_joins_gets_what_was_missed_and_then_what_comes() {
    let (hub, mut flusher, yard, history) = yard(HistoryLimits::default());
    let now = Instant::now();
    say_all(&history, now, 3);
    let (kim, member) = recorder(&hub, 1, &[]);
    let joined = history.join(now, &member, Some(at(1))).unwrap();
    assert_eq!(joined.position, at(3));
    assert_eq!(offsets(&joined.missed.unwrap()), [2, 3]);
    assert_eq!(member.rooms(), [yard]);
    say(&history, now);
    assert!(turn(&mut flusher).is_pending());
    assert_eq!(kim.numbers(), [4]);

    let (_, other) = recorder(&hub, 2, &[]);
    let joined = history.join(now, &other, None).unwrap();
    assert_eq!((joined.position, joined.missed.unwrap().len()), (at(4), 0));
}

#[test]
fn what_was_kept_from_a_session_was_not_missed_by_it() {
    let (hub, _flusher, _, history) = yard(HistoryLimits::default());
    let now = Instant::now();
    let kim = SessionId::new(1);
    history.publish(now, &[kim], |position| number(position.offset));
    say(&history, now);
    let (_, member) = recorder(&hub, 1, &[]);
    let joined = history.join(now, &member, Some(at(0))).unwrap();
    assert_eq!(offsets(&joined.missed.unwrap()), [2]);
    let all = history.since(now, at(0)).unwrap();
    assert_eq!(offsets(&all), [1, 2]);
    assert_eq!((&*all[0].except, &*all[1].except), (&[kim][..], &[][..]));
}

#[test]
fn a_greeting_and_what_was_missed_come_before_the_room() {
    let (hub, mut flusher, _, history) = yard(HistoryLimits::default());
    let now = Instant::now();
    say_all(&history, now, 3);
    let (kim, member) = recorder(&hub, 1, &[]);
    let greet = |joined: &madang_hub::Joined| {
        let missed = joined.missed.as_ref().unwrap();
        let missed = missed.iter().map(|entry| entry.publication.clone());
        std::iter::once(number(100))
            .chain(missed)
            .collect::<Vec<Publication>>()
    };
    history.join_with(now, &member, Some(at(1)), greet).unwrap();
    say(&history, now);
    assert!(turn(&mut flusher).is_pending());
    assert_eq!(kim.numbers(), [100, 2, 3, 4]);
}

#[test]
fn a_member_that_may_not_join_is_told_and_sent_nothing() {
    let mut limits = Limits::default();
    limits.rooms_per_member = 1;
    let (hub, mut flushers) = Hub::with_limits(NonZeroUsize::MIN, limits);
    let history = History::new(&hub, &room("yard"), at(0), HistoryLimits::default());
    let (kim, member) = recorder(&hub, 1, &[&room("hall")]);
    let now = Instant::now();
    let refused = history.join_with(now, &member, None, |_| vec![number(100)]);
    assert_eq!(refused.unwrap_err().code(), "limit_rooms_per_member");
    say(&history, now);
    assert!(turn(&mut flushers[0]).is_pending());
    assert!(kim.calls().is_empty());
    assert_eq!(member.rooms(), [room("hall")]);
}

#[test]
fn a_publication_that_can_not_be_made_takes_no_number() {
    let (_hub, _flusher, _, history) = yard(HistoryLimits::default());
    let now = Instant::now();
    let broken = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        history.publish(now, &[], |_| panic!("made on purpose"))
    }));
    assert!(broken.is_err());
    assert_eq!(say(&history, now), at(1));
}

/// Publishes, reads and joins in the middle of a delivery, which publishers make themselves when the log is full.
struct Echo {
    history: OnceLock<(History, Membership)>,
    heard: Recorder,
}

impl Recipient for Echo {
    fn deliver(&self, batch: &Batch<'_>) {
        self.heard.deliver(batch);
        let (history, member) = self.history.get().unwrap();
        let now = Instant::now();
        if history.position().offset < 2_000 {
            say(history, now);
        }
        assert!(history.since(now, history.position()).is_ok());
        history.join(now, member, None).unwrap();
    }
}

#[test]
fn a_recipient_may_call_the_history_while_it_is_delivered_to() {
    let mut limits = Limits::default();
    limits.turn_log = 0;
    let (hub, flushers) = Hub::with_limits(NonZeroUsize::new(2).unwrap(), limits);
    let yard = room("yard");
    let limits = HistoryLimits {
        entries: 4_000,
        ..HistoryLimits::default()
    };
    let history = History::new(&hub, &yard, at(0), limits);
    let echo = Arc::new(Echo {
        history: OnceLock::new(),
        heard: Recorder::default(),
    });
    let member = hub.enter(SessionId::new(1), echo.clone());
    assert!(echo.history.set((history.clone(), member)).is_ok());
    history
        .join(Instant::now(), &echo.history.get().unwrap().1, None)
        .unwrap();
    let mut flushers = flushers;
    let publishers: Vec<_> = (0..3)
        .map(|_| {
            let history = history.clone();
            thread::spawn(move || say_all(&history, Instant::now(), 500))
        })
        .collect();
    publishers.into_iter().for_each(|thread| thread.join().unwrap());
    // What the last delivery said is still in the log.
    while hub.stats().deliveries < history.position().offset {
        flushers
            .iter_mut()
            .for_each(|flusher| assert!(turn(flusher).is_pending()));
    }
    let heard = echo.heard.numbers();
    assert!(heard.iter().copied().eq(1..=history.position().offset));
}

#[test]
fn an_epoch_has_one_text() {
    for n in [0, 1, 0xbea7, u64::MAX] {
        let text = Epoch::new(n).to_string();
        assert_eq!(text.len(), 16);
        assert_eq!(text.parse(), Ok(Epoch::new(n)));
    }
    for wrong in [
        "",
        "bea7",
        "000000000000BEA7",
        "+00000000000bea7",
        "000000000000bea7 ",
        "0000000000000bea7",
        "00000000000마",
    ] {
        assert_eq!(wrong.parse::<Epoch>(), Err(InvalidEpoch), "{wrong}");
    }
    assert_eq!(InvalidEpoch.code(), "epoch_invalid");
}
