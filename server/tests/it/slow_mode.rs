//! Slow mode: everybody has a turn, whatever they call themselves, and what isn't said doesn't use it up.

use serde_json::json;

use crate::asked::{admin, ask, headers, moderate, sign_up};
use crate::database::TestDatabase;
use crate::on_every_database;
use crate::running::{Client, Running};
use crate::socketio::Talker;

on_every_database! {
    in_slow_mode_there_is_time_between_two_messages_by_whichever_way
    in_slow_mode_an_account_has_one_turn_on_all_its_devices
    what_is_refused_does_not_use_a_turn_up
}

async fn in_slow_mode_there_is_time_between_two_messages_by_whichever_way(database: TestDatabase) {
    let server = Running::on(database).await;
    let boss = admin(server.addr, &server.store, "Boss").await;
    let mut kim = server.connect("/ws/lobby").await;
    let session = kim.join("Kim").await["session"].clone();
    let mut keeper = Client::connect_with(server.addr, "/ws/lobby", headers(&boss)).await;
    keeper.join("Boss").await;
    let slow = |seconds| json!({"action": "slow", "seconds": seconds});
    assert_eq!(moderate(server.addr, &boss, "lobby", slow(600)).await.status, 200);
    assert_eq!(kim.until("moderated").await["seconds"], 600);
    kim.send("c1", "one").await;
    kim.until("ack").await;
    kim.send("c1", "one").await;
    assert_eq!(
        kim.until("ack").await["duplicate"],
        true,
        "the same again is no second message"
    );
    kim.send("c2", "two").await;
    let error = kim.until("error").await;
    assert_eq!(error["code"], "slow_mode");
    assert!(
        (590_000..=600_000).contains(&error["retry_after_ms"].as_u64().unwrap()),
        "{error}"
    );
    for (name, client_id, text) in [("kim", "c3", "two"), ("Other", "c1", "one")] {
        let mut talker = Talker::connect(&server).await;
        let join = json!({"room": "lobby", "name": name, "session": session});
        assert_eq!(talker.ask("join", &join).await["type"], "welcome");
        assert_eq!(
            talker.send(client_id, text).await["code"],
            "slow_mode",
            "another name is no turn of one's own"
        );
        let post = json!({"name": name, "session": session, "client_id": client_id, "text": text});
        let posted = ask(server.addr, "POST", "/api/rooms/lobby/messages", "", post).await;
        assert_eq!(posted.code(), (429, "slow_mode"));
    }
    let nobody = |text| json!({"name": "Kim", "text": text});
    for (text, answer) in [("one", (201, "")), ("two", (429, "slow_mode"))] {
        let posted = ask(server.addr, "POST", "/api/rooms/lobby/messages", "", nobody(text)).await;
        assert_eq!(posted.code(), answer, "who shows no session has the name's turn");
    }
    let mut lee = server.join("lobby", "Lee").await;
    lee.send("c1", "others have turns of their own").await;
    lee.until("ack").await;
    for n in 0..3 {
        keeper
            .send(&format!("c{n}"), "whoever keeps order is in no hurry")
            .await;
        keeper.until("ack").await;
    }
    moderate(server.addr, &boss, "lobby", slow(0)).await;
    kim.send("c4", "fast again").await;
    kim.until("ack").await;
    kim.send("c5", "fast again").await;
    kim.until("ack").await;
}

async fn in_slow_mode_an_account_has_one_turn_on_all_its_devices(database: TestDatabase) {
    let server = Running::on(database).await;
    let boss = admin(server.addr, &server.store, "Boss").await;
    let lee = sign_up(server.addr, "Lee").await;
    let slow = json!({"action": "slow", "seconds": 600});
    assert_eq!(moderate(server.addr, &boss, "lobby", slow).await.status, 200);
    let mut devices = Vec::new();
    for _ in 0..2 {
        let mut device = Client::connect_with(server.addr, "/ws/lobby", headers(&lee)).await;
        device.join("Lee").await;
        devices.push(device);
    }
    devices[0].send("c1", "one").await;
    devices[0].until("ack").await;
    devices[1].send("c2", "two").await;
    assert_eq!(devices[1].until("error").await["code"], "slow_mode");
}

async fn what_is_refused_does_not_use_a_turn_up(database: TestDatabase) {
    let server = Running::on(database).await;
    let boss = admin(server.addr, &server.store, "Boss").await;
    let mut kim = server.join("lobby", "Kim").await;
    kim.send("c1", "one").await;
    kim.expect("ack").await;
    for action in [
        json!({"action": "slow", "seconds": 600}),
        json!({"action": "words", "words": ["darn"]}),
    ] {
        assert_eq!(moderate(server.addr, &boss, "lobby", action).await.status, 200);
        kim.expect("moderated").await;
    }
    // First where there has been no turn, then where there has been one.
    for (code, client_id, text) in [
        ("word_filtered", "c2", "darn"),
        ("text_empty", "c2", " "),
        ("idempotency_mismatch", "c1", "two"),
    ] {
        kim.send(client_id, text).await;
        kim.refused(code).await;
    }
    let answer = json!({"type": "send", "client_id": "c2", "text": "two", "reply_to": 999});
    kim.say(&answer).await;
    kim.refused("message_unknown").await;
    kim.send("c2", "two").await;
    kim.expect("ack").await;
    kim.send("c1", "two").await;
    kim.refused("slow_mode").await;
    kim.send("c3", "three").await;
    kim.refused("slow_mode").await;
}
