//! The database goes away: who asks is told to come again, sockets stay, and what was acknowledged is there afterwards.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;

use crate::cut::Cut;
use crate::database::TestDatabase;
use crate::running::{Running, post};

#[tokio::test(flavor = "multi_thread")]
async fn on_mysql() {
    if let Some(database) = TestDatabase::mysql().await {
        nothing_acknowledged_is_missing(database).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres() {
    if let Some(database) = TestDatabase::postgres().await {
        nothing_acknowledged_is_missing(database).await;
    }
}

async fn nothing_acknowledged_is_missing(database: TestDatabase) {
    let (line, through) = Cut::before(database.url()).await;
    let server = Running::on(database.reached_by(through)).await;
    let mut kim = server.join("lobby", "Kim").await;
    let mut lee = server.join("lobby", "Lee").await;
    kim.expect("joined").await;

    // Somebody is in the middle of saying much when it happens.
    let mut acknowledged = BTreeSet::new();
    for n in 0..10 {
        kim.send(&format!("early-{n}"), "before").await;
    }
    for _ in 0..5 {
        acknowledged.insert(kim.expect("ack").await["client_id"].as_str().unwrap().to_owned());
    }
    line.cut().await;
    let mut open: BTreeSet<_> = (0..10).map(|n| format!("early-{n}")).collect();
    open.retain(|id| !acknowledged.contains(id));
    for _ in 0..open.len() {
        let answer = kim.next().await;
        let id = answer["client_id"].as_str().unwrap().to_owned();
        match answer["type"].as_str() {
            Some("ack") => drop(acknowledged.insert(id)),
            _ => assert_eq!(answer["code"], "store_unavailable", "{answer}"),
        }
    }

    // Reads of what isn't in memory, and writes, whichever way they come.
    let read = server.get("/api/rooms/elsewhere/messages", "").await;
    let message = json!({"client_id": "http", "name": "Park", "text": "while it was away"});
    let write = post(server.addr, "/api/rooms/lobby/messages", "", &message).await;
    for answer in [read, write] {
        assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
        assert!(answer.to_lowercase().contains("retry-after: "), "{answer}");
        assert!(answer.contains("store_unavailable"), "{answer}");
    }
    assert!(server.get("/readyz", "").await.starts_with("HTTP/1.1 503"));
    assert!(server.get("/healthz", "").await.starts_with("HTTP/1.1 200"));
    kim.say(&json!({"type": "typing", "active": true})).await;
    let mut heard = Vec::new();
    loop {
        let event = lee.next().await;
        match event["type"].as_str() {
            Some("message") => heard.push(event["client_id"].as_str().unwrap().to_owned()),
            // Before the database went away, what was sent ended his typing.
            Some("typing") if event["active"] == true => break,
            _ => {}
        }
    }

    line.mend().await;
    while !server.get("/readyz", "").await.starts_with("HTTP/1.1 200") {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for id in &open {
        kim.send(id, "before").await;
        acknowledged.insert(kim.until("ack").await["client_id"].as_str().unwrap().to_owned());
    }
    let answer = post(server.addr, "/api/rooms/lobby/messages", "", &message).await;
    assert!(
        answer.starts_with("HTTP/1.1 201") || answer.starts_with("HTTP/1.1 200"),
        "{answer}"
    );
    let stored = server.store.after("lobby", 0, 100).await.unwrap().messages;
    let ids: Vec<_> = stored.iter().map(|message| message.client_id.as_str()).collect();
    assert_eq!(ids.len(), 11, "each once: {ids:?}");
    for id in &acknowledged {
        assert!(ids.contains(&id.as_str()), "{id} was acknowledged: {ids:?}");
    }
    // And Lee, who was there all the time, has heard each once.
    while heard.len() < ids.len() {
        heard.push(
            lee.until("message").await["client_id"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    assert_eq!(heard, ids);
    lee.heard_nothing_more().await;
}
