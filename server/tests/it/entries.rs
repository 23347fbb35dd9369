//! Edits, deletes, reactions, replies and mentions over WebSocket: who may, who hears it, and what is there afterwards.

use serde_json::{Value, json};

use crate::database::TestDatabase;
use crate::on_every_database;
use crate::running::{Client, Running};

on_every_database! {
    what_changes_a_message_is_an_entry_that_the_others_hear_and_the_history_shows
}

async fn what_changes_a_message_is_an_entry_that_the_others_hear_and_the_history_shows(
    database: TestDatabase,
) {
    let server = Running::on(database).await;
    let mut kim = server.join("lobby", "Kim").await;
    let mut lee = server.join("lobby", "Lee").await;
    kim.expect("joined").await;
    kim.send("c1", "first").await;
    let first = kim.expect("ack").await;
    lee.expect("message").await;

    kim.say(&edit("c2", 1, "second")).await;
    let ack = kim.expect("ack").await;
    assert_eq!((&ack["offset"], &ack["client_id"]), (&json!(2), &json!("c2")));
    assert_eq!(
        lee.expect("edit").await,
        json!({"type": "edit", "offset": 2, "target": 1, "text": "second", "author": "Kim", "client_id": "c2", "at": ack["at"]})
    );

    lee.say(&react("c3", 1, "👍", true)).await;
    let reacted = lee.expect("ack").await;
    assert_eq!(
        kim.expect("reaction").await,
        json!({"type": "reaction", "offset": 3, "target": 1, "emoji": "👍", "on": true, "author": "Lee", "client_id": "c3", "at": reacted["at"]})
    );

    kim.say(&json!({"type": "history"})).await;
    let page = kim.expect("history").await;
    let message = json!({
        "offset": 1, "author": "Kim", "client_id": "c1", "text": "second", "at": first["at"],
        "version": 3, "edited_at": ack["at"],
        "reactions": [{"emoji": "👍", "names": ["Lee"], "count": 1}],
    });
    assert_eq!(page["messages"][0], message);
    assert_eq!(page["messages"][1]["kind"], "edit");
    assert_eq!(page["messages"][2]["kind"], "reaction");

    kim.say(&json!({"type": "delete", "client_id": "c4", "target": 1}))
        .await;
    let ack = kim.expect("ack").await;
    assert_eq!(
        lee.expect("delete").await,
        json!({"type": "delete", "offset": 4, "target": 1, "author": "Kim", "client_id": "c4", "at": ack["at"]})
    );
    lee.say(&json!({"type": "history", "after": 0})).await;
    let page = lee.expect("history").await;
    assert!(
        !page.to_string().contains("first") && !page.to_string().contains("second"),
        "{page}"
    );
    assert_eq!(page["messages"][0]["deleted"], true);
    assert_eq!(page["messages"][0].get("reactions"), None);
    let kinds: Vec<_> = page["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["kind"])
        .collect();
    assert_eq!(
        kinds,
        [&Value::Null, &json!("edit"), &json!("reaction"), &json!("delete")]
    );
    for client in [&mut kim, &mut lee] {
        client.heard_nothing_more().await;
    }
}

#[tokio::test]
async fn only_the_author_edits_and_deletes() {
    let server = Running::start().await;
    let mut kim = server.connect("/ws/lobby").await;
    let session = kim.join("Kim").await["session"].clone();
    kim.send("c1", "mine").await;
    kim.expect("ack").await;
    // The name alone is nobody.
    let mut other = server.join("lobby", "Kim").await;
    for command in [
        edit("c2", 1, "yours"),
        json!({"type": "delete", "client_id": "c2", "target": 1}),
    ] {
        other.say(&command).await;
        assert_eq!(other.refused("not_yours").await["client_id"], "c2");
    }
    kim.heard_nothing_more().await;
    drop(kim);
    let mut back = server.connect("/ws/lobby").await;
    back.say(&json!({"type": "join", "name": "Kim 2", "session": session}))
        .await;
    back.expect("welcome").await;
    back.say(&edit("c2", 1, "still mine")).await;
    assert_eq!(back.until("ack").await["offset"], 2);
}

#[tokio::test]
async fn changes_sent_again_are_made_once() {
    let server = Running::start().await;
    let mut kim = server.join("lobby", "Kim").await;
    let mut lee = server.join("lobby", "Lee").await;
    kim.expect("joined").await;
    kim.send("c1", "one").await;
    kim.expect("ack").await;
    lee.expect("message").await;
    for (command, kind) in [
        (edit("c2", 1, "two"), "edit"),
        (react("c3", 1, "🎉", true), "reaction"),
        (
            json!({"type": "delete", "client_id": "c4", "target": 1}),
            "delete",
        ),
    ] {
        kim.say(&command).await;
        let first = kim.expect("ack").await;
        for _ in 0..2 {
            kim.say(&command).await;
            let again = kim.expect("ack").await;
            assert_eq!(
                (&again["offset"], &again["duplicate"]),
                (&first["offset"], &json!(true)),
                "{command}"
            );
        }
        lee.expect(kind).await;
    }
    // The first sending too, though its text is another by now.
    kim.send("c1", "one").await;
    assert_eq!(kim.expect("ack").await["duplicate"], true);
    for other in [
        edit("c2", 1, "three"),
        react("c3", 1, "🎉", false),
        edit("c4", 1, "one"),
    ] {
        kim.say(&other).await;
        kim.refused("idempotency_mismatch").await;
    }
    lee.heard_nothing_more().await;
}

#[tokio::test]
async fn what_is_not_there_cannot_be_changed() {
    let server = Running::start().await;
    let mut kim = server.join("lobby", "Kim").await;
    kim.send("c1", "one").await;
    kim.expect("ack").await;
    kim.say(&edit("c2", 1, "two")).await;
    kim.expect("ack").await;
    // There is nothing at 3, and at 2 an edit.
    for target in [2, 3] {
        for command in [
            edit("c3", target, "a"),
            react("c3", target, "👍", true),
            json!({"type": "delete", "client_id": "c3", "target": target}),
            json!({"type": "send", "client_id": "c3", "text": "a", "reply_to": target}),
        ] {
            kim.say(&command).await;
            assert_eq!(
                kim.refused("message_unknown").await["client_id"],
                "c3",
                "{command}"
            );
        }
    }
    kim.say(&json!({"type": "delete", "client_id": "c4", "target": 1}))
        .await;
    assert_eq!(
        kim.expect("ack").await["offset"],
        3,
        "what was refused took no offset"
    );
    for command in [
        edit("c5", 1, "a"),
        react("c5", 1, "👍", true),
        react("c5", 1, "👍", false),
    ] {
        kim.say(&command).await;
        kim.refused("message_deleted").await;
    }
    // An answer to what was taken back is an answer all the same.
    kim.say(&json!({"type": "send", "client_id": "c6", "text": "a", "reply_to": 1}))
        .await;
    assert_eq!(kim.expect("ack").await["offset"], 4);
}

#[tokio::test]
async fn reactions_are_of_people_and_bounded() {
    let server = Running::start().await;
    let mut kim = server.join("lobby", "Kim").await;
    kim.send("c1", "one").await;
    kim.expect("ack").await;
    let mut fans = Vec::new();
    for n in 0..22 {
        fans.push(server.join("lobby", &format!("fan{n:02}")).await);
    }
    for fan in &mut fans {
        for client_id in ["r1", "r2"] {
            fan.say(&react(client_id, 1, "👍", true)).await;
            fan.until("ack").await;
        }
    }
    let reactions = reactions(&mut kim).await;
    assert_eq!(
        (&reactions[0]["count"], reactions.as_array().unwrap().len()),
        (&json!(22), 1)
    );
    let names = reactions[0]["names"].as_array().unwrap();
    assert_eq!((names.len(), &names[0]), (20, &json!("fan00")));
    for (n, fan) in fans.iter_mut().enumerate() {
        fan.say(&react("r3", 1, "👍", false)).await;
        fan.until("ack").await;
        let more = format!("{}", char::from_u32(0x1f600 + n as u32).unwrap());
        fan.say(&react("r4", 1, &more, true)).await;
        match n {
            // The thumbs of others are one of the twenty, until the last is gone.
            19 | 20 => assert_eq!(fan.until("error").await["code"], "too_many_reactions"),
            _ => drop(fan.until("ack").await),
        }
    }
    assert_eq!(self::reactions(&mut kim).await.as_array().unwrap().len(), 20);
}

#[tokio::test]
async fn a_reply_names_its_message_and_a_mention_somebody_who_is_known() {
    let server = Running::start().await;
    let mut kim = server.join("lobby", "Kim").await;
    let mut gone = server.join("lobby", "김 철수").await;
    gone.send("c1", "안녕").await;
    gone.expect("ack").await;
    gone.ws.close(madang_ws::CloseCode::NORMAL, "").await.unwrap();
    let mut lee = server.join("lobby", "Lee").await;
    let text = "@김 철수님, @Lee and @Nobody: kim@Kim";
    kim.say(&json!({"type": "send", "client_id": "c2", "text": text, "reply_to": 1}))
        .await;
    kim.until("ack").await;
    let heard = lee.until("message").await;
    assert_eq!(
        (&heard["reply_to"], &heard["mentions"]),
        (&json!(1), &json!(["김 철수", "Lee"]))
    );
    kim.say(&edit("c3", 2, "@Lee alone")).await;
    kim.until("ack").await;
    assert_eq!(lee.until("edit").await["mentions"], json!(["Lee"]));
    lee.say(&json!({"type": "history"})).await;
    let page = lee.until("history").await;
    assert_eq!(
        (&page["messages"][1]["mentions"], &page["messages"][1]["reply_to"]),
        (&json!(["Lee"]), &json!(1))
    );
}

/// Whoever was away when something was changed that they hadn't read is not shown what it was.
#[tokio::test]
async fn what_was_taken_back_is_not_told_to_who_comes_back() {
    let server = Running::start().await;
    let mut kim = server.join("lobby", "Kim").await;
    let mut lee = server.connect("/ws/lobby").await;
    let welcome = lee.join("Lee").await;
    drop(lee);
    kim.send("c1", "a secret").await;
    kim.until("ack").await;
    kim.send("c2", "no secret").await;
    kim.until("ack").await;
    kim.say(&json!({"type": "delete", "client_id": "c3", "target": 1}))
        .await;
    kim.until("ack").await;
    let join = |offset: u64| json!({"type": "join", "name": "Lee", "session": welcome["session"], "after": offset, "epoch": welcome["epoch"]});
    let mut lee = server.connect("/ws/lobby").await;
    lee.say(&join(0)).await;
    assert_eq!(lee.expect("welcome").await["recovered"], false);
    lee.say(&json!({"type": "history", "after": 0, "epoch": welcome["epoch"]}))
        .await;
    let page = lee.expect("history").await.to_string();
    assert!(page.contains("no secret") && !page.contains("a secret"), "{page}");
    // Who has read it already goes on from memory.
    let mut lee = server.connect("/ws/lobby").await;
    lee.say(&join(1)).await;
    assert_eq!(lee.expect("welcome").await["recovered"], true);
    lee.expect("message").await;
    lee.expect("delete").await;
}

fn edit(client_id: &str, target: u64, text: &str) -> Value {
    json!({"type": "edit", "client_id": client_id, "target": target, "text": text})
}

fn react(client_id: &str, target: u64, emoji: &str, on: bool) -> Value {
    json!({"type": "react", "client_id": client_id, "target": target, "emoji": emoji, "on": on})
}

async fn reactions(client: &mut Client) -> Value {
    client
        .say(&json!({"type": "history", "around": 1, "limit": 1}))
        .await;
    client.until("history").await["messages"][0]["reactions"].clone()
}
