//! What is told of changes, and what is written down of them.

use madang_server::chat::Session;
use madang_server::seats::{Command, GENESIS};
use sea_orm::{ConnectionTrait as _, Database};
use serde_json::{Value, json};

use crate::database::TestDatabase;
use crate::on_every_database;
use crate::running::{Client, Running};
use crate::seats_asking::{Asker, BRIEF, ask, by_hand, event, operator};

on_every_database! {
    changes_are_told_whoever_made_them_and_in_their_order
    a_new_event_is_found_by_everybody
    the_database_itself_refuses_a_second_owner
    whoever_changes_the_log_or_a_claim_is_found_out
    old_answers_are_forgotten_a_few_at_a_time
}

/// What the next message tells of a place: its state and version.
async fn told(room: &mut Client, place: &str) -> (String, i64) {
    loop {
        let message = room.until("message").await;
        let told: Value = serde_json::from_str(message["text"].as_str().unwrap()).unwrap();
        let mut places = told["places"].as_array().unwrap().iter();
        if let Some(told) = places.find(|told| told["place"] == place) {
            return (
                told["state"].as_str().unwrap().to_owned(),
                told["version"].as_i64().unwrap(),
            );
        }
    }
}

async fn changes_are_told_whoever_made_them_and_in_their_order(database: TestDatabase) {
    let server = Running::on(database).await;
    let other = Running::beside(&server).await;
    let kim = Asker::new(other.addr).await;
    let mut room = server.join("seats-premiere", "Lee").await;
    // By another process.
    kim.have("premiere", &["A-1"]).await;
    assert_eq!(told(&mut room, "A-1").await, ("held".to_owned(), 1));
    // Nobody does anything: the time is up.
    server.time_passes(121).await;
    assert_eq!(told(&mut room, "A-1").await, ("free".to_owned(), 2));
    // By somebody who can't tell, since their answer got lost.
    let premiere = server.event("premiere").await;
    let hold = Command::Hold {
        event: premiere.id().clone(),
        places: vec!["A-2".parse().unwrap()],
    };
    let (sender, key) = (Session::new(7).sender(), "lost".parse().unwrap());
    let done = server
        .store
        .carry_out(&premiere, sender, &key, &hold)
        .await
        .unwrap();
    assert_eq!(done.changes.values().sum::<u64>(), 1);
    assert_eq!(told(&mut room, "A-2").await, ("held".to_owned(), 1));
}

/// An event that somebody adds while the program runs is sold and told too.
async fn a_new_event_is_found_by_everybody(database: TestDatabase) {
    let server = Running::on(database).await;
    let other = Running::beside(&server).await;
    assert!(
        server
            .store
            .add_seat_event(&event("new", BRIEF, 0))
            .await
            .unwrap()
    );
    assert!(
        !server
            .store
            .add_seat_event(&event("new", BRIEF, 5))
            .await
            .unwrap()
    );
    let mut room = other.join("seats-new", "Lee").await;
    let kim = Asker::new(server.addr).await;
    assert_eq!(kim.at(other.addr).get("/events/new").await.0, 200);
    kim.have("new", &["A-1"]).await;
    // It may take longer than a second until it's told; then it is over.
    let (_, version) = told(&mut room, "A-1").await;
    assert!([1, 2].contains(&version));
}

async fn the_database_itself_refuses_a_second_owner(database: TestDatabase) {
    let server = Running::on(database).await;
    Asker::new(server.addr).await.have("premiere", &["A-1"]).await;
    let hand = Database::connect(server.database.url().as_str()).await.unwrap();
    let claim = |hold: &str, place: &str, state: &str| {
        format!(
            "INSERT INTO seat_claims (hold, place, event, holder, state) \
             VALUES ('{hold}', '{place}', 'premiere', 'somebody', '{state}')"
        )
    };
    for state in ["held", "sold"] {
        let refused = hand.execute_unprepared(&claim("one", "A-1", state)).await;
        assert!(refused.is_err(), "{state}");
    }
    for (hold, place, state) in [
        ("one", "A-1", "released"),
        ("two", "A-1", "expired"),
        ("three", "A-1", "released"),
        ("one", "A-2", "sold"),
    ] {
        hand.execute_unprepared(&claim(hold, place, state)).await.unwrap();
    }
    hand.close().await.unwrap();
}

async fn whoever_changes_the_log_or_a_claim_is_found_out(database: TestDatabase) {
    let server = Running::on(database).await;
    let kim = Asker::new(server.addr).await;
    let hold = kim.have("premiere", &["A-1", "A-2"]).await;
    kim.act(&hold, "extend").await;
    kim.act(&hold, "confirm").await;
    let other = kim.have("premiere", &["A-3"]).await;
    kim.act(&other, "release").await;
    let premiere = server.event("premiere").await;
    let compare = || server.store.compare_seats(&premiere);
    assert_eq!(compare().await.unwrap(), Vec::<String>::new());
    let hand = Database::connect(server.database.url().as_str()).await.unwrap();
    for (change, back) in [
        (
            "UPDATE seat_claims SET state = 'held' WHERE place = 'A-1'",
            "UPDATE seat_claims SET state = 'sold' WHERE place = 'A-1'",
        ),
        (
            "UPDATE seat_claims SET state = 'released' WHERE place = 'A-2'",
            "UPDATE seat_claims SET state = 'sold' WHERE place = 'A-2'",
        ),
        (
            "UPDATE seat_claims SET state = 'sold' WHERE place = 'A-3'",
            "UPDATE seat_claims SET state = 'released' WHERE place = 'A-3'",
        ),
        (
            "UPDATE seat_audit SET at = at + 1 WHERE number = 2",
            "UPDATE seat_audit SET at = at - 1 WHERE number = 2",
        ),
    ] {
        hand.execute_unprepared(change).await.unwrap();
        assert_eq!(compare().await.unwrap().len(), 1, "{change}");
        hand.execute_unprepared(back).await.unwrap();
        assert_eq!(compare().await.unwrap(), Vec::<String>::new());
    }
    hand.execute_unprepared("DELETE FROM seat_audit WHERE number = 4")
        .await
        .unwrap();
    assert_eq!(
        compare().await.unwrap(),
        ["entry 5 isn't the next, or was changed"]
    );
    hand.close().await.unwrap();
}

#[tokio::test]
async fn the_log_is_read_by_who_runs_the_place() {
    let server = Running::start().await;
    let kim = Asker::new(server.addr).await;
    let hold = kim.have("premiere", &["A-1", "A-2"]).await;
    kim.act(&hold, "confirm").await;
    let path = "/api/seats/events/premiere/audit";
    let (status, refused) = ask(server.addr, "GET", path, "", "").await;
    assert_eq!((status, &refused["code"]), (401, &json!("sign_in_needed")));
    assert_eq!(
        kim.get("/events/premiere/audit").await.0,
        401,
        "a session is none"
    );
    let operator = operator(server.addr).await;
    let (status, log) = ask(server.addr, "GET", path, &operator, "").await;
    let entries = log["entries"].as_array().unwrap();
    assert_eq!((status, entries.len()), (200, 4));
    assert_eq!(entries[0]["previous"], GENESIS);
    for pair in entries.windows(2) {
        assert_eq!(pair[1]["previous"], pair[0]["hash"]);
    }
    let first = &entries[0];
    assert_eq!(
        (
            &first["number"],
            &first["place"],
            &first["who"],
            &first["what"],
            &first["why"]
        ),
        (
            &json!(1),
            &json!("A-1"),
            &json!(kim.sender),
            &json!("held"),
            &json!("hold")
        )
    );
    let (_, rest) = ask(server.addr, "GET", &format!("{path}?after=3"), &operator, "").await;
    assert_eq!(rest["entries"], json!([entries[3]]));
    let (status, refused) = ask(server.addr, "GET", &format!("{path}?after=-1"), &operator, "").await;
    assert_eq!((status, &refused["code"]), (400, &json!("seats_invalid")));
}

#[tokio::test]
async fn a_long_log_is_read_in_pages() {
    let server = Running::start().await;
    let operator = operator(server.addr).await;
    let kim = Asker::new(server.addr).await;
    let six: Vec<_> = (1..=6).map(|n| format!("A-{n}")).collect();
    let six: Vec<_> = six.iter().map(String::as_str).collect();
    for _ in 0..42 {
        let hold = kim.have("premiere", &six).await;
        assert_eq!(kim.act(&hold, "release").await.0, 200);
    }
    let mut numbers = Vec::new();
    for (after, count) in [(0, 500), (500, 4), (504, 0)] {
        let path = format!("/api/seats/events/premiere/audit?after={after}");
        let (_, log) = ask(server.addr, "GET", &path, &operator, "").await;
        let entries = log["entries"].as_array().unwrap().clone();
        assert_eq!(entries.len(), count);
        numbers.extend(entries.iter().map(|entry| entry["number"].as_i64().unwrap()));
    }
    assert_eq!(numbers, Vec::from_iter(1..=504));
}

#[tokio::test]
async fn what_was_told_is_kept_for_a_day() {
    let server = Running::start().await;
    let kim = Asker::new(server.addr).await;
    let (path, body) = ("/events/premiere/holds", json!({"places": ["A-1"]}));
    let first = kim.post_as("k", path, &body).await;
    let now = server.store.seat_clock().await.unwrap();
    assert_eq!(server.store.forget_seat_commands(now - 1000, 9).await.unwrap(), 0);
    let day = 24 * 60 * 60 * 1000;
    assert_eq!(kim.post_as("k", path, &body).await, first);
    assert_eq!(server.store.forget_seat_commands(now + day, 9).await.unwrap(), 1);
    assert_eq!(
        kim.post_as("k", path, &body).await.1["code"],
        "seats_taken",
        "it's another command now"
    );
}

async fn old_answers_are_forgotten_a_few_at_a_time(database: TestDatabase) {
    let server = Running::on(database).await;
    let kim = Asker::new(server.addr).await;
    let answers: Vec<_> = (0..10)
        .map(|n| format!("('{}', 'k{n}', '', '', {})", kim.sender, n / 5))
        .collect();
    let fill = format!(
        "INSERT INTO seat_commands (holder, idempotency_key, hash, answer, at) VALUES {}",
        answers.join(", ")
    );
    by_hand(server.database.url(), &fill).await;
    let forget = async |before, limit| server.store.forget_seat_commands(before, limit).await.unwrap();
    // Five are of one moment, and five of the next, which isn't old yet at first.
    for (before, forgotten) in [(1, 2), (1, 2), (1, 1), (1, 0), (2, 2), (2, 2), (2, 1), (2, 0)] {
        assert_eq!(forget(before, 2).await, forgotten);
    }
}

#[tokio::test]
async fn what_happens_is_counted() {
    let server = Running::start().await;
    let kim = Asker::new(server.addr).await;
    let hold = kim.have("premiere", &["A-1", "A-2"]).await;
    kim.act(&hold, "confirm").await;
    kim.hold("premiere", &["A-1"]).await;
    let page = server.get("/metrics", "").await;
    for line in [
        "madang_seats_total{what=\"held\"} 2",
        "madang_seats_total{what=\"sold\"} 2",
        "madang_seats_total{what=\"expired\"} 0",
        "madang_seats_refused_total{code=\"seats_taken\"} 1",
        "madang_seats_refused_total{code=\"hold_expired\"} 0",
    ] {
        assert!(page.contains(line), "{line}");
    }
}
