//! What changes nothing is done, and is no entry of a room's log, whichever way it is asked for.

use std::collections::BTreeSet;

use madang_server::store::{Draft, Kind};
use serde_json::{Value, json};

use crate::asked::{admin, ask, moderate, sign_up};
use crate::database::{TestDatabase, newest};
use crate::deeds::Deed;
use crate::on_every_database;
use crate::running::{Client, Running};
use crate::ways::{Person, Way};

on_every_database! {
    what_changes_nothing_is_no_entry_by_any_way
    of_many_who_want_the_same_at_once_one_changes_it
    order_that_holds_already_is_no_entry_of_its_log
}

async fn what_changes_nothing_is_no_entry_by_any_way(database: TestDatabase) {
    let server = Running::on(database).await;
    let mut kim = server.connect("/ws/yard").await;
    let session = kim.join("Kim").await["session"].clone();
    kim.send("c1", "one").await;
    let said = kim.expect("ack").await;
    let mut lee = server.join("yard", "Lee").await;
    kim.expect("joined").await;
    let mut offset = 1;
    for way in Way::ALL {
        let mut park = Person::come(server.addr, "yard", way, &format!("{way:?}")).await;
        for (client_id, on, changes) in [
            ("r0", false, false),
            ("r1", true, true),
            ("r2", true, false),
            ("r3", false, true),
            ("r4", false, false),
        ] {
            let react = Deed::React(1, "👍", on);
            assert_eq!(park.act(client_id, &react).await, changes, "{way:?} {client_id}");
            if changes {
                offset += 1;
                let heard = lee.until("reaction").await;
                assert_eq!(
                    (&heard["offset"], &heard["client_id"]),
                    (&json!(offset), &json!(client_id))
                );
            }
        }
    }

    let same = json!({"type": "edit", "client_id": "c2", "target": 1, "text": "one"});
    let unchanged = |client_id: &str, duplicate: bool| json!({"type": "ack", "client_id": client_id, "offset": 1, "epoch": said["epoch"], "at": said["at"], "duplicate": duplicate, "unchanged": true});
    for _ in 0..2 {
        kim.say(&same).await;
        assert_eq!(kim.until("ack").await, unchanged("c2", false));
    }
    let by = json!({"client_id": "c3", "name": "Kim", "session": session, "text": "one"});
    let path = "/api/rooms/yard/messages/1";
    let answer = ask(server.addr, "PATCH", path, "", by.clone()).await;
    assert_eq!((answer.status, &answer.body["unchanged"]), (200, &json!(true)));
    assert_eq!(message(&mut kim).await["edited_at"], Value::Null);

    // What had no effect was not remembered either: now it has one.
    kim.say(&json!({"type": "delete", "client_id": "c2", "target": 1}))
        .await;
    let deleted = kim.until("ack").await;
    assert_eq!(
        (&deleted["offset"], deleted.get("unchanged")),
        (&json!(offset + 1), None)
    );
    lee.until("delete").await;
    kim.say(&json!({"type": "delete", "client_id": "c4", "target": 1}))
        .await;
    assert_eq!(kim.until("ack").await, unchanged("c4", false));
    let again = ask(server.addr, "DELETE", path, "", by).await;
    assert_eq!((again.status, &again.body["offset"]), (200, &json!(1)));
    // Only whom it is up to is told so.
    lee.say(&json!({"type": "delete", "client_id": "c5", "target": 1}))
        .await;
    assert_eq!(lee.until("error").await["code"], "not_yours");
    kim.send("c6", "two").await;
    assert_eq!(kim.until("ack").await["offset"], offset + 2, "without a gap");
    assert_eq!(lee.until("message").await["offset"], offset + 2);
}

/// Stores stand for processes.
async fn of_many_who_want_the_same_at_once_one_changes_it(database: TestDatabase) {
    let stores = [database.store().await, database.store().await];
    let draft = |client_id: String, kind: Kind, text: &str| Draft {
        room: "yard".to_owned(),
        author: "Kim".to_owned(),
        person: "Kim".to_owned(),
        target: (kind != Kind::Message).then_some(1),
        at: 7,
        client_id,
        kind,
        text: text.to_owned(),
        ..Draft::default()
    };
    let said = draft("c".to_owned(), Kind::Message, "one");
    assert_eq!(stores[0].append(&said).await.unwrap().offset, 1);
    for (offset, (kind, text)) in (2..).zip([
        (Kind::React, "👍"),
        (Kind::Unreact, "👍"),
        (Kind::React, "👍"),
        (Kind::Edit, "two"),
        (Kind::Delete, ""),
    ]) {
        let mut asking = tokio::task::JoinSet::new();
        for n in 0..8 {
            let store = stores[n % 2].clone();
            let draft = Draft {
                at: 99,
                ..draft(format!("{offset} {n}"), kind, text)
            };
            asking.spawn(async move { store.append(&draft).await.unwrap() });
        }
        let answers = asking.join_all().await;
        let offsets: BTreeSet<_> = answers
            .iter()
            .map(|done| (done.unchanged, done.offset, done.at))
            .collect();
        assert_eq!(
            offsets,
            BTreeSet::from([(false, offset, 99), (true, 1, 7)]),
            "{kind:?}"
        );
        assert_eq!(
            answers.iter().filter(|done| !done.unchanged).count(),
            1,
            "{kind:?}"
        );
        assert_eq!(newest(&stores[1], "yard").await, offset);
    }
}

async fn order_that_holds_already_is_no_entry_of_its_log(database: TestDatabase) {
    let server = Running::on(database).await;
    let boss = admin(server.addr, &server.store, "Boss").await;
    let mut lee = server.join("yard", "Lee").await;
    for (number, action) in (1..).zip([
        json!({"action": "mute", "name": "Kim", "reason": "spam"}),
        json!({"action": "ban", "name": "Kim"}),
        json!({"action": "slow", "seconds": 5}),
        json!({"action": "slow", "seconds": 0}),
        json!({"action": "words", "words": ["darn"]}),
        json!({"action": "words", "words": []}),
    ]) {
        let done = moderate(server.addr, &boss, "yard", action.clone()).await;
        assert_eq!((done.status, &done.body["id"]), (200, &json!(number)), "{action}");
        assert_eq!(done.body.get("unchanged"), None);
        lee.until("moderated").await;
        let again = moderate(server.addr, &boss, "yard", action.clone()).await;
        assert_eq!(
            (again.status, &again.body["id"], &again.body["unchanged"]),
            (200, &json!(number), &json!(true)),
            "{action}"
        );
    }
    lee.heard_nothing_more().await;
    sign_up(server.addr, "Choi").await;
    let path = "/api/rooms/yard/roles/Choi";
    for (role, unchanged) in [
        (Value::Null, true),
        (json!("moderator"), false),
        (json!("moderator"), true),
        (Value::Null, false),
    ] {
        let done = ask(server.addr, "PUT", path, &boss, json!({"role": role})).await;
        assert_eq!(
            (done.status, done.body["unchanged"] == true),
            (200, unchanged),
            "{role}"
        );
    }
    // A mute with an end begins anew, and so does one for another reason.
    for (number, fields) in (9..).zip([
        json!({"reason": "spam", "seconds": 60}),
        json!({"reason": "rude"}),
    ]) {
        let mut action = fields;
        action["action"] = json!("mute");
        action["name"] = json!("Kim");
        assert_eq!(
            moderate(server.addr, &boss, "yard", action).await.body["id"],
            number
        );
    }
    let log = ask(
        server.addr,
        "GET",
        "/api/rooms/yard/moderation",
        &boss,
        Value::Null,
    )
    .await;
    assert_eq!(log.body["log"].as_array().unwrap().len(), 10);
}

async fn message(client: &mut Client) -> Value {
    client
        .say(&json!({"type": "history", "around": 1, "limit": 1}))
        .await;
    client.until("history").await["messages"][0].clone()
}
