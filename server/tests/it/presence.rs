//! Who is here: several tabs, those who read over HTTP, lines that break, a server that is killed.

use std::time::Duration;

use serde_json::{Value, json};

use crate::asked::ask;
use crate::http::{event, follow};
use crate::running::Running;

/// How long a page takes to reconnect at most.
const RECONNECT: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_reconnect_within_five_seconds_does_not_flicker() {
    let server = Running::start().await;
    let mut lee = server.join("lobby", "Lee").await;
    let mut kim = server.connect("/ws/lobby").await;
    let session = kim.join("Kim").await["session"].clone();
    assert_eq!(lee.expect("joined").await["name"], "Kim");
    // Without a word, as in a tunnel.
    drop(kim);
    server.waiting(1).await;
    tokio::time::sleep(RECONNECT).await;
    let mut kim = server.connect("/ws/lobby").await;
    kim.say(&json!({"type": "join", "name": "Kim", "session": session}))
        .await;
    kim.expect("welcome").await;
    lee.heard_nothing_more().await;
}

#[tokio::test]
async fn several_tabs_are_one_name_by_whichever_way() {
    let server = Running::start().await;
    let mut lee = server.join("lobby", "Lee").await;
    let kim = server.join("lobby", "Kim").await;
    assert_eq!(lee.expect("joined").await["name"], "Kim");
    let mut stream = follow(&server, "/api/rooms/lobby/events?name=Kim", "").await;
    event(&mut stream).await.unwrap();
    drop(kim);
    ask(
        server.addr,
        "GET",
        "/api/rooms/lobby/messages?name=Kim",
        "",
        Value::Null,
    )
    .await;
    let welcome = server.connect("/ws/lobby").await.join("Park").await;
    assert_eq!(welcome["members"], json!(["Kim", "Lee", "Park"]));
    assert_eq!(lee.expect("joined").await["name"], "Park", "and nothing of Kim");
}

#[tokio::test]
async fn whoever_reads_over_http_under_a_name_is_here_while_they_read_and_a_while_after() {
    let server = Running::start().await;
    let mut lee = server.join("lobby", "Lee").await;
    let mut stream = follow(&server, "/api/rooms/lobby/events?name=Stream", "").await;
    event(&mut stream).await.unwrap();
    assert_eq!(lee.expect("joined").await["name"], "Stream");
    let waiting = "/api/rooms/lobby/messages?name=Waiting&after=0&wait=1s";
    let waited = ask(server.addr, "GET", waiting, "", Value::Null).await;
    assert_eq!(waited.status, 200);
    assert_eq!(lee.expect("joined").await["name"], "Waiting");
    ask(
        server.addr,
        "GET",
        "/api/rooms/lobby/messages?name=Polling",
        "",
        Value::Null,
    )
    .await;
    assert_eq!(lee.expect("joined").await["name"], "Polling");
    drop(stream);
    let welcome = server.connect("/ws/lobby").await.join("Kim").await;
    assert_eq!(
        welcome["members"],
        json!(["Kim", "Lee", "Polling", "Stream", "Waiting"])
    );
    assert_eq!(lee.expect("joined").await["name"], "Kim");
    // Whoever waits asks again at once, whoever polls some seconds later.
    let mut gone = Vec::new();
    while gone.len() < 4 {
        gone.push(lee.expect("left").await["name"].as_str().unwrap().to_owned());
    }
    assert_eq!(gone[3], "Polling", "{gone:?}");
}

#[tokio::test]
async fn whoever_reads_without_a_name_is_not_shown() {
    let server = Running::start().await;
    let mut lee = server.join("lobby", "Lee").await;
    let mut stream = follow(&server, "/api/rooms/lobby/events", "").await;
    event(&mut stream).await.unwrap();
    ask(server.addr, "GET", "/api/rooms/lobby/messages", "", Value::Null).await;
    for wrong in ["", "%00", &"n".repeat(41)] {
        for what in ["messages", "events"] {
            let path = format!("/api/rooms/lobby/{what}?name={wrong}");
            let answer = ask(server.addr, "GET", &path, "", Value::Null).await;
            assert_eq!(answer.status, 400, "{path}");
        }
    }
    lee.heard_nothing_more().await;
}
