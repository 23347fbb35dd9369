//! Who comes back has missed nothing, or is told that it begins anew. Time is made up.

use madang_socketio::proto::{NotRecovered, Recovery, RecoveryLimits};
use std::time::{Duration, Instant};

type Log = Recovery<u32, &'static str>;

const SECOND: Duration = Duration::from_secs(1);

fn log(limits: RecoveryLimits) -> (Log, Instant) {
    (Recovery::new("here", limits), Instant::now())
}

fn missed(log: &mut Log, offset: Option<&str>, now: Instant) -> Result<Vec<u32>, NotRecovered> {
    log.restore("kim", offset, now)
        .map(|(_, _, missed)| missed.copied().collect())
}

#[test]
fn it_gets_what_came_after_its_offset_in_order() {
    let (mut log, now) = log(RecoveryLimits::default());
    let begun = log.position();
    let offsets: Vec<_> = (0..10)
        .map(|n| {
            let offset = log.next_offset();
            log.push(n, 1, now);
            assert_eq!(offset, log.offset(), "what a volatile event carries now");
            offset
        })
        .collect();
    for (n, offset) in offsets.iter().enumerate() {
        log.persist("kim", "was", begun, now);
        let expected: Vec<_> = (n as u32 + 1..10).collect();
        assert_eq!(missed(&mut log, Some(offset), now).unwrap(), expected);
    }
}

#[test]
fn it_recovers_when_it_had_received_no_event_at_all() {
    let (mut log, now) = log(RecoveryLimits::default());
    log.push(1, 1, now);
    let begun = log.position();
    log.push(2, 1, now);
    log.persist("kim", "was", begun, now);
    log.push(3, 1, now);
    assert_eq!(
        missed(&mut log, None, now).unwrap(),
        [2, 3],
        "since it came, not what was before"
    );
}

#[test]
fn it_recovers_more_than_once() {
    let (mut log, mut now) = log(RecoveryLimits::default());
    let begun = log.position();
    for n in 0..5 {
        let before = log.offset();
        log.persist("kim", "was", begun, now);
        now += 100 * SECOND;
        log.push(n, 1, now);
        assert_eq!(missed(&mut log, Some(&before), now).unwrap(), [n]);
    }
}

#[test]
fn it_recovers_although_it_heard_nothing_for_hours_while_others_did() {
    let (mut log, start) = log(RecoveryLimits::default());
    let begun = log.position();
    let mut now = start;
    for n in 0..1_000 {
        now += 10 * SECOND;
        log.push(n, 1, now);
    }
    log.persist("kim", "was", begun, now);
    let missed = missed(&mut log, None, now).unwrap();
    assert_eq!(
        missed,
        (983..1_000).collect::<Vec<_>>(),
        "what the heartbeat can't vouch for"
    );
}

#[test]
fn a_text_that_is_no_offset_of_ours_is_not_taken_for_one() {
    let (mut log, now) = log(RecoveryLimits::default());
    let begun = log.position();
    log.push(1, 1, now);
    for offset in [
        "AAPL",
        "",
        "here",
        "here.",
        "here.2",
        "here.+1",
        "here.0A",
        "there.1",
        "here.zzzzzzzzzzzzzzzz",
    ] {
        log.persist("kim", "was", begun, now);
        assert_eq!(
            missed(&mut log, Some(offset), now),
            Err(NotRecovered::Offset),
            "{offset}"
        );
    }
}

#[test]
fn who_is_still_here_or_never_was_is_not_recovered() {
    let (mut log, now) = log(RecoveryLimits::default());
    assert_eq!(missed(&mut log, None, now), Err(NotRecovered::Unknown));
    log.persist("kim", "was", log.position(), now);
    missed(&mut log, None, now).unwrap();
    assert_eq!(
        missed(&mut log, None, now),
        Err(NotRecovered::Unknown),
        "it is here again"
    );
}

#[test]
fn after_max_disconnection_duration_it_begins_anew() {
    let (mut log, now) = log(RecoveryLimits::default());
    for (away, recovered) in [(120, true), (121, false)] {
        log.persist("kim", "was", log.position(), now);
        assert_eq!(missed(&mut log, None, now + away * SECOND).is_ok(), recovered);
    }
    log.persist("kim", "was", log.position(), now);
    log.push(1, 1, now);
    let mut then = now;
    while let Some(due) = log.poll_timeout() {
        assert!(due >= then);
        then = due + Duration::from_millis(1);
        log.handle_timeout(then);
    }
    assert_eq!((log.away(), log.bytes()), (0, 0), "nothing is kept for ever");
}

#[test]
fn beyond_so_many_bytes_who_would_have_a_gap_begins_anew_and_the_others_do_not() {
    let (mut log, now) = log(RecoveryLimits {
        bytes: 10,
        ..RecoveryLimits::default()
    });
    let begun = log.position();
    for n in 0..4 {
        log.push(n, 4, now);
        assert!(log.bytes() <= 10);
    }
    log.persist("kim", "was", begun, now);
    assert_eq!(missed(&mut log, None, now), Err(NotRecovered::Forgotten));
    log.persist("kim", "was", begun, now);
    assert_eq!(missed(&mut log, Some("here.2"), now).unwrap(), [2, 3]);
    let later = now + 46 * SECOND;
    log.persist("kim", "was", begun, later);
    assert_eq!(
        missed(&mut log, None, later).unwrap(),
        [2, 3],
        "the heartbeat says that it got the others"
    );
}

#[test]
fn beyond_so_many_sessions_the_one_that_left_first_is_forgotten() {
    let (mut log, now) = log(RecoveryLimits {
        sessions: 2,
        ..RecoveryLimits::default()
    });
    for pid in ["kim", "lee", "kim", "park"] {
        log.persist(pid, "was", log.position(), now);
    }
    assert_eq!(log.away(), 2);
    let back = ["lee", "kim", "park"].map(|pid| log.restore(pid, None, now).is_ok());
    assert_eq!(back, [false, true, true]);
}

#[test]
fn who_comes_back_and_is_lost_again_before_it_got_anything_is_not_told_that_nothing_is_missing() {
    let limits = RecoveryLimits::default();
    let (mut log, start) = log(RecoveryLimits::default());
    let begun = log.position();
    log.persist("kim", "was", begun, start);
    log.push(1, 1, start + SECOND);
    // Back at the last moment; but the new connection is dead, which is noticed as late as can be.
    let back = start + limits.max_disconnection_duration - SECOND;
    let (_, position, missed_now) = log.restore("kim", None, back).unwrap();
    assert_eq!(missed_now.count(), 1);
    let gone = back + limits.unnoticed;
    log.persist("kim", "was", position, gone);
    // Until it's back for good, the event has become too old to be kept.
    let late = gone + limits.max_disconnection_duration - SECOND;
    log.handle_timeout(late);
    assert_eq!(missed(&mut log, None, late), Err(NotRecovered::Forgotten));
}

#[test]
fn what_is_too_old_to_be_missed_by_anybody_is_no_gap() {
    let limits = RecoveryLimits::default();
    let (mut log, start) = log(RecoveryLimits::default());
    let begun = log.position();
    log.push(1, 1, start);
    // Somebody who has been here all the time and has got it, and says nothing of it.
    let gone = start + limits.unnoticed + SECOND;
    log.persist("kim", "was", begun, gone);
    let late = gone + limits.max_disconnection_duration;
    log.handle_timeout(late);
    assert_eq!(missed(&mut log, None, late), Ok(vec![]));
}

#[test]
fn an_offset_from_before_it_came_is_that_of_its_coming() {
    let (mut log, now) = log(RecoveryLimits {
        bytes: 2,
        ..RecoveryLimits::default()
    });
    let before = log.offset();
    log.push(1, 1, now);
    log.push(2, 1, now);
    // Clients keep the offset of an earlier session as long as the new one gets no event.
    let begun = log.position();
    log.persist("kim", "was", begun, now);
    assert_eq!(missed(&mut log, Some(&before), now), Ok(vec![]));
    log.push(3, 1, now);
    log.persist("kim", "was", begun, now);
    assert_eq!(
        missed(&mut log, Some(&before), now),
        Ok(vec![3]),
        "what is forgotten was before its time"
    );
}

#[test]
fn who_comes_and_goes_leaves_nothing_behind() {
    let (mut log, now) = log(RecoveryLimits::default());
    log.persist("lee", "was", log.position(), now);
    for seconds in 0..1_000 {
        let now = now + seconds * SECOND / 100;
        log.persist("kim", "was", log.position(), now);
        missed(&mut log, None, now).unwrap();
    }
    assert!(log.restore("lee", None, now).is_ok());
    assert_eq!(log.poll_timeout(), None, "nobody is away");
}
