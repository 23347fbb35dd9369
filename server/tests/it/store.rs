//! The store keeps its promises on every database: numbers without gap or duplicate, once per author and client id,
//! pages in order, errors instead of hanging.

use std::collections::BTreeSet;

use crate::database::{TestDatabase, newest};
use crate::on_every_database;
use madang_server::config::DatabaseUrl;
use madang_server::store::{Appended, Draft, Store, StoreError};
use sea_orm::{ConnectionTrait, Database};

on_every_database! {
    numbers_a_room_from_one_without_a_gap
    stores_a_repeated_message_once
    concurrent_writers_leave_no_gap_and_no_duplicate
    tells_names_apart_that_differ_in_a_letter
    keeps_every_character
    pages_in_both_directions
    opens_again_with_what_it_had
    several_open_a_new_database_at_once
    takes_over_a_database_of_the_first_release
    goes_on_with_a_step_that_was_cut_off
    a_closed_database_is_an_error
}

async fn numbers_a_room_from_one_without_a_gap(database: TestDatabase) {
    let store = database.store().await;
    assert_eq!(newest(&store, "lobby").await, 0);
    for n in 1..=3 {
        let appended = store
            .append(&draft("lobby", "Kim", &format!("c{n}")))
            .await
            .unwrap();
        assert_eq!(
            appended,
            Appended {
                offset: n,
                at: 1_795_000_000_000,
                duplicate: false,
                differs: false,
                unchanged: false,
            }
        );
    }
    assert_eq!(
        store.append(&draft("다른-방", "Kim", "c1")).await.unwrap().offset,
        1
    );
    assert_eq!(newest(&store, "lobby").await, 3);
}

async fn stores_a_repeated_message_once(database: TestDatabase) {
    let store = database.store().await;
    store.append(&draft("lobby", "Kim", "a")).await.unwrap();
    let first = store.append(&draft("lobby", "Kim", "b")).await.unwrap();
    for _ in 0..3 {
        let again = Draft {
            text: "changed".to_owned(),
            at: first.at + 5,
            ..draft("lobby", "Kim", "b")
        };
        assert_eq!(
            store.append(&again).await.unwrap(),
            Appended {
                duplicate: true,
                differs: true,
                ..first
            }
        );
    }
    // The same client id is another message when it is somebody else's, or of another room.
    assert_eq!(store.append(&draft("lobby", "Lee", "b")).await.unwrap().offset, 3);
    assert_eq!(store.append(&draft("other", "Kim", "b")).await.unwrap().offset, 1);
    let page = store.newest("lobby", 10).await.unwrap();
    assert_eq!(
        page.messages.iter().map(|m| m.offset).collect::<Vec<_>>(),
        [1, 2, 3]
    );
    assert_eq!(page.messages[1].text, "b says Kim");
}

/// Two stores stand for two processes. Every message is sent through both, as after a lost answer.
async fn concurrent_writers_leave_no_gap_and_no_duplicate(database: TestDatabase) {
    const WRITERS: usize = 8;
    const EACH: usize = 12;
    let stores = [database.store().await, database.store().await];
    let mut tasks = Vec::new();
    for writer in 0..WRITERS {
        for store in stores.clone() {
            tasks.push(tokio::spawn(async move {
                let mut appended = Vec::new();
                for n in 0..EACH {
                    let draft = draft("busy", &format!("w{writer}"), &format!("c{n}"));
                    appended.push((writer, n, store.append(&draft).await.unwrap()));
                }
                appended
            }));
        }
    }
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.unwrap());
    }
    let offsets: BTreeSet<i64> = all.iter().map(|(.., appended)| appended.offset).collect();
    assert_eq!(offsets, (1..=(WRITERS * EACH) as i64).collect());
    assert_eq!(
        all.iter().filter(|(.., appended)| !appended.duplicate).count(),
        WRITERS * EACH
    );
    all.sort_unstable_by_key(|(writer, n, _)| (*writer, *n));
    for pair in all.chunks(2) {
        assert_eq!(
            pair[0].2.offset, pair[1].2.offset,
            "both answers name the same row"
        );
    }
    let page = stores[0].after("busy", 0, 1000).await.unwrap();
    assert_eq!(page.messages.len(), WRITERS * EACH);
}

async fn tells_names_apart_that_differ_in_a_letter(database: TestDatabase) {
    let store = database.store().await;
    for (n, author) in ["Kim", "kim", "Kím", "김", "\u{1100}\u{1175}\u{11b7}"]
        .into_iter()
        .enumerate()
    {
        let appended = store.append(&draft("room", author, "same")).await.unwrap();
        assert_eq!(
            (appended.offset, appended.duplicate),
            (n as i64 + 1, false),
            "{author}"
        );
    }
    assert_eq!(
        store.append(&draft("Room", "Kim", "same")).await.unwrap().offset,
        1
    );
    assert_eq!(
        store.append(&draft("room", "Kim", "Same")).await.unwrap().offset,
        6
    );
}

async fn keeps_every_character(database: TestDatabase) {
    let store = database.store().await;
    let text = format!("안녕\n\t\u{1}'\"\\%_😀\u{10ffff} {}", "\u{1f468}".repeat(3980));
    store
        .append(&Draft {
            text: text.clone(),
            ..draft(&"가".repeat(64), &"😀".repeat(40), "c")
        })
        .await
        .unwrap();
    assert_eq!(
        store.newest(&"가".repeat(64), 1).await.unwrap().messages[0].text,
        text
    );
}

async fn pages_in_both_directions(database: TestDatabase) {
    let store = database.store().await;
    for n in 1..=5 {
        store
            .append(&draft("lobby", "Kim", &format!("c{n}")))
            .await
            .unwrap();
    }
    let offsets = |page: madang_server::store::Page| {
        (
            page.messages.iter().map(|m| m.offset).collect::<Vec<_>>(),
            page.more,
        )
    };
    assert_eq!(
        offsets(store.newest("lobby", 2).await.unwrap()),
        (vec![4, 5], true)
    );
    assert_eq!(
        offsets(store.newest("lobby", 5).await.unwrap()),
        (vec![1, 2, 3, 4, 5], false)
    );
    assert_eq!(
        offsets(store.before("lobby", 4, 2).await.unwrap()),
        (vec![2, 3], true)
    );
    assert_eq!(
        offsets(store.before("lobby", 2, 2).await.unwrap()),
        (vec![1], false)
    );
    assert_eq!(
        offsets(store.after("lobby", 1, 2).await.unwrap()),
        (vec![2, 3], true)
    );
    assert_eq!(
        offsets(store.after("lobby", 3, 2).await.unwrap()),
        (vec![4, 5], false)
    );
    assert_eq!(
        offsets(store.after("lobby", 5, 2).await.unwrap()),
        (vec![], false)
    );
    assert_eq!(
        offsets(store.newest("nobody-wrote-here", 2).await.unwrap()),
        (vec![], false)
    );
}

async fn opens_again_with_what_it_had(database: TestDatabase) {
    let store = database.store().await;
    store.append(&draft("lobby", "Kim", "c1")).await.unwrap();
    store.close().await.unwrap();
    let again = database.store().await;
    assert_eq!(newest(&again, "lobby").await, 1);
    assert!(
        again
            .append(&draft("lobby", "Kim", "c1"))
            .await
            .unwrap()
            .duplicate
    );
}

async fn several_open_a_new_database_at_once(database: TestDatabase) {
    let mut opening = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let url = database.url().clone();
        opening.spawn(async move { Store::open(&url).await });
    }
    let mut stores = Vec::new();
    while let Some(opened) = opening.join_next().await {
        stores.push(opened.unwrap().unwrap());
    }
    for (n, store) in stores.iter().enumerate() {
        let appended = store
            .append(&draft("lobby", "Kim", &format!("c{n}")))
            .await
            .unwrap();
        assert_eq!(appended.offset, i64::try_from(n).unwrap() + 1);
    }
}

async fn takes_over_a_database_of_the_first_release(database: TestDatabase) {
    let store = database.store().await;
    store.append(&draft("lobby", "Kim", "c1")).await.unwrap();
    store.append(&draft("other", "Kim", "c1")).await.unwrap();
    store.close().await.unwrap();
    take_back(
        &database,
        &["messages DROP COLUMN sender", "rooms DROP COLUMN epoch"],
    )
    .await;

    let store = database.store().await;
    let [lobby, other] = [store.standing("lobby").await, store.standing("other").await];
    let lobby = lobby.unwrap().unwrap();
    assert_eq!(lobby.offset, 1);
    assert_ne!(lobby.epoch, 7, "another than that of any room before");
    assert_eq!(other.unwrap(), Some(lobby));
    let of_kim = store.newest("lobby", 9).await.unwrap().messages;
    assert_eq!(
        (of_kim.len(), &*of_kim[0].text, &*of_kim[0].sender),
        (1, "c1 says Kim", "")
    );
    assert!(
        store
            .append(&draft("lobby", "Kim", "c1"))
            .await
            .unwrap()
            .duplicate
    );
    assert_eq!(
        store.append(&draft("lobby", "Kim", "c2")).await.unwrap().offset,
        2
    );
    assert_eq!(store.append(&draft("new", "Kim", "c1")).await.unwrap().offset, 1);
    assert_eq!(store.standing("new").await.unwrap().unwrap().epoch, 7);
}

async fn goes_on_with_a_step_that_was_cut_off(database: TestDatabase) {
    let store = database.store().await;
    store.append(&draft("lobby", "Kim", "c1")).await.unwrap();
    store.close().await.unwrap();
    take_back(&database, &["messages DROP COLUMN sender"]).await;

    let store = database.store().await;
    assert_eq!(store.standing("lobby").await.unwrap().unwrap().epoch, 7);
    assert_eq!(store.newest("lobby", 9).await.unwrap().messages[0].sender, "");
}

/// Makes the tables what they were before the second step, or in the middle of it.
async fn take_back(database: &TestDatabase, changes: &[&str]) {
    let hand = Database::connect(database.url().as_str()).await.unwrap();
    for change in changes {
        hand.execute_unprepared(&format!("ALTER TABLE {change}"))
            .await
            .unwrap();
    }
    hand.execute_unprepared("DELETE FROM seaql_migrations WHERE version = 'm0002_positions'")
        .await
        .unwrap();
    hand.close().await.unwrap();
}

async fn a_closed_database_is_an_error(database: TestDatabase) {
    let store = database.store().await;
    store.ping().await.unwrap();
    store.close().await.unwrap();
    assert!(matches!(store.ping().await, Err(StoreError::Database(_))));
    assert!(store.append(&draft("lobby", "Kim", "c")).await.is_err());
    assert!(store.newest("lobby", 1).await.is_err());
}

/// SQLite's other writers, the `sqlite3` shell for instance, may hold the file for long: within the time limit that
/// is an error, and afterwards all is well again.
#[tokio::test(flavor = "multi_thread")]
async fn a_locked_file_is_an_error_in_time_and_no_lasting_harm() {
    let database = TestDatabase::sqlite();
    let store = database.store().await;
    store.append(&draft("lobby", "Kim", "c1")).await.unwrap();
    let other = Database::connect(database.url().as_str()).await.unwrap();
    other.execute_unprepared("BEGIN IMMEDIATE").await.unwrap();
    let refused = store.append(&draft("lobby", "Kim", "c2")).await;
    assert!(
        matches!(refused, Err(StoreError::Time | StoreError::Busy(_))),
        "{refused:?}"
    );
    assert_eq!(
        store.newest("lobby", 9).await.unwrap().messages.len(),
        1,
        "WAL lets readers go on"
    );
    other.execute_unprepared("ROLLBACK").await.unwrap();
    assert_eq!(
        store.append(&draft("lobby", "Kim", "c2")).await.unwrap().offset,
        2
    );
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notes.txt");
    std::fs::write(
        &path,
        "These are notes, and no database, but longer than a page header. ".repeat(40),
    )
    .unwrap();
    let url: DatabaseUrl = format!("sqlite://{}", path.display()).parse().unwrap();
    let error = Store::open(&url).await.unwrap_err();
    assert!(error.to_string().contains("not a database"), "{error}");
}

fn draft(room: &str, author: &str, client_id: &str) -> Draft {
    Draft {
        room: room.to_owned(),
        author: author.to_owned(),
        client_id: client_id.to_owned(),
        sender: String::new(),
        epoch: 7,
        text: format!("{client_id} says {author}"),
        at: 1_795_000_000_000,
        ..Draft::default()
    }
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_reads_a_new_database_file() {
    use std::os::unix::fs::PermissionsExt as _;

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("madang.db");
    let url: DatabaseUrl = format!("sqlite://{}", path.display()).parse().unwrap();
    let store = Store::open(&url).await.unwrap();
    store.append(&draft("lobby", "Kim", "a")).await.unwrap();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    let files: Vec<_> = std::fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(files.len(), 3, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    store.close().await.unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    Store::open(&url).await.unwrap();
    assert_eq!(mode(&path), 0o640, "who owns it may let others read it");
}
