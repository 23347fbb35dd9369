//! Read markers: they move forward, the others hear of it, they are there after a restart, and what lies behind them is counted.

use std::num::NonZeroU32;
use std::time::Instant;

use madang_server::chat::{READ_INTERVAL, UNREAD_ROOMS};
use serde_json::{Value, json};

use crate::asked::{admin, moderate};
use crate::database::TestDatabase;
use crate::on_every_database;
use crate::running::{Client, Running, get};
use crate::ways::request;

on_every_database! {
    a_marker_outlives_the_server
    what_others_said_behind_the_marker_is_unread
}

#[tokio::test]
async fn the_others_hear_how_far_somebody_has_read_once_a_second() {
    let server = Running::start().await;
    let mut kim = server.join("lobby", "Kim").await;
    for n in 1..=5 {
        kim.send(&format!("c{n}"), "hello").await;
        kim.expect("ack").await;
    }
    let mut lee = server.join("lobby", "Lee").await;
    kim.expect("joined").await;
    let begun = Instant::now();
    lee.say(&json!({"type": "read", "offset": 1})).await;
    assert_eq!(
        kim.expect("read").await,
        json!({"type": "read", "name": "Lee", "offset": 1})
    );
    for offset in [2, 4, 3, 1] {
        lee.say(&json!({"type": "read", "offset": offset})).await;
    }
    assert_eq!(kim.expect("read").await["offset"], 4);
    assert!(begun.elapsed() >= READ_INTERVAL);
    // No further than the room goes.
    lee.say(&json!({"type": "read", "offset": 4_000})).await;
    assert_eq!(kim.expect("read").await["offset"], 5);
    lee.heard_nothing_more().await;
    kim.heard_nothing_more().await;
}

#[tokio::test]
async fn two_devices_of_one_session_converge() {
    let server = Running::start().await;
    let mut phone = server.connect("/ws/lobby").await;
    let session = phone.join("Kim").await["session"].clone();
    for n in 1..=3 {
        phone.send(&format!("c{n}"), "hello").await;
        phone.expect("ack").await;
    }
    let mut laptop = server.connect("/ws/lobby").await;
    laptop
        .say(&json!({"type": "join", "name": "Kim", "session": session}))
        .await;
    assert_eq!(laptop.expect("welcome").await["read"], 0);
    let mut lee = server.join("lobby", "Lee").await;
    phone.say(&json!({"type": "read", "offset": 3})).await;
    lee.expect("read").await;
    laptop.say(&json!({"type": "read", "offset": 2})).await;
    laptop.until("joined").await;
    laptop.heard_nothing_more().await;
    for _ in 0..2 {
        let mut again = server.connect("/ws/lobby").await;
        again
            .say(&json!({"type": "join", "name": "Kim", "session": session}))
            .await;
        let welcome = again.expect("welcome").await;
        assert_eq!(
            (&welcome["read"], &welcome["readers"]),
            (&json!(3), &json!([])),
            "oneself is no other"
        );
    }
    let mut park = server.connect("/ws/lobby").await;
    assert_eq!(
        park.join("Park").await["readers"],
        json!([{"name": "Kim", "offset": 3}])
    );
}

async fn a_marker_outlives_the_server(database: TestDatabase) {
    let server = Running::on(database).await;
    let mut kim = server.connect("/ws/lobby").await;
    let session = kim.join("Kim").await["session"].clone();
    for n in 1..=3 {
        kim.send(&format!("c{n}"), "hello").await;
        kim.expect("ack").await;
    }
    // The second waits to be told, and is stored all the same.
    for offset in [1, 2] {
        kim.say(&json!({"type": "read", "offset": offset})).await;
    }
    kim.heard_nothing_more().await;
    let Running {
        back,
        database,
        store,
        ..
    } = server;
    assert!(back.close().await);
    drop(store);
    let server = Running::on(database).await;
    let mut lee = server.connect("/ws/lobby").await;
    assert_eq!(
        lee.join("Lee").await["readers"],
        json!([{"name": "Kim", "offset": 2}])
    );
    let mut kim = server.connect("/ws/lobby").await;
    kim.say(&json!({"type": "join", "name": "Kim", "session": session}))
        .await;
    assert_eq!(kim.expect("welcome").await["read"], 2);
}

async fn what_others_said_behind_the_marker_is_unread(database: TestDatabase) {
    let server = Running::on(database).await;
    let (_, made) = request(server.addr, "POST", "/api/sessions", None).await;
    let session = made["session"].as_str().unwrap();
    let mut kim = server.join("lobby", "Kim").await;
    let mut lee = server.connect("/ws/lobby").await;
    lee.say(&json!({"type": "join", "name": "Lee", "session": session}))
        .await;
    lee.expect("welcome").await;
    say(&mut kim, "c1", "hello").await;
    say(&mut lee, "c2", "hi @Lee").await;
    say(&mut kim, "c3", "how are you, @Lee?").await;
    say(&mut kim, "c4", "@Lee!").await;
    kim.say(&json!({"type": "delete", "client_id": "c5", "target": 4}))
        .await;
    kim.until("ack").await;

    let (status, all) = unread(&server, session, "rooms=lobby,nowhere&name=Lee").await;
    assert_eq!(status, 200, "{all}");
    assert_eq!(
        all,
        json!({"rooms": [
            {"room": "lobby", "read": 0, "offset": 5, "unread": 2, "mentions": 1},
            {"room": "nowhere", "read": 0, "offset": 0, "unread": 0, "mentions": 0},
        ]})
    );
    let body = json!({"offset": 2, "name": "Lee", "session": session});
    let (status, read) = request(server.addr, "PUT", "/api/rooms/lobby/read", Some(body)).await;
    assert_eq!((status, read), (200, json!({"read": 2})));
    assert_eq!(
        kim.until("read").await,
        json!({"type": "read", "name": "Lee", "offset": 2})
    );
    let (_, rest) = unread(&server, session, "rooms=lobby").await;
    assert_eq!(
        rest["rooms"][0],
        json!({"room": "lobby", "read": 2, "offset": 5, "unread": 1, "mentions": 0}),
        "without a name nobody is spoken to"
    );

    let many = vec!["a"; UNREAD_ROOMS + 1].join(",");
    for (query, code) in [
        ("", "unread_invalid"),
        ("rooms=,", "unread_invalid"),
        (&*format!("rooms={many}"), "unread_invalid"),
        ("rooms=a%20b", "room_invalid"),
        ("rooms=a&name=%20", "name_invalid"),
    ] {
        let (_, problem) = unread(&server, session, query).await;
        assert_eq!(problem["code"], code, "{query}");
    }
    let nobody = get(server.addr, "/api/unread?rooms=lobby", "").await;
    assert!(nobody.contains("session_invalid"), "{nobody}");
    let nobody = json!({"offset": 1, "name": "Lee"});
    let (_, problem) = request(server.addr, "PUT", "/api/rooms/lobby/read", Some(nobody)).await;
    assert_eq!(problem["code"], "session_invalid");
}

#[tokio::test]
async fn whoever_is_banned_is_not_told_what_is_unread() {
    let server = Running::start().await;
    let boss = admin(server.addr, &server.store, "Boss").await;
    let mut lee = server.connect("/ws/lobby").await;
    let session = lee.join("Lee").await["session"].as_str().unwrap().to_owned();
    let mut kim = server.join("lobby", "Kim").await;
    say(&mut kim, "c1", "hello").await;
    let mut kim = server.join("other", "Kim").await;
    say(&mut kim, "c1", "hello").await;
    let rooms = async || {
        let (status, answer) = unread(&server, &session, "rooms=lobby,other").await;
        assert_eq!(status, 200);
        let rooms = answer["rooms"].as_array().unwrap().clone();
        rooms
            .into_iter()
            .map(|room| room["room"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(rooms().await, ["lobby", "other"]);
    let ban = json!({"action": "ban", "name": "Lee"});
    assert_eq!(moderate(server.addr, &boss, "lobby", ban).await.status, 200);
    assert_eq!(rooms().await, ["other"]);
}

#[tokio::test]
async fn each_room_whose_unread_messages_are_asked_for_counts_as_a_request() {
    let server = Running::with(TestDatabase::sqlite(), |settings| {
        settings.rates.requests_per_address = NonZeroU32::new(5);
    })
    .await;
    let session = madang_server::chat::Session::new(7).to_string();
    let (status, _) = unread(&server, &session, "rooms=a,b,c").await;
    assert_eq!(status, 200);
    let (status, problem) = unread(&server, &session, "rooms=a,b,c").await;
    assert_eq!((status, &problem["code"]), (429, &json!("rate_limited")));
}

async fn say(client: &mut Client, client_id: &str, text: &str) {
    client.send(client_id, text).await;
    client.until("ack").await;
}

async fn unread(server: &Running, session: &str, query: &str) -> (u16, Value) {
    let head = format!("Authorization: Bearer {session}\r\n");
    let answer = get(server.addr, &format!("/api/unread?{query}"), &head).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), serde_json::from_str(body).unwrap())
}
