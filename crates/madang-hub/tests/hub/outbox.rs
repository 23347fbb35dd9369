//! The outbox against a model, and its rules one by one.

use std::io::IoSlice;

use bytes::Bytes;
use madang_hub::{Key, Outbox, Overflow, Pushed};
use proptest::prelude::*;

fn key(n: u8) -> Key {
    Key::try_from(&*format!("key {n}")).unwrap()
}

/// The bytes of an entry: its number, over and over.
fn entry(number: u8, len: usize) -> Bytes {
    vec![number; len].into()
}

/// An outbox of entries of `len` bytes that holds `entries` of them.
fn outbox(entries: usize, len: usize) -> Outbox {
    Outbox::new(entries * (len + Outbox::ENTRY_OVERHEAD))
}

/// What waits, as (number, bytes left).
fn waiting(outbox: &mut Outbox) -> Vec<(u8, usize)> {
    let mut chunks = [IoSlice::new(&[]); 64];
    let filled = outbox.chunks(&mut chunks);
    let waiting: Vec<_> = chunks[..filled]
        .iter()
        .map(|chunk| (chunk[0], chunk.len()))
        .collect();
    assert_eq!(waiting.len(), outbox.len());
    waiting
}

#[test]
fn a_full_outbox_refuses_what_must_not_be_dropped() {
    let mut outbox = outbox(2, 10);
    assert_eq!(outbox.push(entry(1, 10), Overflow::Disconnect), Pushed::Queued);
    assert_eq!(outbox.push(entry(2, 10), Overflow::Disconnect), Pushed::Queued);
    assert_eq!(outbox.cost(), outbox.limit());
    assert_eq!(outbox.push(entry(3, 1), Overflow::Disconnect), Pushed::Overflowed);
    assert_eq!(waiting(&mut outbox), [(1, 10), (2, 10)]);
}

#[test]
fn the_oldest_droppable_entries_make_room() {
    let mut outbox = outbox(3, 10);
    let _ = outbox.push(entry(1, 10), Overflow::Disconnect);
    let _ = outbox.push(entry(2, 10), Overflow::DropOldest);
    let _ = outbox.push(entry(3, 10), Overflow::DropOldest);
    assert_eq!(
        outbox.push(entry(4, 10), Overflow::DropOldest),
        Pushed::Dropped { entries: 1 }
    );
    assert_eq!(waiting(&mut outbox), [(1, 10), (3, 10), (4, 10)]);
    let bigger = 10 + Outbox::ENTRY_OVERHEAD;
    assert_eq!(
        outbox.push(entry(5, bigger), Overflow::DropOldest),
        Pushed::Dropped { entries: 2 }
    );
    assert_eq!(waiting(&mut outbox), [(1, 10), (5, bigger)]);
    assert_eq!(
        outbox.push(entry(6, 300), Overflow::DropOldest),
        Pushed::Dropped { entries: 1 }
    );
    assert_eq!(
        waiting(&mut outbox),
        [(1, 10), (5, bigger)],
        "nothing makes room for what never fits"
    );
}

#[test]
fn droppable_entries_make_room_for_one_that_must_not_be_dropped() {
    let mut outbox = outbox(2, 10);
    let _ = outbox.push(entry(1, 10), Overflow::Latest(key(1)));
    let _ = outbox.push(entry(2, 10), Overflow::DropOldest);
    assert_eq!(
        outbox.push(entry(3, 10), Overflow::Disconnect),
        Pushed::Dropped { entries: 1 }
    );
    assert_eq!(
        outbox.push(entry(4, 10), Overflow::Disconnect),
        Pushed::Dropped { entries: 1 }
    );
    assert_eq!(
        outbox.push(entry(5, 10), Overflow::Disconnect),
        Pushed::Overflowed
    );
    assert_eq!(waiting(&mut outbox), [(3, 10), (4, 10)]);
}

#[test]
fn the_latest_takes_the_place_of_the_one_before_full_or_not() {
    let mut outbox = outbox(3, 10);
    let _ = outbox.push(entry(1, 10), Overflow::Latest(key(1)));
    let _ = outbox.push(entry(2, 10), Overflow::Latest(key(2)));
    assert_eq!(
        outbox.push(entry(3, 8), Overflow::Latest(key(1))),
        Pushed::Replaced
    );
    assert_eq!(waiting(&mut outbox), [(3, 8), (2, 10)]);
    // Longer than what it replaces, and than what is free: others give way, not the new one.
    let longer = 90;
    assert_eq!(
        outbox.push(entry(4, longer), Overflow::Latest(key(1))),
        Pushed::Dropped { entries: 1 }
    );
    assert_eq!(waiting(&mut outbox), [(4, longer)]);
}

#[test]
fn the_latest_in_order_waits_behind_what_came_before_it() {
    let mut outbox = outbox(3, 10);
    let _ = outbox.push(entry(1, 10), Overflow::LatestInOrder(key(1)));
    let _ = outbox.push(entry(2, 10), Overflow::Disconnect);
    assert_eq!(
        outbox.push(entry(3, 8), Overflow::LatestInOrder(key(1))),
        Pushed::Replaced
    );
    assert_eq!(waiting(&mut outbox), [(2, 10), (3, 8)]);
    let _ = outbox.push(entry(4, 12), Overflow::Latest(key(2)));
    assert_eq!(
        outbox.push(entry(5, 20), Overflow::LatestInOrder(key(1))),
        Pushed::Dropped { entries: 1 },
        "longer than what it replaces"
    );
    assert_eq!(waiting(&mut outbox), [(2, 10), (5, 20)]);
}

#[test]
fn an_entry_that_has_begun_to_leave_stays() {
    let mut outbox = outbox(2, 10);
    let _ = outbox.push(entry(1, 10), Overflow::Latest(key(1)));
    outbox.consume(3);
    assert_eq!(
        outbox.push(entry(2, 10), Overflow::Latest(key(1))),
        Pushed::Queued,
        "not in its place"
    );
    assert_eq!(
        outbox.push(entry(3, 10), Overflow::DropOldest),
        Pushed::Dropped { entries: 1 }
    );
    assert_eq!(waiting(&mut outbox), [(1, 7), (3, 10)]);
    outbox.clear_unstarted();
    assert_eq!(waiting(&mut outbox), [(1, 7)]);
    outbox.consume(7);
    assert!(outbox.is_empty());
    let _ = outbox.push(entry(4, 10), Overflow::DropOldest);
    outbox.clear_unstarted();
    assert!(outbox.is_empty(), "that one had not begun");
}

#[test]
fn the_rest_of_a_started_entry_is_never_dropped() {
    let mut outbox = outbox(1, 10);
    outbox.push_started(entry(1, 10));
    assert_eq!(
        outbox.push(entry(2, 1), Overflow::DropOldest),
        Pushed::Dropped { entries: 1 }
    );
    outbox.clear_unstarted();
    assert_eq!(waiting(&mut outbox), [(1, 10)]);
    outbox.consume(10);
    outbox.push_started(Bytes::new());
    let _ = outbox.push(entry(4, 10), Overflow::Disconnect);
    outbox.clear_unstarted();
    assert!(outbox.is_empty(), "an empty rest started nothing");
}

#[test]
fn the_rest_of_a_started_entry_is_taken_whatever_its_size() {
    let mut outbox = outbox(1, 10);
    outbox.push_started(entry(1, 5000));
    assert_eq!(outbox.push(entry(2, 1), Overflow::Disconnect), Pushed::Overflowed);
    outbox.clear_unstarted();
    assert_eq!(
        waiting(&mut outbox),
        [(1, 5000)],
        "cut here, the stream would be useless"
    );
}

#[test]
fn an_entry_that_is_alone_fits_whatever_its_size() {
    for overflow in [
        Overflow::Disconnect,
        Overflow::DropOldest,
        Overflow::Latest(key(1)),
    ] {
        let mut outbox = outbox(1, 10);
        assert_eq!(outbox.push(entry(1, 5000), overflow.clone()), Pushed::Queued);
        assert_eq!(waiting(&mut outbox), [(1, 5000)]);
        let mut outbox = Outbox::new(1000);
        let _ = outbox.push(entry(1, 10), Overflow::DropOldest);
        let _ = outbox.push(entry(2, 10), Overflow::Latest(key(1)));
        let _ = outbox.push(entry(3, 5000), overflow);
        assert_eq!(
            waiting(&mut outbox),
            [(3, 5000)],
            "what may be dropped makes room"
        );
    }
}

#[test]
#[should_panic(expected = "the rest of a started entry can't come after other entries")]
fn the_rest_of_a_started_entry_comes_first() {
    let mut outbox = outbox(3, 10);
    let _ = outbox.push(entry(1, 10), Overflow::Disconnect);
    outbox.push_started(entry(2, 10));
}

#[test]
fn frames_are_always_accepted_at_the_end_and_stay() {
    let mut outbox = outbox(1, 10);
    let _ = outbox.push(entry(1, 10), Overflow::DropOldest);
    outbox.push_frame(entry(2, 5), Bytes::new());
    assert_eq!(waiting(&mut outbox), [(1, 10), (2, 5)]);
    assert_eq!(
        outbox.push(entry(3, 1), Overflow::DropOldest),
        Pushed::Dropped { entries: 1 }
    );
    assert_eq!(waiting(&mut outbox).last(), Some(&(2, 5)));
}

#[test]
fn the_body_of_a_frame_leaves_with_its_head() {
    let mut outbox = outbox(1, 10);
    outbox.push_frame(entry(1, 2), entry(2, 10));
    outbox.push_frame(entry(3, 2), entry(4, 10));
    outbox.consume(2);
    assert_eq!(waiting(&mut outbox), [(2, 10), (3, 2), (4, 10)]);
    outbox.clear_unstarted();
    assert_eq!(waiting(&mut outbox), [(2, 10)], "its head has left");
    outbox.push_frame(entry(5, 2), entry(6, 10));
    outbox.consume(11);
    outbox.clear_unstarted();
    assert_eq!(waiting(&mut outbox), [(5, 1), (6, 10)], "half its head has left");
    outbox.consume(11);
    outbox.clear_unstarted();
    assert!(outbox.is_empty());
}

#[test]
#[should_panic(expected = "11 bytes were written of 10 that waited")]
fn no_more_leaves_than_waited() {
    let mut outbox = outbox(1, 10);
    let _ = outbox.push(entry(1, 10), Overflow::Disconnect);
    outbox.consume(11);
}

#[derive(Clone, Debug)]
enum Step {
    Push { len: usize, policy: u8 },
    Frame { head: usize, body: usize },
    Consume { share: usize },
    Clear,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..120usize, 0..5u8).prop_map(|(len, policy)| Step::Push { len, policy }),
        1 => (1..20usize, 0..20usize).prop_map(|(head, body)| Step::Frame { head, body }),
        4 => (0..=100usize).prop_map(|share| Step::Consume { share }),
        1 => Just(Step::Clear),
    ]
}

/// An entry of the model.
#[derive(Clone, Debug)]
struct Item {
    number: u8,
    left: usize,
    started: bool,
    /// Of the frame whose head came before.
    body: bool,
    overflow: Overflow,
}

fn cost(items: &[Item]) -> usize {
    items.iter().map(|item| item.left + Outbox::ENTRY_OVERHEAD).sum()
}

/// The rules as one would tell them: replace, then drop the oldest until it fits or is alone, or nothing at all.
fn model_push(items: &mut Vec<Item>, limit: usize, new: &Item) -> Pushed {
    if new.left == 0 {
        return Pushed::Queued;
    }
    let mut after = items.clone();
    let key = |overflow: &Overflow| match overflow {
        Overflow::Latest(key) | Overflow::LatestInOrder(key) => Some(key.clone()),
        _ => None,
    };
    let same =
        |item: &Item| !item.started && key(&item.overflow).is_some_and(|old| key(&new.overflow) == Some(old));
    let replaced = after.iter().position(same);
    match (replaced, &new.overflow) {
        (Some(index), Overflow::Latest(_)) => after[index] = new.clone(),
        _ => {
            if let Some(index) = replaced {
                after.remove(index);
            }
            after.push(new.clone());
        }
    }
    let mut dropped = 0;
    while cost(&after) > limit && after.len() > 1 {
        let droppable =
            |item: &Item| !item.started && item.overflow != Overflow::Disconnect && item.number != new.number;
        let Some(oldest) = after.iter().position(droppable) else {
            let must = new.overflow == Overflow::Disconnect;
            return if must {
                Pushed::Overflowed
            } else {
                Pushed::Dropped { entries: 1 }
            };
        };
        after.remove(oldest);
        dropped += 1;
    }
    *items = after;
    match (dropped, replaced) {
        (0, None) => Pushed::Queued,
        (0, Some(_)) => Pushed::Replaced,
        (entries, _) => Pushed::Dropped { entries },
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, ..ProptestConfig::default() })]

    /// What leaves is what the model says, in its order and whole; the limit holds for all but control frames and what is alone.
    #[test]
    fn it_does_what_the_model_says(limit in 0..1200usize, steps in prop::collection::vec(step(), 0..60)) {
        let mut outbox = Outbox::new(limit);
        let mut items: Vec<Item> = Vec::new();
        let mut frames = false;
        for (number, step) in (0..).zip(steps) {
            match step {
                Step::Push { len, policy } => {
                    let overflow = match policy {
                        0 => Overflow::Disconnect,
                        1 => Overflow::DropOldest,
                        n if number % 3 == 0 => Overflow::LatestInOrder(key(n)),
                        n => Overflow::Latest(key(n)),
                    };
                    let new = Item { number, left: len, started: false, body: false, overflow };
                    let before = outbox.cost();
                    let expected = model_push(&mut items, limit, &new);
                    prop_assert_eq!(outbox.push(entry(number, len), new.overflow), expected);
                    prop_assert!(frames || outbox.cost() <= limit || outbox.len() == 1);
                    prop_assert!(outbox.cost() <= limit.max(before) || outbox.len() == 1, "a push never makes it worse");
                }
                Step::Frame { head, body } => {
                    outbox.push_frame(entry(number, head), entry(number, body));
                    let part = |left, body| Item { number, left, started: false, body, overflow: Overflow::Disconnect };
                    items.push(part(head, false));
                    items.extend((body > 0).then(|| part(body, true)));
                    frames = true;
                }
                Step::Consume { share } => {
                    let mut n = outbox.bytes() * share / 100;
                    outbox.consume(n);
                    while n > 0 {
                        let head = &mut items[0];
                        let part = n.min(head.left);
                        (head.left, head.started) = (head.left - part, true);
                        n -= part;
                        if head.left == 0 {
                            items.remove(0);
                            items.iter_mut().take(1).for_each(|next| next.started = next.body);
                        }
                    }
                }
                Step::Clear => {
                    outbox.clear_unstarted();
                    let begun = items.first().is_some_and(|item| item.started);
                    let body = items.get(1).is_some_and(|item| item.body);
                    items.truncate(if begun { 1 + usize::from(body) } else { 0 });
                }
            }
            prop_assert_eq!(waiting(&mut outbox), items.iter().map(|item| (item.number, item.left)).collect::<Vec<_>>());
            prop_assert_eq!(outbox.bytes(), items.iter().map(|item| item.left).sum::<usize>());
            prop_assert_eq!(outbox.cost(), cost(&items));
            prop_assert_eq!(outbox.is_empty(), items.is_empty());
        }
    }
}

#[test]
fn what_is_volatile_never_waits() {
    let mut outbox = outbox(3, 10);
    assert_eq!(
        outbox.push(entry(1, 10), Overflow::Volatile),
        Pushed::Dropped { entries: 1 }
    );
    assert!(outbox.is_empty());
}
