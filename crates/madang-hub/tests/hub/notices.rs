//! What the policies did is counted, and whoever missed something is told.

use std::{
    io::IoSlice,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use madang_hub::{
    Batch, Encode, Flusher, Hub, Key, Membership, Outbox, Overflow, Policy, Publication, Pushed, Recipient,
    RoomName, SessionId, Stats, WireForm,
};
use proptest::prelude::*;

use crate::common::{Number, number, room, turn};

/// Beside the numbers that are published, which are smaller.
const NOTICE: u64 = 1_000_000;

/// A connection that reads when the test says so.
struct Reader(Mutex<Outbox>);

impl Recipient for Reader {
    fn deliver(&self, batch: &Batch<'_>) {
        let mut outbox = self.0.lock().unwrap();
        outbox.tell(batch.tally(WireForm::Frame));
        for (bytes, overflow) in batch.frames(WireForm::Frame) {
            let _ = outbox.push(bytes.clone(), overflow);
        }
    }
}

struct Room {
    hub: Hub,
    flusher: Flusher,
    name: RoomName,
    reader: Arc<Reader>,
    _membership: Membership,
}

impl Room {
    /// With a reader whose outbox holds so many numbers.
    fn new(policy: Policy, entries: usize) -> Self {
        let (hub, flusher) = Hub::new();
        let name = room("yard");
        hub.set_policy(&name, policy).unwrap();
        let outbox = Outbox::new(entries * (8 + Outbox::ENTRY_OVERHEAD));
        let reader = Arc::new(Reader(Mutex::new(outbox)));
        let membership = hub.enter(SessionId::new(1), reader.clone());
        membership.join(&name).unwrap();
        Self {
            hub,
            flusher,
            name,
            reader,
            _membership: membership,
        }
    }

    fn telling(policy: Policy, entries: usize) -> Self {
        let room = Self::new(policy, entries);
        room.hub.set_notice(|skipped| number(NOTICE + skipped));
        room
    }

    fn publish(&mut self, publications: impl IntoIterator<Item = Publication>) {
        for publication in publications {
            self.hub.to(&self.name).publish(publication);
            assert!(turn(&mut self.flusher).is_pending());
        }
    }

    fn say(&mut self, numbers: std::ops::RangeInclusive<u64>) {
        self.publish(numbers.map(number));
    }

    fn outbox<R>(&self, look: impl FnOnce(&mut Outbox) -> R) -> R {
        look(&mut self.reader.0.lock().unwrap())
    }

    /// Everything that waits.
    fn read(&self) -> Vec<u64> {
        self.outbox(|outbox| {
            std::iter::from_fn(|| outbox.pop())
                .map(|bytes| to_number(&bytes))
                .collect()
        })
    }

    /// Dropped, replaced, volatile, disconnected.
    fn counted(&self) -> [u64; 4] {
        let Stats {
            dropped,
            replaced,
            volatile,
            disconnected,
            ..
        } = self.hub.stats();
        [dropped, replaced, volatile, disconnected]
    }
}

fn to_number(bytes: &[u8]) -> u64 {
    u64::from_be_bytes(bytes.try_into().unwrap())
}

#[test]
fn who_missed_something_is_told_behind_what_waited_then() {
    let mut room = Room::telling(Policy::DropOldest, 3);
    room.say(1..=4);
    assert_eq!(room.read(), [2, 3, NOTICE + 1, 4]);
    assert_eq!(room.counted(), [1, 0, 0, 0]);
}

#[test]
fn however_much_is_missed_one_notice_waits() {
    let mut room = Room::telling(Policy::DropOldest, 3);
    room.say(1..=100);
    assert_eq!(room.read(), [NOTICE + 98, 99, 100]);
    assert_eq!(room.counted(), [98, 0, 0, 0]);
    room.say(101..=103);
    assert_eq!(room.read(), [101, 102, 103], "nothing is missed any more");
    room.say(104..=107);
    assert_eq!(room.read(), [105, 106, NOTICE + 1, 107], "and counted anew");
}

#[test]
fn a_notice_that_nobody_took_goes_on_counting() {
    let mut room = Room::telling(Policy::DropOldest, 3);
    room.say(1..=10);
    let first_chunk = |room: &Room| {
        room.outbox(|outbox| {
            let mut chunks = [IoSlice::new(&[])];
            assert_eq!(outbox.chunks(&mut chunks), 1);
            to_number(&chunks[0])
        })
    };
    assert_eq!(first_chunk(&room), NOTICE + 8);
    room.say(11..=20);
    assert_eq!(first_chunk(&room), NOTICE + 18);
    assert_eq!(room.read(), [NOTICE + 18, 19, 20]);
}

#[test]
fn a_notice_that_has_begun_to_leave_stays_as_it_is() {
    let mut room = Room::telling(Policy::DropOldest, 4);
    room.say(1..=10);
    room.outbox(|outbox| {
        assert_eq!(outbox.chunks(&mut [IoSlice::new(&[])]), 1);
        outbox.consume(7);
    });
    room.say(11..=20);
    let (rest, numbers) = room.outbox(|outbox| {
        let rest = outbox.pop().unwrap();
        let numbers: Vec<u64> = std::iter::from_fn(|| outbox.pop())
            .map(|bytes| to_number(&bytes))
            .collect();
        (rest, numbers)
    });
    assert_eq!(rest.len(), 1);
    let missed = numbers.iter().filter(|number| **number > NOTICE);
    let missed: Vec<u64> = missed.map(|number| number - NOTICE).collect();
    let seen = numbers.len() - missed.len();
    assert_eq!(missed.len(), 1, "{numbers:?}");
    assert_eq!(numbers.last(), Some(&20));
    // Before it began, what didn't fit of the first ten.
    let before = u64::from(rest[0]) - (NOTICE & 0xff);
    assert_eq!(before + missed[0] + seen as u64, 20);
}

#[test]
fn what_is_replaced_or_volatile_is_counted_and_not_told() {
    let mut room = Room::telling(Policy::Latest, 3);
    let key = Key::try_from("AAPL").unwrap();
    room.publish((1..=5).map(|n| number(n).with_key(key.clone())));
    room.publish((6..=8).map(|n| number(n).volatile()));
    assert_eq!(room.read(), [5]);
    assert_eq!(room.counted(), [0, 4, 3, 0]);
    let keys = ["A", "B", "C", "D"].map(|key| Key::try_from(key).unwrap());
    room.publish((1..).zip(&keys).map(|(n, key)| number(n).with_key(key.clone())));
    assert_eq!(
        room.read(),
        [2, 3, NOTICE + 1, 4],
        "what had to make room was not replaced"
    );
    assert_eq!(room.counted(), [1, 4, 3, 0]);
}

#[test]
fn who_must_go_is_counted_and_not_told() {
    let mut room = Room::telling(Policy::Disconnect, 3);
    room.say(1..=4);
    assert_eq!(room.counted(), [0, 0, 0, 1]);
    assert_eq!(room.read(), [1, 2, 3]);
}

#[test]
fn without_a_notice_it_is_counted_all_the_same() {
    let mut room = Room::new(Policy::DropOldest, 3);
    room.say(1..=10);
    assert_eq!(room.read(), [8, 9, 10]);
    assert_eq!(room.counted(), [7, 0, 0, 0]);
}

#[test]
fn a_notice_that_comes_to_nothing_disturbs_nobody() {
    struct Nothing;
    impl Encode for Nothing {
        fn encode(&self, _form: WireForm) -> Bytes {
            Bytes::new()
        }
    }
    let mut room = Room::new(Policy::DropOldest, 3);
    room.hub.set_notice(|_| Publication::new(Nothing));
    room.say(1..=4);
    assert_eq!(room.read(), [2, 3, 4]);
    room.hub.set_notice(|_| panic!("a notice that panics on purpose"));
    room.say(5..=8);
    assert_eq!(room.read(), [6, 7, 8]);
    room.say(9..=12);
    room.outbox(|outbox| {
        let mut chunks = [IoSlice::new(&[]); 8];
        assert_eq!(outbox.chunks(&mut chunks), 3, "nor one write of several");
    });
    assert_eq!(room.counted(), [3, 0, 0, 0]);
}

#[test]
fn what_others_push_into_the_outbox_is_told_too() {
    let mut room = Room::telling(Policy::DropOldest, 3);
    room.say(1..=3);
    let direct = Bytes::copy_from_slice(&4_u64.to_be_bytes());
    let pushed = room.outbox(|outbox| outbox.push(direct, Overflow::Disconnect));
    assert_eq!(pushed, Pushed::Dropped { entries: 1 });
    assert_eq!(room.read(), [2, 3, NOTICE + 1, 4]);
}

#[test]
fn what_is_larger_than_the_limit_fits_alone_beside_a_notice() {
    struct Large;
    impl Encode for Large {
        fn encode(&self, _form: WireForm) -> Bytes {
            vec![7; 10_000].into()
        }
    }
    let mut room = Room::telling(Policy::DropOldest, 3);
    room.say(1..=5);
    room.publish([Publication::new(Large)]);
    room.outbox(|outbox| {
        assert_eq!(outbox.pop().map(|bytes| to_number(&bytes)), Some(NOTICE + 5));
        assert_eq!(outbox.pop().unwrap().len(), 10_000);
        assert!(outbox.is_empty());
    });
}

#[derive(Clone, Debug)]
enum Step {
    Say(u8),
    Volatile,
    Take(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..6_u8).prop_map(Step::Say),
        1 => Just(Step::Volatile),
        3 => (1..60_usize).prop_map(Step::Take),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    /// Whatever the reader takes, and however much at a time: what it saw and what it was told add up, in order.
    #[test]
    fn what_was_seen_and_what_was_told_is_all(entries in 1..6_usize, steps in prop::collection::vec(step(), 0..80)) {
        let mut room = Room::telling(Policy::DropOldest, entries);
        let (mut said, mut stream) = (0, Vec::new());
        for step in steps {
            match step {
                Step::Say(count) => {
                    room.say(said + 1..=said + u64::from(count));
                    said += u64::from(count);
                }
                Step::Volatile => room.publish([Publication::new(Number(NOTICE - 1)).volatile()]),
                Step::Take(most) => room.outbox(|outbox| {
                    let mut chunks = [IoSlice::new(&[]); 4];
                    let filled = outbox.chunks(&mut chunks);
                    let bytes: Vec<u8> = chunks[..filled].iter().flat_map(|chunk| chunk.to_vec()).take(most).collect();
                    outbox.consume(bytes.len());
                    stream.extend(bytes);
                }),
            }
            room.outbox(|outbox| {
                let notice = Outbox::ENTRY_OVERHEAD + 8;
                let most = outbox.limit().max(8 + Outbox::ENTRY_OVERHEAD) + 2 * notice;
                assert!(outbox.cost() <= most, "{} of {most}", outbox.cost());
            });
        }
        room.outbox(|outbox| stream.extend(std::iter::from_fn(|| outbox.pop()).flatten()));
        let numbers: Vec<u64> = stream.chunks(8).map(to_number).collect();
        let (told, seen): (Vec<u64>, Vec<u64>) = numbers.iter().partition(|number| **number > NOTICE);
        prop_assert!(seen.is_sorted_by(|a, b| a < b), "{:?}", numbers);
        let missed: u64 = told.iter().map(|number| number - NOTICE).sum();
        prop_assert_eq!(seen.len() as u64 + missed, said);
        prop_assert_eq!(room.counted()[0], missed);
    }
}
