//! Each bound, crossed.

use std::{num::NonZeroUsize, sync::Arc};

use madang_hub::{Hub, InvalidName, Key, LimitReached, Limits, Policy, RoomName};

use crate::common::{Wakes, number, recorder, room, turn, turn_waking};

fn hub(change: impl FnOnce(&mut Limits)) -> (Hub, madang_hub::Flusher) {
    let mut limits = Limits::default();
    change(&mut limits);
    let (hub, mut flushers) = Hub::with_limits(NonZeroUsize::MIN, limits);
    (hub, flushers.remove(0))
}

#[test]
fn a_publisher_that_fills_the_turn_log_delivers_it_itself() {
    let cost = 8 + Limits::OPERATION_COST;
    let (hub, mut flusher) = hub(|limits| limits.turn_log = 10 * cost);
    let yard = room("yard");
    let (kim, _member) = recorder(&hub, 1, &[&yard]);
    assert!(turn(&mut flusher).is_pending());

    (0..10).for_each(|n| hub.to(&yard).publish(number(n)));
    assert!(kim.calls().is_empty(), "at the limit it waits for the turn");
    hub.to(&yard).publish(number(10));
    assert_eq!(
        kim.calls(),
        [(0..11).collect::<Vec<_>>()],
        "beyond it, nobody waits"
    );
}

#[test]
fn joins_count_in_the_turn_log() {
    let (hub, _flusher) = hub(|limits| limits.turn_log = 100 * Limits::OPERATION_COST);
    let yard = room("yard");
    let (kim, member) = recorder(&hub, 1, &[&yard]);
    hub.to(&yard).publish(number(0));
    for _ in 0..50 {
        member.leave(&yard);
        member.join(&yard).unwrap();
    }
    assert_eq!(kim.numbers(), [0], "without the flusher");
}

#[test]
fn a_flusher_that_was_dropped_is_replaced_by_the_publishers() {
    let (hub, flusher) = hub(|limits| limits.turn_log = 0);
    drop(flusher);
    let yard = room("yard");
    let (kim, member) = recorder(&hub, 1, &[&yard]);
    (0..10).for_each(|n| hub.to(&yard).publish(number(n)));
    assert_eq!(kim.numbers(), (0..10).collect::<Vec<_>>());
    drop((hub, member));
    assert_eq!(Arc::strong_count(&kim), 1);
}

#[test]
fn a_full_log_still_leaves_the_flusher_ready_to_be_woken() {
    let (hub, mut flusher) = hub(|limits| limits.turn_log = 0);
    let wakes = Arc::new(Wakes::default());
    assert!(turn_waking(&mut flusher, &wakes).is_pending());
    hub.everyone().publish(number(1));
    assert_eq!(wakes.count(), 1);
    assert!(turn_waking(&mut flusher, &wakes).is_pending());
    hub.everyone().publish(number(2));
    assert_eq!(wakes.count(), 2);
}

#[test]
fn a_member_joins_so_many_rooms() {
    let (hub, _flusher) = hub(|limits| limits.rooms_per_member = 2);
    let (_, member) = recorder(&hub, 1, &[&room("a"), &room("b")]);
    let refused = member.join(&room("c")).unwrap_err();
    assert_eq!(refused, LimitReached::RoomsPerMember { limit: 2 });
    assert_eq!(refused.code(), "limit_rooms_per_member");
    assert_eq!(
        refused.to_string(),
        "the member is in 2 rooms, which is the limit"
    );
    assert_eq!(hub.member_count(&room("c")), 0);
    member.join(&room("a")).expect("it is in there already");
    member.leave(&room("a"));
    member.join(&room("c")).expect("one has become free");
}

#[test]
fn so_many_rooms_have_a_policy() {
    let (hub, _flusher) = hub(|limits| limits.policies = 1);
    hub.set_policy(&room("a"), Policy::Latest).unwrap();
    hub.set_policy(&room("a"), Policy::DropOldest)
        .expect("a change isn't one more");
    let refused = hub.set_policy(&room("b"), Policy::Latest).unwrap_err();
    assert_eq!(refused, LimitReached::Policies { limit: 1 });
    assert_eq!(refused.code(), "limit_policies");
    hub.set_policy(&room("b"), Policy::Disconnect)
        .expect("the default needs no place");
    hub.set_policy(&room("a"), Policy::Disconnect).unwrap();
    hub.set_policy(&room("b"), Policy::Latest)
        .expect("the place is free again");
}

#[test]
fn names_have_a_length_and_no_control_characters() {
    let longest = "x".repeat(RoomName::MAX_LEN);
    assert_eq!(room(&longest).as_str(), longest);
    assert_eq!(RoomName::try_from(""), Err(InvalidName::Empty));
    let too_long = longest + "x";
    assert_eq!(
        RoomName::try_from(&*too_long),
        Err(InvalidName::TooLong { len: 257, max: 256 })
    );
    assert_eq!(
        RoomName::try_from("마당\n"),
        Err(InvalidName::ControlCharacter { at: 6 })
    );
    assert_eq!(
        Key::try_from(&*too_long),
        Err(InvalidName::TooLong {
            len: 257,
            max: Key::MAX_LEN
        })
    );
    assert_eq!(Key::try_from("AAPL").unwrap().as_str(), "AAPL");
    let codes = [
        InvalidName::Empty.code(),
        InvalidName::TooLong { len: 257, max: 256 }.code(),
    ];
    assert_eq!(codes, ["name_empty", "name_too_long"]);
    assert_eq!(
        InvalidName::ControlCharacter { at: 0 }.code(),
        "name_control_character"
    );
}
