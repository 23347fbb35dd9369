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
    hub.to(&quotes).publish(number(3));
    hub.to(&typing).to(&quotes).publish(number(4));
    hub.everyone().publish(number(5));
    hub.send(member.id(), number(6));
    assert!(turn(&mut flusher).is_pending());
    let expected = [
        Overflow::Disconnect,
        Overflow::DropOldest,
        Overflow::Latest(apple),
        Overflow::Latest(Key::from(&quotes)),
        Overflow::DropOldest,
        Overflow::Disconnect,
        Overflow::Disconnect,
    ];
    assert_eq!(*seen.0.lock().unwrap(), expected);
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
