//! One wake, one call, one buffer and one encoding per turn.

use std::{
    num::NonZeroUsize,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use madang_hub::{Batch, Encode, Hub, MemberId, Publication, Recipient, SessionId, WireForm};

use crate::common::{Recorder, Wakes, number, recorder, room, run, turn, turn_waking};

#[test]
fn the_first_operation_of_a_turn_wakes_the_flusher_and_no_other_does() {
    let (hub, mut flusher) = Hub::new();
    let wakes = Arc::new(Wakes::default());
    assert!(turn_waking(&mut flusher, &wakes).is_pending());
    assert_eq!(wakes.count(), 0, "nothing happened, nothing to do");

    let yard = room("yard");
    let (kim, member) = recorder(&hub, 1, &[&yard]);
    (0..16).for_each(|n| hub.to(&yard).publish(number(n)));
    member.leave(&yard);
    assert_eq!(wakes.count(), 1);

    assert!(turn_waking(&mut flusher, &wakes).is_pending());
    assert_eq!(kim.calls(), [(0..16).collect::<Vec<_>>()]);
    assert_eq!(wakes.count(), 1, "a turn doesn't wake itself");

    hub.to(&yard).publish(number(16));
    assert_eq!(wakes.count(), 2);
}

#[test]
fn what_is_published_during_a_turn_belongs_to_the_next_one() {
    struct Parrot {
        hub: Hub,
        heard: AtomicUsize,
    }
    impl Recipient for Parrot {
        fn deliver(&self, batch: &Batch<'_>) {
            if self.heard.fetch_add(batch.len(), Ordering::SeqCst) == 0 {
                self.hub.everyone().publish(number(1));
                self.hub.everyone().publish(number(2));
            }
        }
    }
    let (hub, mut flusher) = Hub::new();
    let wakes = Arc::new(Wakes::default());
    let parrot = Arc::new(Parrot {
        hub: hub.clone(),
        heard: AtomicUsize::new(0),
    });
    let _member = hub.enter(SessionId::new(1), parrot.clone());
    hub.everyone().publish(number(0));

    assert!(turn_waking(&mut flusher, &wakes).is_pending());
    assert_eq!(parrot.heard.load(Ordering::SeqCst), 1);
    assert_eq!(wakes.count(), 1, "once for the two of them");
    assert!(turn_waking(&mut flusher, &wakes).is_pending());
    assert_eq!(parrot.heard.load(Ordering::SeqCst), 3);
}

#[test]
fn the_flusher_delivers_what_is_left_and_ends_with_the_last_handle() {
    let (hub, mut flusher) = Hub::new();
    let wakes = Arc::new(Wakes::default());
    let yard = room("yard");
    let (kim, member) = recorder(&hub, 1, &[&yard]);
    assert!(turn_waking(&mut flusher, &wakes).is_pending());

    drop(hub);
    assert_eq!(wakes.count(), 0, "a membership is a handle, too");
    member.hub().to(&yard).publish(number(1));
    drop(member);
    assert!(turn_waking(&mut flusher, &wakes).is_ready());
    assert_eq!(kim.numbers(), [1]);
    assert_eq!(Arc::strong_count(&kim), 1, "the hub let go of it");

    let (hub, mut flusher) = Hub::new();
    assert!(turn_waking(&mut flusher, &wakes).is_pending());
    let before = wakes.count();
    drop(hub);
    assert_eq!(wakes.count(), before + 1, "an idle flusher is told");
    assert!(turn_waking(&mut flusher, &wakes).is_ready());
}

#[test]
fn recipients_of_the_same_publications_share_one_buffer() {
    #[derive(Default)]
    struct Keeper(Mutex<Vec<Bytes>>);
    impl Recipient for Keeper {
        fn deliver(&self, batch: &Batch<'_>) {
            self.0.lock().unwrap().push(batch.joined(WireForm::Frame).clone());
        }
    }
    let (hub, mut flusher) = Hub::new();
    let (yard, hall) = (room("yard"), room("hall"));
    let keepers: Vec<_> = (0..4).map(|_| Arc::new(Keeper::default())).collect();
    let members: Vec<_> = keepers
        .iter()
        .zip(1..)
        .map(|(keeper, session)| hub.enter(SessionId::new(session), keeper.clone()))
        .collect();
    members.iter().for_each(|member| member.join(&yard).unwrap());
    members[2..].iter().for_each(|member| member.join(&hall).unwrap());
    let buffers = || -> Vec<Bytes> {
        keepers
            .iter()
            .flat_map(|keeper| keeper.0.lock().unwrap().pop())
            .collect()
    };

    // One target, one publication: its own encoding, not a copy.
    let single = number(1);
    hub.to(&yard).publish(single.clone());
    assert!(turn(&mut flusher).is_pending());
    assert!(
        buffers()
            .iter()
            .all(|buffer| buffer.as_ptr() == single.encoded(WireForm::Frame).as_ptr())
    );

    // One target, several publications, of which the first member made one.
    hub.to(&yard).publish(number(2));
    members[0].publish(&yard, number(3));
    assert!(turn(&mut flusher).is_pending());
    let joined = buffers();
    assert_eq!(joined.iter().map(Bytes::len).collect::<Vec<_>>(), [8, 16, 16, 16]);
    assert!(
        joined[2..]
            .iter()
            .all(|buffer| buffer.as_ptr() == joined[1].as_ptr())
    );

    // Two targets: one buffer for those in both, one for the others.
    hub.to(&yard).publish(number(4));
    hub.to(&hall).publish(number(5));
    hub.to(&yard).publish(number(6));
    assert!(turn(&mut flusher).is_pending());
    let joined = buffers();
    assert_eq!(
        joined.iter().map(Bytes::len).collect::<Vec<_>>(),
        [16, 16, 24, 24]
    );
    assert_eq!(joined[0].as_ptr(), joined[1].as_ptr());
    assert_eq!(joined[2].as_ptr(), joined[3].as_ptr());
}

#[test]
fn a_publication_is_encoded_once_per_form_and_only_if_somebody_asks() {
    struct Counting(Arc<[AtomicUsize; WireForm::COUNT]>);
    impl Encode for Counting {
        fn encode(&self, form: WireForm) -> Bytes {
            self.0[form as usize].fetch_add(1, Ordering::SeqCst);
            Bytes::from_static(b"12345678")
        }
        fn size_hint(&self) -> Option<usize> {
            Some(8)
        }
    }
    let (hub, mut flushers) = Hub::sharded(NonZeroUsize::new(2).unwrap());
    let yard = room("yard");
    let _members: Vec<_> = (0..10).map(|session| recorder(&hub, session, &[&yard])).collect();
    let counts = Arc::new([const { AtomicUsize::new(0) }; WireForm::COUNT]);
    hub.to(&yard).publish(Publication::new(Counting(counts.clone())));
    assert_eq!(
        counts[0].load(Ordering::SeqCst),
        0,
        "publishing alone encodes nothing whose size is known"
    );
    flushers
        .iter_mut()
        .for_each(|flusher| assert!(turn(flusher).is_pending()));
    let counted = counts.each_ref().map(|count| count.load(Ordering::SeqCst));
    let once = WireForm::Frame as usize;
    assert_eq!(counted[once], 1, "for ten recipients in two shards");
    assert_eq!(counted.iter().sum::<usize>(), 1, "nobody asked for another form");
}

#[test]
fn a_flusher_runs_on_any_thread() {
    let (hub, flusher) = Hub::new();
    let yard = room("yard");
    let (kim, member) = recorder(&hub, 1, &[&yard]);
    let thread = std::thread::spawn(|| run(flusher));
    (0..100).for_each(|n| hub.to(&yard).publish(number(n)));
    drop((hub, member));
    thread.join().unwrap();
    assert_eq!(kim.numbers(), (0..100).collect::<Vec<_>>());
}

#[test]
fn a_reconnected_sender_hears_no_echo() {
    let (hub, mut flusher) = Hub::new();
    let yard = room("yard");
    let (before, old) = recorder(&hub, 1, &[&yard]);
    let (after, new) = recorder(&hub, 1, &[&yard]);
    let (other, _member) = recorder(&hub, 2, &[&yard]);
    old.publish(&yard, number(1));
    drop(old);
    assert!(turn(&mut flusher).is_pending());
    assert_eq!(before.numbers(), []);
    assert_eq!(after.numbers(), []);
    assert_eq!(other.numbers(), [1]);
    assert_ne!(new.id(), _member.id());
}

#[test]
fn the_id_of_someone_who_left_is_not_that_of_the_next_one() {
    let (hub, mut flusher) = Hub::new();
    let (old, member) = recorder(&hub, 1, &[]);
    let id = member.id();
    drop(member);
    assert!(turn(&mut flusher).is_pending());
    let new = Arc::new(Recorder::default());
    let _member = hub.enter(SessionId::new(2), new.clone());
    hub.send(id, number(1));
    assert!(turn(&mut flusher).is_pending());
    assert_eq!((old.numbers(), new.numbers()), (vec![], vec![]));
}

#[test]
fn to_a_single_member_it_goes_at_once_but_never_before_what_was_published_earlier() {
    let (hub, mut flusher) = Hub::new();
    let yard = room("yard");
    let (kim, member) = recorder(&hub, 1, &[&yard]);
    assert!(turn(&mut flusher).is_pending());
    member.send(number(1));
    assert_eq!(
        kim.numbers(),
        [1],
        "nothing was waiting, so nobody had to be woken"
    );
    hub.to(&yard).publish(number(2));
    member.send(number(3));
    assert_eq!(
        kim.numbers(),
        [1],
        "the second waits for its turn, and so must the third"
    );
    assert!(turn(&mut flusher).is_pending());
    member.send(number(4));
    assert_eq!(kim.numbers(), [1, 2, 3, 4]);
}

#[test]
fn what_a_recipient_sends_while_it_is_handed_something_comes_afterwards() {
    struct Echo {
        hub: Hub,
        heard: Mutex<Vec<u64>>,
        answer_to: Mutex<Option<MemberId>>,
    }
    impl Recipient for Echo {
        fn deliver(&self, batch: &Batch<'_>) {
            let n = u64::from_be_bytes(batch.joined(WireForm::Frame)[..8].try_into().unwrap());
            self.heard.lock().unwrap().push(n);
            if let Some(member) = self.answer_to.lock().unwrap().take() {
                self.hub.send(member, number(n + 1));
                self.heard.lock().unwrap().push(0);
            }
        }
    }
    let (hub, mut flusher) = Hub::new();
    let echo = Arc::new(Echo {
        hub: hub.clone(),
        heard: Mutex::default(),
        answer_to: Mutex::default(),
    });
    let member = hub.enter(SessionId::new(1), echo.clone());
    assert!(turn(&mut flusher).is_pending());
    *echo.answer_to.lock().unwrap() = Some(member.id());
    member.send(number(7));
    assert!(turn(&mut flusher).is_pending());
    assert_eq!(*echo.heard.lock().unwrap(), [7, 0, 8]);
}
