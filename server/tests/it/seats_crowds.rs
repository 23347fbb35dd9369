//! Much that is over at once, and many who wait for it: step by step, so that no step takes too long.

use std::collections::BTreeMap;

use madang_server::chat::{Sender, Session};
use madang_server::seats::{Amendment, Answer, Command, Event, Key, PlaceId, Rules, What};
use madang_server::store::Store;

use crate::database::TestDatabase;
use crate::on_every_database;
use crate::seats_asking::{by_hand, event};

on_every_database! {
    holds_that_are_over_are_settled_so_many_at_a_time
    whoever_comes_next_finds_all_settled_that_is_over
    many_who_wait_are_offered_what_is_given_back
    many_who_wait_are_offered_what_opens_again
}

/// A hall of so many seats in one section.
async fn hall(store: &Store, seats: i32) -> Event {
    let rules = Rules {
        hold_seconds: 120,
        offer_seconds: 60,
        hold_limit: 6,
        payment: false,
    };
    let small = event("hall", rules, 0);
    let seat = |number: i32| {
        let mut seat = small.spots()[0].clone();
        seat.id = format!("A-{number}").parse().unwrap();
        seat.number = number;
        seat
    };
    let spots = (1..=seats).map(seat).collect();
    let hall = Event::new(small.id().clone(), small.about().clone(), spots).unwrap();
    assert!(store.add_seat_event(&hall).await.unwrap());
    hall
}

fn seats(hall: &Event) -> Vec<PlaceId> {
    hall.spots().iter().map(|spot| spot.id.clone()).collect()
}

fn somebody(n: usize) -> Sender {
    Session::new(n as u128 + 1).sender()
}

fn hold(hall: &Event, place: &PlaceId) -> Command {
    Command::Hold {
        event: hall.id().clone(),
        places: vec![place.clone()],
    }
}

/// Each seat is held by somebody else.
async fn all_is_held(store: &Store, hall: &Event) {
    let key: Key = "hold".parse().unwrap();
    for (n, place) in seats(hall).iter().enumerate() {
        let told = store.carry_out(hall, somebody(n), &key, &hold(hall, place)).await;
        assert!(matches!(told.unwrap().answer, Answer::Hold(_)));
    }
}

/// And all of that is over.
async fn time_is_up(database: &TestDatabase) {
    let over = "UPDATE seat_holds SET expires_at = expires_at - 121000";
    by_hand(database.url(), over).await;
}

/// So many others wait for a seat.
async fn others_wait(store: &Store, hall: &Event, many: usize) {
    let key: Key = "wait".parse().unwrap();
    let wait = Command::Wait {
        event: hall.id().clone(),
        section: hall.sections()[0].section.clone(),
        count: 1,
    };
    for n in 0..many {
        let told = store.carry_out(hall, somebody(1000 + n), &key, &wait).await;
        assert!(matches!(told.unwrap().answer, Answer::Waiting(_)));
    }
}

async fn is_sound(store: &Store, hall: &Event) {
    assert_eq!(store.compare_seats(hall).await.unwrap(), Vec::<String>::new());
}

async fn holds_that_are_over_are_settled_so_many_at_a_time(database: TestDatabase) {
    let store = database.store().await;
    let hall = hall(&store, 20).await;
    all_is_held(&store, &hall).await;
    others_wait(&store, &hall, 20).await;
    time_is_up(&database).await;
    // Each of them might have had six places.
    for places in [16, 4] {
        let changes = store.sweep_seats(&hall).await.unwrap();
        // Whatever becomes free is offered with the same step.
        assert_eq!(
            changes,
            BTreeMap::from([(What::Expired, places), (What::Offered, places)])
        );
    }
    assert_eq!(store.sweep_seats(&hall).await.unwrap(), BTreeMap::new());
    is_sound(&store, &hall).await;
}

async fn whoever_comes_next_finds_all_settled_that_is_over(database: TestDatabase) {
    let store = database.store().await;
    let hall = hall(&store, 52).await;
    all_is_held(&store, &hall).await;
    time_is_up(&database).await;
    let last = seats(&hall).pop().unwrap();
    let key: Key = "hold".parse().unwrap();
    let told = store
        .carry_out(&hall, somebody(2000), &key, &hold(&hall, &last))
        .await
        .unwrap();
    assert!(matches!(told.answer, Answer::Hold(_)), "{told:?}");
    assert_eq!(
        told.changes,
        BTreeMap::from([(What::Expired, 52), (What::Held, 1)])
    );
    is_sound(&store, &hall).await;
}

async fn many_who_wait_are_offered_what_is_given_back(database: TestDatabase) {
    let store = database.store().await;
    let hall = hall(&store, 101).await;
    let all = seats(&hall);
    let blocked = store.set_seats_blocked(&hall, &all, true).await.unwrap().unwrap();
    assert_eq!(blocked.1, BTreeMap::from([(What::Blocked, 101)]));
    others_wait(&store, &hall, 101).await;
    let (mut places, changes) = store
        .set_seats_blocked(&hall, &all, false)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        changes,
        BTreeMap::from([(What::Unblocked, 101), (What::Offered, 101)])
    );
    places.sort();
    let mut all = all;
    all.sort();
    assert_eq!(places, all);
    is_sound(&store, &hall).await;
}

async fn many_who_wait_are_offered_what_opens_again(database: TestDatabase) {
    let store = database.store().await;
    let hall = hall(&store, 101).await;
    let all = seats(&hall);
    let closed = |closed| Amendment::new(None, None, None, Some(closed)).unwrap();
    store.set_seats_blocked(&hall, &all, true).await.unwrap().unwrap();
    others_wait(&store, &hall, 101).await;
    store.amend_seat_event(&hall, &closed(true)).await.unwrap();
    let (_, changes) = store
        .set_seats_blocked(&hall, &all, false)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(changes, BTreeMap::from([(What::Unblocked, 101)]), "it is closed");
    let (hall, changes) = store.amend_seat_event(&hall, &closed(false)).await.unwrap();
    assert_eq!(changes, BTreeMap::from([(What::Offered, 101)]));
    assert!(!hall.about().closed);
    assert_eq!(hall.edition(), 2);
    assert_eq!(
        store.renewed_seat_event(&hall).await.unwrap().about(),
        hall.about()
    );
    is_sound(&store, &hall).await;
}
