//! Publishers and readers on real threads: no hole, nothing twice.

use std::{
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Instant,
};

use madang_hub::{History, HistoryLimits, Hub, Limits};

use super::{at, offsets, say_all};
use crate::common::{recorder, room, run};

/// Readers come back again and again while others publish; each visit is what it missed and what it was delivered, and all visits together are everything.
fn come_and_go(shards: usize, turn_log: usize) {
    const PUBLISHERS: u64 = 3;
    const EACH: u64 = 2_000;
    let mut limits = Limits::default();
    limits.turn_log = turn_log;
    let (hub, flushers) = Hub::with_limits(NonZeroUsize::new(shards).unwrap(), limits);
    let yard = room("yard");
    let everything = HistoryLimits {
        entries: usize::MAX,
        bytes: usize::MAX,
        ..HistoryLimits::default()
    };
    let history = History::new(&hub, &yard, at(0), everything);
    let flushers: Vec<_> = flushers
        .into_iter()
        .map(|flusher| thread::spawn(|| run(flusher)))
        .collect();
    let over = Arc::new(AtomicBool::new(false));

    let readers: Vec<_> = (0..3)
        .map(|session| {
            let (hub, yard, history, over) = (hub.clone(), yard.clone(), history.clone(), over.clone());
            thread::spawn(move || {
                let mut position = at(0);
                loop {
                    let last = over.load(Ordering::SeqCst);
                    let (recorder, member) = recorder(&hub, session, &[]);
                    let joined = history.join(Instant::now(), &member, Some(position)).unwrap();
                    let missed = offsets(&joined.missed.unwrap());
                    assert!(
                        missed
                            .iter()
                            .copied()
                            .eq(position.offset + 1..=joined.position.offset)
                    );
                    // How long it stays is up to the threads; what was published before it left is delivered.
                    thread::yield_now();
                    member.leave(&yard);
                    hub.member_count(&yard);
                    let delivered = recorder.numbers();
                    position.offset = joined.position.offset + delivered.len() as u64;
                    assert!(
                        delivered
                            .iter()
                            .copied()
                            .eq(joined.position.offset + 1..=position.offset)
                    );
                    if last {
                        return position;
                    }
                }
            })
        })
        .collect();
    let publishers: Vec<_> = (0..PUBLISHERS)
        .map(|_| {
            let history = history.clone();
            thread::spawn(move || say_all(&history, Instant::now(), EACH))
        })
        .collect();
    publishers.into_iter().for_each(|thread| thread.join().unwrap());
    over.store(true, Ordering::SeqCst);
    for reader in readers {
        assert_eq!(
            reader.join().unwrap(),
            at(PUBLISHERS * EACH),
            "everything was seen"
        );
    }
    drop((hub, history));
    flushers.into_iter().for_each(|flusher| flusher.join().unwrap());
}

#[test]
fn readers_that_come_and_go_see_everything_once() {
    come_and_go(1, 1 << 20);
}

#[test]
fn so_they_do_across_shards() {
    come_and_go(3, 1 << 20);
}

#[test]
fn so_they_do_where_publishers_deliver() {
    come_and_go(2, 2_000);
}
