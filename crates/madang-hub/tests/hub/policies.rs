//! Which policy a publication arrives with.

use std::sync::{Arc, Mutex};

use madang_hub::{Batch, Hub, Key, Overflow, Policy, Recipient, SessionId, WireForm};

use crate::common::{number, room, turn};

#[derive(Default)]
struct Policies(Mutex<Vec<Overflow>>);

impl Recipient for Policies {
    fn deliver(&self, batch: &Batch<'_>) {
        self.0
            .lock()
            .unwrap()
            .extend(batch.frames(WireForm::Frame).map(|(_, overflow)| overflow));
    }
}

#[test]
fn a_publication_arrives_with_the_policy_of_its_first_room() {
    let (hub, mut flusher) = Hub::new();
    let (chat, typing, quotes) = (room("chat"), room("typing"), room("quotes"));
    hub.set_policy(&typing, Policy::DropOldest).unwrap();
    hub.set_policy(&quotes, Policy::Latest).unwrap();
    let seen = Arc::new(Policies::default());
    let member = hub.enter(SessionId::new(1), seen.clone());
    [&chat, &typing, &quotes]
        .into_iter()
        .for_each(|room| member.join(room).unwrap());

    let apple = Key::try_from("AAPL").unwrap();
    hub.to(&chat).publish(number(0));
    hub.to(&typing).publish(number(1));
    hub.to(&quotes).publish(number(2).with_key(apple.clone()));
    hub.to(&quotes).publish(number(3).in_order());
    hub.to(&typing).to(&quotes).publish(number(4).with_key(apple));
    hub.everyone().publish(number(5));
    hub.send(member.id(), number(6));
    assert!(turn(&mut flusher).is_pending());
    let seen = seen.0.lock().unwrap();
    assert_eq!(seen[..2], [Overflow::Disconnect, Overflow::DropOldest]);
    assert!(matches!(seen[2], Overflow::Latest(_)));
    assert!(matches!(seen[3], Overflow::LatestInOrder(_)));
    let rest = [Overflow::DropOldest, Overflow::Disconnect, Overflow::Disconnect];
    assert_eq!(seen[4..], rest);
}

#[test]
fn only_what_is_of_one_room_and_one_key_may_be_replaced() {
    let (hub, mut flusher) = Hub::new();
    let rooms = [room("quotes"), room("trades")];
    let seen = Arc::new(Policies::default());
    let member = hub.enter(SessionId::new(1), seen.clone());
    // The last is what the other room is called.
    let keys = ["AAPL", "MSFT", "quotes", "trades"].map(|key| Key::try_from(key).unwrap());
    for _ in 0..2 {
        for room in &rooms {
            hub.set_policy(room, Policy::Latest).unwrap();
            member.join(room).unwrap();
            hub.to(room).publish(number(0));
            for key in &keys {
                hub.to(room).publish(number(1).with_key(key.clone()));
            }
        }
    }
    assert!(turn(&mut flusher).is_pending());
    let seen = seen.0.lock().unwrap();
    let (first, second) = seen.split_at(10);
    assert_eq!(first, second, "the same replace each other");
    for (n, one) in first.iter().enumerate() {
        assert!(!first[..n].contains(one), "{one:?} replaces something else");
    }
}

#[test]
fn a_policy_outlives_the_members_of_its_room() {
    let (hub, mut flusher) = Hub::new();
    let typing = room("typing");
    hub.set_policy(&typing, Policy::DropOldest).unwrap();
    let seen = Arc::new(Policies::default());
    for _ in 0..2 {
        let member = hub.enter(SessionId::new(1), seen.clone());
        member.join(&typing).unwrap();
        hub.to(&typing).publish(number(0));
        drop(member);
        assert!(turn(&mut flusher).is_pending());
        assert_eq!(hub.stats().rooms, 0);
    }
    hub.set_policy(&typing, Policy::Disconnect).unwrap();
    let member = hub.enter(SessionId::new(1), seen.clone());
    member.join(&typing).unwrap();
    hub.to(&typing).publish(number(0));
    assert!(turn(&mut flusher).is_pending());
    assert_eq!(
        *seen.0.lock().unwrap(),
        [Overflow::DropOldest, Overflow::DropOldest, Overflow::Disconnect]
    );
}
