//! A slow, closed or broken member costs the others nothing.

use std::sync::{
    Arc, Barrier, Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use bytes::Bytes;
use madang_hub::{Batch, Encode, Hub, Membership, Publication, Recipient, SessionId, WireForm};

use crate::common::{Recorder, number, recorder, room, run, turn};

/// Does what its function says.
struct With<F>(F);

impl<F: Fn(&Batch<'_>) + Send + Sync + 'static> Recipient for With<F> {
    fn deliver(&self, batch: &Batch<'_>) {
        (self.0)(batch);
    }
}

fn enter(hub: &Hub, session: u128, deliver: impl Fn(&Batch<'_>) + Send + Sync + 'static) -> Membership {
    hub.enter(SessionId::new(session), Arc::new(With(deliver)))
}

#[test]
fn a_recipient_that_panics_is_taken_out_and_the_others_get_theirs() {
    let (hub, mut flusher) = Hub::new();
    let (yard, hall) = (room("yard"), room("hall"));
    let calls = Arc::new(AtomicUsize::new(0));
    let (first, _first) = recorder(&hub, 1, &[&yard]);
    let counted = calls.clone();
    let broken = enter(&hub, 2, move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        panic!("broken on purpose");
    });
    broken.join(&yard).unwrap();
    broken.join(&hall).unwrap();
    let (last, _last) = recorder(&hub, 3, &[&yard]);

    hub.to(&yard).publish(number(1));
    assert!(turn(&mut flusher).is_pending());
    hub.to(&yard).publish(number(2));
    hub.to(&hall).publish(number(3));
    hub.send(broken.id(), number(4));
    assert!(turn(&mut flusher).is_pending());

    assert_eq!(first.numbers(), [1, 2]);
    assert_eq!(last.numbers(), [1, 2]);
    assert_eq!(calls.load(Ordering::SeqCst), 1, "it isn't called again");
    assert_eq!(hub.member_count(&yard), 2);
    assert_eq!(hub.member_count(&hall), 0);
    assert_eq!((hub.stats().panicked, hub.stats().members), (1, 2));

    // Its membership still works, to no effect, and its place is free after it.
    broken.leave(&yard);
    broken.join(&yard).unwrap();
    drop(broken);
    let (new, _new) = recorder(&hub, 4, &[&yard]);
    hub.to(&yard).publish(number(5));
    assert!(turn(&mut flusher).is_pending());
    assert_eq!(new.numbers(), [5]);
    assert_eq!(hub.member_count(&yard), 3);
}

#[test]
fn all_recipients_may_panic_in_one_turn() {
    let (hub, mut flusher) = Hub::new();
    let members: Vec<_> = (0..5)
        .map(|session| enter(&hub, session, |_| panic!("broken on purpose")))
        .collect();
    hub.everyone().publish(number(1));
    members[1]
        .hub()
        .everyone()
        .except_session(SessionId::new(0))
        .publish(number(2));
    assert!(turn(&mut flusher).is_pending());
    assert_eq!((hub.stats().panicked, hub.stats().members), (5, 0));
}

#[test]
fn an_encoder_that_panics_costs_its_publication_and_no_recipient() {
    struct Broken;
    impl Encode for Broken {
        fn encode(&self, _form: WireForm) -> Bytes {
            panic!("broken on purpose");
        }
        fn size_hint(&self) -> Option<usize> {
            Some(1)
        }
    }
    struct BrokenToo;
    impl Encode for BrokenToo {
        fn encode(&self, _form: WireForm) -> Bytes {
            panic!("broken on purpose, and measured by encoding");
        }
    }
    let (hub, mut flusher) = Hub::new();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hears = heard.clone();
    let _member = enter(&hub, 1, move |batch| {
        hears
            .lock()
            .unwrap()
            .extend_from_slice(batch.joined(WireForm::Frame));
    });
    hub.everyone().publish(number(1));
    hub.everyone().publish(Publication::new(Broken));
    hub.everyone().publish(Publication::new(BrokenToo));
    hub.everyone().publish(number(2));
    assert!(turn(&mut flusher).is_pending());
    let expected: Vec<u8> = [1u64, 2].iter().flat_map(|n| n.to_be_bytes()).collect();
    assert_eq!(*heard.lock().unwrap(), expected);
    assert_eq!(hub.stats().panicked, 0);
}

#[test]
fn a_recipient_that_is_slow_delays_no_publish_and_no_join() {
    let (hub, flusher) = Hub::new();
    let yard = room("yard");
    let (inside, released) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let blocked = AtomicBool::new(false);
    let slow = {
        let (inside, released) = (inside.clone(), released.clone());
        enter(&hub, 1, move |_| {
            if !blocked.swap(true, Ordering::SeqCst) {
                inside.wait();
                released.wait();
            }
        })
    };
    slow.join(&yard).unwrap();
    let thread = std::thread::spawn(|| run(flusher));
    hub.to(&yard).publish(number(0));
    inside.wait();

    // It is in the middle of its delivery. None of this waits for it: otherwise the barrier below would never be reached.
    let (kim, member) = recorder(&hub, 2, &[&yard]);
    (1..100).for_each(|n| hub.to(&yard).publish(number(n)));
    member.leave(&yard);
    hub.to(&yard).publish(number(100));
    drop(slow);
    released.wait();

    drop((hub, member));
    thread.join().unwrap();
    assert_eq!(kim.numbers(), (1..100).collect::<Vec<_>>());
}

#[test]
fn a_closed_recipient_that_ignores_its_calls_disturbs_nobody() {
    let (hub, mut flusher) = Hub::new();
    let yard = room("yard");
    let closed = enter(&hub, 1, |_| {});
    closed.join(&yard).unwrap();
    let (kim, _member) = recorder(&hub, 2, &[&yard]);
    (0..3).for_each(|n| hub.to(&yard).publish(number(n)));
    assert!(turn(&mut flusher).is_pending());
    assert_eq!(kim.calls(), [[0, 1, 2]]);
}

#[test]
fn a_delivery_may_publish_join_leave_and_drop_memberships() {
    let (hub, mut flusher) = Hub::new();
    let yard = room("yard");
    let (kim, held) = recorder(&hub, 2, &[&yard]);
    let held = Mutex::new(Some(held));
    let inner = hub.clone();
    let busy = enter(&hub, 1, move |_| {
        if let Some(membership) = held.lock().unwrap().take() {
            membership.publish(&room("yard"), number(9));
            membership.leave(&room("yard"));
            membership.join(&room("hall")).unwrap();
            inner.to(&room("yard")).publish(number(10));
        }
    });
    busy.join(&yard).unwrap();
    hub.send(busy.id(), number(0));
    for _ in 0..3 {
        assert!(turn(&mut flusher).is_pending());
    }
    assert_eq!(
        kim.numbers(),
        [],
        "it has left the room again, and the first one was its own"
    );
    let stats = hub.stats();
    assert_eq!((stats.members, stats.rooms, stats.panicked), (1, 1, 0));
}

#[test]
fn a_delivery_that_asks_the_hub_panics_instead_of_deadlocking() {
    let (hub, mut flusher) = Hub::new();
    let inner = hub.clone();
    let _asking = enter(&hub, 1, move |_| drop(inner.members(&room("yard"))));
    let (kim, _member) = recorder(&hub, 2, &[]);
    hub.everyone().publish(number(1));
    assert!(turn(&mut flusher).is_pending());
    assert_eq!(kim.numbers(), [1]);
    assert_eq!(hub.stats().panicked, 1);
}

#[test]
fn a_recipient_is_let_go_when_its_membership_is_dropped() {
    let (hub, mut flusher) = Hub::new();
    let kim = Arc::new(Recorder::default());
    drop(hub.enter(SessionId::new(1), kim.clone()));
    assert!(turn(&mut flusher).is_pending());
    assert_eq!(Arc::strong_count(&kim), 1);
}
