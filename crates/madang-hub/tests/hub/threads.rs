//! Real threads: nothing lost, nothing twice, every publisher's order kept.

use std::{collections::HashMap, num::NonZeroUsize, sync::Arc, thread};

use madang_hub::{Hub, Limits, SessionId};

use crate::common::{Recorder, number, recorder, room, run};

const PUBLISHERS: u64 = 4;
const EACH: u64 = 3_000;

fn stress(shards: usize, turn_log: usize) {
    let mut limits = Limits::default();
    limits.turn_log = turn_log;
    let (hub, flushers) = Hub::with_limits(NonZeroUsize::new(shards).unwrap(), limits);
    let (yard, hall) = (room("yard"), room("hall"));
    let steady: Vec<_> = (0..6)
        .map(|session| recorder(&hub, 100 + session, &[&yard]))
        .collect();
    let flushers: Vec<_> = flushers
        .into_iter()
        .map(|flusher| thread::spawn(|| run(flusher)))
        .collect();

    let publishers = (0..PUBLISHERS).map(|publisher| {
        let (hub, yard, hall) = (hub.clone(), yard.clone(), hall.clone());
        thread::spawn(move || {
            let (own, member) = recorder(&hub, u128::from(publisher), &[&yard]);
            for n in 0..EACH {
                match n % 3 {
                    0 => hub
                        .to(&yard)
                        .to(&hall)
                        .except_session(member.session())
                        .publish(number(publisher << 32 | n)),
                    _ => member.publish(&yard, number(publisher << 32 | n)),
                }
            }
            own
        })
    });
    let movers = (0..2).map(|mover| {
        let (hub, yard) = (hub.clone(), yard.clone());
        thread::spawn(move || {
            let mut all = Vec::new();
            for _ in 0..300 {
                let (heard, member) = recorder(&hub, 50 + mover, &[&yard]);
                member.leave(&yard);
                member.join(&yard).unwrap();
                hub.send(member.id(), number(u64::MAX));
                all.push(heard);
            }
            all
        })
    });
    let (publishers, movers): (Vec<_>, Vec<_>) = (publishers.collect(), movers.collect());
    let publishers: Vec<_> = publishers
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .collect();
    let movers: Vec<Arc<Recorder>> = movers
        .into_iter()
        .flat_map(|thread| thread.join().unwrap())
        .collect();
    let members = hub.members(&yard);
    assert_eq!(members.len(), steady.len(), "the others have left");
    assert!(members.iter().all(|(_, session)| *session >= SessionId::new(100)));
    let (steady, memberships): (Vec<_>, Vec<_>) = steady.into_iter().unzip();
    drop((hub, memberships));
    flushers.into_iter().for_each(|flusher| flusher.join().unwrap());

    // Who was there all the time got everything, in one order that all agree on.
    let reference = steady[0].numbers();
    assert_eq!(reference.len() as u64, PUBLISHERS * EACH);
    for publisher in 0..PUBLISHERS {
        let own: Vec<u64> = reference
            .iter()
            .filter(|n| **n >> 32 == publisher)
            .map(|n| n & 0xffff_ffff)
            .collect();
        assert_eq!(own, (0..EACH).collect::<Vec<_>>());
    }
    assert!(
        steady.iter().all(|other| other.numbers() == reference),
        "all shards agree"
    );

    // Who came and went got a piece of that order without a gap (its own publications aside), and no echo.
    let position: HashMap<u64, usize> = reference
        .iter()
        .enumerate()
        .map(|(index, n)| (*n, index))
        .collect();
    for (publisher, heard) in (0..).zip(&publishers) {
        let heard = heard.numbers();
        assert!(heard.iter().all(|n| n >> 32 != publisher), "an echo");
        let Some(first) = heard.first() else { continue };
        let others = reference[position[first]..]
            .iter()
            .filter(|n| **n >> 32 != publisher);
        assert!(others.take(heard.len()).eq(&heard), "a gap, or something twice");
    }
    for heard in movers {
        let heard = heard.numbers();
        assert_eq!(
            heard.iter().filter(|n| **n == u64::MAX).count(),
            1,
            "sent to it alone, before it left"
        );
        let positions: Vec<usize> = heard.iter().filter_map(|n| position.get(n).copied()).collect();
        assert_eq!(positions.len(), heard.len() - 1);
        assert!(
            positions.is_sorted_by(|a, b| a < b),
            "out of order, or something twice"
        );
    }
}

#[test]
fn one_shard() {
    stress(1, 1 << 20);
}

#[test]
fn three_shards() {
    stress(3, 1 << 20);
}

#[test]
fn publishers_that_deliver_themselves() {
    stress(2, 2_000);
}
