//! The log keeps its promises on every database: concurrent changes converge, versions are the store's, a repetition changes nothing, and what was deleted is
//! gone.

use std::collections::{BTreeSet, HashMap};

use madang_server::chat::{Question, terms};
use madang_server::store::{
    Draft, Kind, ReaderOf, Store, StoreError, StoredMarker, StoredMessage, UNREAD_ENTRIES, UNREAD_LIMIT,
    Unfit, Unread,
};
use sea_orm::{ConnectionTrait, Database};

use crate::database::TestDatabase;
use crate::on_every_database;

on_every_database! {
    concurrent_changes_converge_to_what_the_log_says
    a_deleted_message_takes_no_change_and_leaves_no_text
    a_repetition_is_told_from_another_request
    words_follow_the_text
    markers_move_forward_whoever_moves_them
    only_others_messages_are_unread
    no_more_is_counted_as_unread_than_matters
    takes_over_a_log_of_messages_alone
}

/// Two stores stand for two processes that edit, react to and delete the same few messages.
async fn concurrent_changes_converge_to_what_the_log_says(database: TestDatabase) {
    const MESSAGES: i64 = 4;
    let stores = [database.store().await, database.store().await];
    for n in 1..=MESSAGES {
        stores[0]
            .append(&say("Kim", &format!("m{n}"), &format!("text {n}")))
            .await
            .unwrap();
    }
    let mut tasks = Vec::new();
    for writer in 0..8_i64 {
        let store = stores[usize::try_from(writer % 2).unwrap()].clone();
        tasks.push(tokio::spawn(async move {
            for n in 0..12 {
                let target = 1 + (writer + n) % MESSAGES;
                let who = format!("w{writer}");
                let id = format!("c{n}");
                let draft = match n % 4 {
                    0 | 2 => edit(&who, &id, target, &format!("{who} {id}")),
                    1 => react(&who, &id, target, "👍", true),
                    _ => react(&who, &id, target, "👍", n % 8 == 3),
                };
                // The last message is taken back in the midst of it.
                let draft = if (writer, n) == (3, 6) {
                    delete(&who, &id, MESSAGES)
                } else {
                    draft
                };
                match store.append(&draft).await {
                    Ok(appended) => assert!(!appended.duplicate),
                    Err(StoreError::Unfit(Unfit::Deleted)) => assert_eq!(draft.target, Some(MESSAGES)),
                    Err(error) => panic!("{error}"),
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let page = stores[1].after("lobby", 0, 1000).await.unwrap();
    let offsets: Vec<i64> = page.messages.iter().map(|entry| entry.offset).collect();
    assert_eq!(
        offsets,
        (1..=offsets.len() as i64).collect::<Vec<_>>(),
        "what was refused leaves no gap"
    );
    let mut now: HashMap<i64, (i64, BTreeSet<String>)> = HashMap::new();
    for entry in &page.messages {
        let Some(target) = entry.target else { continue };
        let (version, fans) = now.entry(target).or_default();
        *version = entry.offset;
        match entry.kind {
            Kind::React => drop(fans.insert(entry.author.clone())),
            Kind::Unreact => drop(fans.remove(&entry.author)),
            Kind::Delete => fans.clear(),
            Kind::Message | Kind::Edit => {}
        }
    }
    for message in page.messages.iter().take(MESSAGES as usize) {
        let (version, fans) = &now[&message.offset];
        assert_eq!(message.version, *version, "{message:?}");
        assert_eq!(names(message), *fans, "{message:?}");
        assert_eq!(message.deleted, message.offset == MESSAGES);
        let last = page
            .messages
            .iter()
            .rev()
            .find(|entry| entry.kind == Kind::Edit && entry.target == Some(message.offset));
        if let Some(edit) = last.filter(|_| !message.deleted) {
            assert_eq!(
                message.text,
                format!("{} {}", edit.author, edit.client_id),
                "the last edit is what is there"
            );
            assert_eq!(edit.text, message.text);
        }
    }
}

async fn a_deleted_message_takes_no_change_and_leaves_no_text(database: TestDatabase) {
    let store = database.store().await;
    store.append(&say("Kim", "a", "secret one")).await.unwrap();
    store.append(&edit("Kim", "b", 1, "secret two")).await.unwrap();
    store.append(&react("Lee", "c", 1, "👍", true)).await.unwrap();
    store.append(&delete("Kim", "d", 1)).await.unwrap();
    for draft in [
        edit("Kim", "e", 1, "three"),
        react("Lee", "e", 1, "👍", true),
        react("Lee", "e", 1, "👍", false),
    ] {
        assert!(matches!(
            store.append(&draft).await,
            Err(StoreError::Unfit(Unfit::Deleted))
        ));
    }
    assert_eq!(store.failures(), 0, "that is no failure of the database");
    let page = store.newest("lobby", 9).await.unwrap().messages;
    assert_eq!(page.len(), 4);
    assert!(
        page.iter().all(|entry| !entry.text.contains("secret")),
        "{page:?}"
    );
    assert_eq!(
        (&page[0].reactions, page[0].deleted, page[0].version),
        (&None, true, 4)
    );
    assert_eq!(found(&store, "secret").await, [0_i64; 0]);
    assert!(store.append(&delete("Kim", "d", 1)).await.unwrap().duplicate);
    // Nor does the file have it elsewhere.
    let hand = Database::connect(database.url().as_str()).await.unwrap();
    for table in ["reactions", "message_terms"] {
        let row = hand
            .query_one_raw(sea_orm::Statement::from_string(
                hand.get_database_backend(),
                format!("SELECT COUNT(*) FROM {table}"),
            ))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(row.try_get_by_index::<i64>(0).unwrap(), 0, "{table}");
    }
    hand.close().await.unwrap();
}

async fn a_repetition_is_told_from_another_request(database: TestDatabase) {
    let store = database.store().await;
    store.append(&say("Kim", "a", "one")).await.unwrap();
    let drafts = [
        edit("Kim", "b", 1, "two"),
        react("Kim", "c", 1, "👍", true),
        Draft {
            reply_to: Some(1),
            ..say("Kim", "d", "answer")
        },
    ];
    for draft in &drafts {
        let first = store.append(draft).await.unwrap();
        let again = store
            .append(&Draft {
                at: 99,
                ..draft.clone()
            })
            .await
            .unwrap();
        assert_eq!(
            (again.offset, again.at, again.duplicate, again.differs),
            (first.offset, first.at, true, false)
        );
    }
    let [of_edit, of_react, of_answer] = drafts;
    for other in [
        Draft {
            text: "three".to_owned(),
            ..of_edit.clone()
        },
        Draft {
            kind: Kind::Delete,
            text: String::new(),
            ..of_edit
        },
        Draft {
            kind: Kind::Unreact,
            ..of_react
        },
        Draft {
            reply_to: None,
            ..of_answer
        },
    ] {
        assert!(store.append(&other).await.unwrap().differs, "{other:?}");
    }
    // The message has another text since, and is the same request.
    let again = store.append(&say("Kim", "a", "one")).await.unwrap();
    assert_eq!((again.offset, again.differs), (1, false));
    assert_eq!(store.newest("lobby", 9).await.unwrap().messages[0].text, "two");
}

async fn words_follow_the_text(database: TestDatabase) {
    let store = database.store().await;
    for (id, text) in [
        ("a", "Big house"),
        ("b", "Little HOUSES, big garden"),
        ("c", "마당에서 만나요"),
        ("d", "éclair"),
    ] {
        store.append(&say("Kim", id, text)).await.unwrap();
    }
    store
        .append(&Draft {
            room: "other".to_owned(),
            ..say("Kim", "e", "house")
        })
        .await
        .unwrap();
    for (question, offsets) in [
        ("house", vec![2, 1]),
        ("hous", vec![2, 1]),
        ("house big", vec![1]),
        ("big h", vec![2, 1]),
        ("h", vec![2, 1]),
        ("houses", vec![2]),
        ("마당", vec![3]),
        ("Écl", vec![4]),
        ("eclair", vec![]),
        ("nowhere", vec![]),
        ("%", vec![]),
    ] {
        if let Ok(question) = Question::new(question) {
            let page = store.search("lobby", &question, i64::MAX, 10).await.unwrap();
            assert_eq!(
                page.messages.iter().map(|row| row.offset).collect::<Vec<_>>(),
                offsets,
                "{question:?}"
            );
        }
    }
    // More words than are looked for one by one, and one message with several of them.
    for n in 0..20 {
        let draft = say("Kim", &format!("n{n}"), &format!("number{n} number{}", n + 1));
        store
            .append(&Draft {
                room: "other".to_owned(),
                ..draft
            })
            .await
            .unwrap();
    }
    let number = Question::new("number").unwrap();
    let page = store.search("other", &number, 12, 5).await.unwrap();
    let offsets: Vec<_> = page.messages.iter().map(|row| row.offset).collect();
    assert_eq!((offsets, page.more), (vec![11, 10, 9, 8, 7], true));
    let big = Question::new("big").unwrap();
    let page = store.search("lobby", &big, i64::MAX, 1).await.unwrap();
    assert_eq!((page.messages[0].offset, page.more), (2, true));
    let page = store.search("lobby", &big, 2, 1).await.unwrap();
    assert_eq!((page.messages[0].offset, page.more), (1, false));
    store.append(&edit("Kim", "f", 1, "Big ship")).await.unwrap();
    assert_eq!(found(&store, "house").await, [2]);
    assert_eq!(found(&store, "ship").await, [1]);
    assert_eq!(found(&store, "big").await, [2, 1]);
    store.append(&delete("Kim", "g", 2)).await.unwrap();
    assert_eq!(found(&store, "house").await, [0_i64; 0]);
}

async fn markers_move_forward_whoever_moves_them(database: TestDatabase) {
    let stores = [database.store().await, database.store().await];
    let mut tasks = Vec::new();
    for n in 0..20_usize {
        let store = stores[n % 2].clone();
        let offset = ((n * 7) % 20) as i64 + 1;
        tasks.push(tokio::spawn(async move {
            store.mark(&[marker("@1", offset)]).await.unwrap();
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(
        stores[0].marker("lobby", "@1").await.unwrap(),
        Some(marker("@1", 20))
    );
    stores[0]
        .mark(&[marker("@2", 5), marker("@3", 30)])
        .await
        .unwrap();
    let all = stores[1].markers("lobby", 2).await.unwrap();
    assert_eq!(all, [marker("@3", 30), marker("@1", 20)]);
    assert_eq!(stores[0].marker("lobby", "@9").await.unwrap(), None);
    assert_eq!(stores[0].marker("other", "@1").await.unwrap(), None);
    assert_eq!(
        stores[0]
            .known("lobby", vec!["name of @2".to_owned(), "x".to_owned()])
            .await
            .unwrap(),
        ["name of @2"]
    );
}

async fn only_others_messages_are_unread(database: TestDatabase) {
    let store = database.store().await;
    let of = |person: &str, sender: &str, id: &str| Draft {
        person: person.to_owned(),
        sender: sender.to_owned(),
        mentions: vec!["Lee".to_owned()],
        ..say("Kim", id, id)
    };
    for draft in [
        of("@1", "s1", "a"),
        of("@2", "s2", "b"),
        of("s3", "s3", "c"),
        of("", "", "d"),
        of("@1", "s9", "e"),
    ] {
        store.append(&draft).await.unwrap();
    }
    store.append(&delete("Kim", "f", 4)).await.unwrap();
    store.append(&edit("Kim", "g", 3, "c2")).await.unwrap();
    let unread = async |person, sender, name, offset| {
        let reader = ReaderOf { person, sender, name };
        store.unread("lobby", (offset, 100), reader).await.unwrap()
    };
    let counts = |messages, mentions| Unread { messages, mentions };
    assert_eq!(
        unread("@1", "s1", Some("Lee"), 0).await,
        counts(2, 1),
        "an edit speaks to nobody here"
    );
    assert_eq!(unread("@1", "s1", None, 0).await, counts(2, 0));
    assert_eq!(unread("s3", "s3", Some("Lee"), 0).await, counts(3, 3));
    assert_eq!(unread("s3", "s3", Some("Lee"), 2).await, counts(1, 1));
    assert_eq!(unread("@9", "s2", Some("lee"), 0).await, counts(3, 0));
    assert_eq!(unread("@9", "s2", Some("Lee"), 7).await, counts(0, 0));
}

async fn no_more_is_counted_as_unread_than_matters(database: TestDatabase) {
    let store = database.store().await;
    store.append(&say("Kim", "first", "hello")).await.unwrap();
    let hand = Database::connect(database.url().as_str()).await.unwrap();
    let rows: Vec<String> = (2..=3 * UNREAD_LIMIT + 9)
        .map(|n| format!("('lobby', {n}, 'Kim', 'c{n}', '', 'hello', 1)"))
        .collect();
    let rows = rows.join(", ");
    let insert = "INSERT INTO messages (room, seq, author, client_id, sender, text, at) VALUES";
    hand.execute_unprepared(&format!("{insert} {rows}"))
        .await
        .unwrap();
    hand.close().await.unwrap();
    let reader = ReaderOf {
        person: "@1",
        sender: "s1",
        name: None,
    };
    let newest = i64::try_from(UNREAD_LIMIT).unwrap() + 9;
    let unread = async |read, newest| {
        let unread = store.unread("lobby", (read, newest), reader).await.unwrap();
        unread.messages
    };
    assert_eq!(unread(0, newest).await, UNREAD_LIMIT);
    assert_eq!(unread(9, newest).await, UNREAD_LIMIT);
    assert_eq!(unread(10, newest).await, UNREAD_LIMIT - 1);
    assert_eq!(unread(newest, newest).await, 0);
    // What lies further back isn't looked at, as if it had been said by the reader.
    let mark = "UPDATE messages SET person = '@1' WHERE seq > ";
    let hand = Database::connect(database.url().as_str()).await.unwrap();
    hand.execute_unprepared(&format!("{mark}5")).await.unwrap();
    hand.close().await.unwrap();
    assert_eq!(unread(0, UNREAD_ENTRIES + 4).await, 1);
    assert_eq!(unread(0, UNREAD_ENTRIES + 5).await, 0);
}

async fn takes_over_a_log_of_messages_alone(database: TestDatabase) {
    let store = database.store().await;
    store.append(&say("Kim", "a", "one")).await.unwrap();
    store.close().await.unwrap();
    let hand = Database::connect(database.url().as_str()).await.unwrap();
    for table in ["reactions", "read_markers", "message_terms"] {
        hand.execute_unprepared(&format!("DROP TABLE {table}"))
            .await
            .unwrap();
    }
    for column in [
        "kind",
        "person",
        "asked",
        "target",
        "reply_to",
        "mentions",
        "version",
        "edited_at",
        "reactions",
    ] {
        hand.execute_unprepared(&format!("ALTER TABLE messages DROP COLUMN {column}"))
            .await
            .unwrap();
    }
    hand.execute_unprepared(
        "DELETE FROM seaql_migrations WHERE version IN ('m0006_messages', 'm0009_index_and_markers')",
    )
    .await
    .unwrap();
    hand.close().await.unwrap();

    // One column was there already, as after a step that was cut off.
    let store = database.store().await;
    let again = store.append(&say("Kim", "a", "one")).await.unwrap();
    assert_eq!((again.offset, again.duplicate, again.differs), (1, true, false));
    assert!(store.append(&say("Kim", "a", "two")).await.unwrap().differs);
    store.append(&edit("Kim", "b", 1, "two")).await.unwrap();
    assert_eq!(store.newest("lobby", 9).await.unwrap().messages[0].text, "two");
    assert_eq!(found(&store, "two").await, [1]);
}

fn names(message: &StoredMessage) -> BTreeSet<String> {
    let reactions: serde_json::Value =
        serde_json::from_str(message.reactions.as_deref().unwrap_or("[]")).unwrap();
    let names = reactions[0]["names"].as_array();
    assert_eq!(
        names.map_or(0, Vec::len) as u64,
        reactions[0]["count"].as_u64().unwrap_or(0)
    );
    names
        .into_iter()
        .flatten()
        .map(|name| name.as_str().unwrap().to_owned())
        .collect()
}

async fn found(store: &Store, question: &str) -> Vec<i64> {
    let question = Question::new(question).unwrap();
    let page = store.search("lobby", &question, i64::MAX, 10).await.unwrap();
    page.messages.iter().map(|row| row.offset).collect()
}

fn marker(person: &str, offset: i64) -> StoredMarker {
    StoredMarker {
        room: "lobby".to_owned(),
        person: person.to_owned(),
        offset,
        name: format!("name of {person}"),
        seen_at: None,
    }
}

fn say(author: &str, client_id: &str, text: &str) -> Draft {
    Draft {
        room: "lobby".to_owned(),
        author: author.to_owned(),
        client_id: client_id.to_owned(),
        person: author.to_owned(),
        text: text.to_owned(),
        terms: terms(text),
        at: 1,
        epoch: 7,
        ..Draft::default()
    }
}

fn edit(author: &str, client_id: &str, target: i64, text: &str) -> Draft {
    Draft {
        kind: Kind::Edit,
        target: Some(target),
        ..say(author, client_id, text)
    }
}

fn delete(author: &str, client_id: &str, target: i64) -> Draft {
    Draft {
        kind: Kind::Delete,
        target: Some(target),
        ..say(author, client_id, "")
    }
}

fn react(author: &str, client_id: &str, target: i64, emoji: &str, on: bool) -> Draft {
    Draft {
        kind: if on { Kind::React } else { Kind::Unreact },
        target: Some(target),
        terms: BTreeSet::new(),
        ..say(author, client_id, emoji)
    }
}
