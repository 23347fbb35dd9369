//! What the back does on the side: messages from before there was an index of words come into it, and guests of long ago are forgotten.

use std::time::{Duration, Instant};

use madang_server::back::GUEST_MARKERS_TIME;
use madang_server::chat::{Question, Session, terms};
use madang_server::store::{Draft, INDEX_BATCH, Indexed, Kind, MARKERS_AT_ONCE, Store, StoredMarker};
use sea_orm::{ConnectionTrait, Database};
use serde_json::json;

use crate::database::TestDatabase;
use crate::http::read;
use crate::on_every_database;
use crate::running::{PATIENCE, Running};

on_every_database! {
    messages_from_before_the_index_are_found_after_a_few_steps
    a_server_goes_on_with_the_index_and_is_used_meanwhile
    guests_who_are_not_seen_for_long_are_forgotten_a_few_at_a_time
}

/// A time of which nobody reads that it isn't known.
const NOW: i64 = 1_795_000_000_000;

/// As a program without an index leaves a database: so many messages in the room, and one each in two others.
async fn before_the_index(database: &TestDatabase, messages: u64) {
    let url = database.url();
    let steps = Store::migrate_up(url, None).await.unwrap();
    let since = steps.iter().filter(|step| *step.name >= *"m0006").count();
    Store::migrate_down(url, u32::try_from(since).unwrap())
        .await
        .unwrap();
    let mut rows: Vec<_> = (1..=messages)
        .map(|n| format!("('yard', {n}, 'Kim', 'c{n}', '', 'old word{n}', {n})"))
        .collect();
    for room in ["lab-room", "other"] {
        rows.push(format!("('{room}', 1, 'Kim', 'c1', '', 'old there', 1)"));
    }
    let rooms = format!("('yard', {messages}, 7), ('lab-room', 1, 7), ('other', 1, 7)");
    let hand = Database::connect(url.as_str()).await.unwrap();
    for (into, rows) in [
        ("rooms (name, last_seq, epoch)", rooms),
        (
            "messages (room, seq, author, client_id, sender, text, at)",
            rows.join(", "),
        ),
    ] {
        hand.execute_unprepared(&format!("INSERT INTO {into} VALUES {rows}"))
            .await
            .unwrap();
    }
    hand.close().await.unwrap();
}

async fn messages_from_before_the_index_are_found_after_a_few_steps(database: TestDatabase) {
    let batch = i64::try_from(INDEX_BATCH).unwrap();
    before_the_index(&database, INDEX_BATCH + 5).await;
    let store = database.store().await;
    assert_eq!(found(&store, "yard", "old").await, [0_i64; 0]);
    // Changed before it is in the index.
    for (offset, draft) in [
        (batch + 6, change("e", Kind::Edit, 2, "new word2")),
        (batch + 7, change("d", Kind::Delete, 3, "")),
        (batch + 8, change("s", Kind::Message, 0, "old and new")),
    ] {
        assert_eq!(store.append(&draft).await.unwrap().offset, offset);
    }
    let step = |room: &str, offset, messages| {
        Some(Indexed {
            room: room.to_owned(),
            offset,
            messages,
        })
    };
    assert_eq!(
        store.index_older().await.unwrap(),
        step("lab-room", 1, 0),
        "the server's alone"
    );
    assert_eq!(store.index_older().await.unwrap(), step("other", 1, 1));
    assert_eq!(
        store.index_older().await.unwrap(),
        step("yard", batch, INDEX_BATCH - 1),
        "without the deleted one"
    );
    let oldest = Question::new("old").unwrap();
    let page = store
        .search("yard", &oldest, batch + 1, 1000)
        .await
        .unwrap()
        .messages;
    let offsets: Vec<_> = page.iter().rev().map(|row| row.offset).collect();
    let expected: Vec<_> = [1].into_iter().chain(4..=batch).collect();
    assert_eq!(offsets, expected);
    // Another process, or the same after a restart.
    let again = database.store().await;
    let (one, two) = tokio::join!(again.index_older(), store.index_older());
    let done: u64 = [one, two]
        .map(|step| step.unwrap().map_or(0, |step| step.messages))
        .iter()
        .sum();
    assert_eq!(done, 5);
    assert_eq!(store.index_older().await.unwrap(), None);
    assert_eq!(
        found(&store, "yard", &format!("word{}", batch + 5)).await,
        [batch + 5]
    );
    assert_eq!(found(&store, "yard", "new").await, [batch + 8, 2]);
    assert_eq!(
        found(&store, "yard", "word3 old").await,
        [0_i64; 0],
        "what was deleted is gone"
    );
    assert_eq!(found(&store, "other", "old").await, [1]);
    assert_eq!(found(&store, "lab-room", "old").await, [0_i64; 0]);
    // A room that is new by now has nothing to be looked at.
    store.close().await.unwrap();
    assert_eq!(database.store().await.index_older().await.unwrap(), None);
}

async fn a_server_goes_on_with_the_index_and_is_used_meanwhile(database: TestDatabase) {
    before_the_index(&database, INDEX_BATCH * 2 + 1).await;
    let server = Running::on(database).await;
    let mut kim = server.join("yard", "Kim").await;
    kim.send("n1", "something else").await;
    assert_eq!(kim.until("ack").await["offset"], INDEX_BATCH * 2 + 2);
    let begun = Instant::now();
    let last = INDEX_BATCH * 2 + 1;
    loop {
        let answer = server
            .get(&format!("/api/rooms/yard/search?q=word{last}"), "")
            .await;
        if answer.contains("old word") {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "{answer}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (_, page) = read(&server, "yard", "around=1&limit=1").await;
    assert_eq!(page["messages"][0]["text"], json!("old word1"), "{page}");
}

async fn guests_who_are_not_seen_for_long_are_forgotten_a_few_at_a_time(database: TestDatabase) {
    let store = database.store().await;
    let guest = |n: u64| Session::new(u128::from(n)).sender().to_string();
    let marker = |person: &str, seen_at| StoredMarker {
        room: "yard".to_owned(),
        person: person.to_owned(),
        offset: 3,
        name: "Kim".to_owned(),
        seen_at,
    };
    let time = i64::try_from(GUEST_MARKERS_TIME.as_millis()).unwrap();
    let old: Vec<_> = (0..=MARKERS_AT_ONCE)
        .map(|n| marker(&guest(n), Some(NOW - time - 1)))
        .collect();
    store.mark(&old).await.unwrap();
    let comes_back = guest(MARKERS_AT_ONCE);
    let (newer, unknown) = (guest(1000), guest(1001));
    store
        .mark(&[
            marker(&newer, Some(NOW - time)),
            marker(&unknown, Some(0)),
            marker("@1", None),
            marker("@2", Some(0)),
        ])
        .await
        .unwrap();
    store.see("yard", &comes_back, NOW - 1, NOW).await.unwrap();
    // Nobody becomes a guest by being seen.
    store.see("yard", "@1", NOW - 1, NOW).await.unwrap();
    store.see("yard", &guest(2000), NOW - 1, NOW).await.unwrap();
    let left = async |people: &[&str]| {
        let mut left = Vec::new();
        for person in people {
            left.push(store.marker("yard", person).await.unwrap().is_some());
        }
        left
    };
    let first = store.forget_guests(NOW - time, NOW).await.unwrap();
    assert_eq!(
        first,
        (MARKERS_AT_ONCE - 2, true),
        "with two whose time begins now"
    );
    assert_eq!(store.forget_guests(NOW - time, NOW).await.unwrap(), (2, false));
    assert_eq!(store.forget_guests(NOW - time, NOW).await.unwrap(), (0, false));
    assert_eq!(
        left(&[
            &guest(0),
            &guest(MARKERS_AT_ONCE - 1),
            &comes_back,
            &newer,
            &unknown,
            "@1",
            "@2"
        ])
        .await,
        [false, false, true, true, true, true, true]
    );
    // One moment later, and as long after it was first looked at.
    assert_eq!(
        store.forget_guests(NOW - time + 1, NOW + 1).await.unwrap(),
        (1, false)
    );
    assert_eq!(store.forget_guests(NOW, NOW + time).await.unwrap(), (0, false));
    assert_eq!(
        store.forget_guests(NOW + 1, NOW + time + 1).await.unwrap(),
        (2, false)
    );
    assert_eq!(
        left(&[&newer, &comes_back, &unknown, "@1", "@2"]).await,
        [false, false, false, true, true],
        "an account's marker has no age"
    );
}

async fn found(store: &Store, room: &str, question: &str) -> Vec<i64> {
    let question = Question::new(question).unwrap();
    let page = store.search(room, &question, i64::MAX, 10).await.unwrap();
    page.messages.iter().map(|row| row.offset).collect()
}

fn change(client_id: &str, kind: Kind, target: i64, text: &str) -> Draft {
    Draft {
        room: "yard".to_owned(),
        author: "Lee".to_owned(),
        client_id: client_id.to_owned(),
        target: (target > 0).then_some(target),
        kind,
        text: text.to_owned(),
        terms: terms(text),
        at: 1,
        ..Draft::default()
    }
}
