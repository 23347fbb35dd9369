//! `madang migrate` and `madang backup`: on every database, on one that is in use, and with what people get wrong.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use madang_server::store::{Draft, Progress, Store, StoreError};
use sea_orm::{ConnectionTrait, Database, Statement};

use crate::database::{TestDatabase, newest};
use crate::on_every_database;

on_every_database! {
    a_backup_is_a_database_with_everything_in_it
    a_backup_is_of_one_moment_though_others_write
    steps_are_taken_back_and_again
    steps_by_hand_are_taken_one_after_the_other
    a_database_of_a_newer_program_is_left_alone
}

async fn a_backup_is_a_database_with_everything_in_it(database: TestDatabase) {
    let store = database.store().await;
    for n in 1..=1200 {
        store.append(&draft(&format!("room-{}", n % 2), n)).await.unwrap();
    }
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("copy.db");
    let mut last = 0;
    let see = |progress: Progress<'_>| {
        assert!(
            progress.done > last && progress.done <= progress.total,
            "{progress:?}"
        );
        last = progress.done;
    };
    let tables = Store::backup(database.url(), &file, see).await.unwrap();
    assert_eq!(last, tables.iter().map(|(_, rows)| rows).sum::<u64>());
    assert!(tables.contains(&("messages".to_owned(), 1200)), "{tables:?}");
    assert_eq!(
        std::fs::read_dir(&directory).unwrap().count(),
        1,
        "nothing partial stays"
    );

    let mut copied: Vec<_> = tables.into_iter().map(|(name, _)| name).collect();
    copied.sort();
    let url = format!("sqlite://{}", file.display());
    assert_eq!(
        copied,
        tables_of(&url).await,
        "a table that is missing is missing in every backup"
    );

    let copy = Store::open(&url.parse().unwrap()).await.unwrap();
    for room in ["room-0", "room-1"] {
        assert_eq!(
            copy.standing(room).await.unwrap(),
            store.standing(room).await.unwrap()
        );
        assert_eq!(
            copy.after(room, 0, 1000).await.unwrap(),
            store.after(room, 0, 1000).await.unwrap()
        );
    }
    assert!(copy.append(&draft("room-1", 1)).await.unwrap().duplicate);
    assert_eq!(copy.append(&draft("room-1", 2001)).await.unwrap().offset, 601);

    let again = Store::backup(database.url(), &file, |_| ()).await;
    assert!(
        matches!(again, Err(StoreError::File(_))),
        "nothing is written over"
    );
}

async fn a_backup_is_of_one_moment_though_others_write(database: TestDatabase) {
    let store = database.store().await;
    for n in 1..=600 {
        store.append(&draft("lobby", n)).await.unwrap();
    }
    let done = Arc::new(AtomicBool::new(false));
    let writer = tokio::spawn({
        let (store, done) = (store.clone(), done.clone());
        async move {
            let mut n = 600;
            while !done.load(Ordering::Relaxed) {
                n += 1;
                store.append(&draft("lobby", n)).await.unwrap();
            }
            n
        }
    });
    let directory = tempfile::tempdir().unwrap();
    let mut copies = Vec::new();
    for n in 0..3 {
        let file = directory.path().join(format!("{n}.db"));
        Store::backup(database.url(), &file, |_| ()).await.unwrap();
        copies.push(format!("sqlite://{}", file.display()));
    }
    done.store(true, Ordering::Relaxed);
    let written = i64::from(writer.await.unwrap());
    assert_eq!(newest(&store, "lobby").await, written);
    for url in copies {
        let copy = Store::open(&url.parse().unwrap()).await.unwrap();
        let last = newest(&copy, "lobby").await;
        assert!((600..=written).contains(&last), "{last}");
        let page = copy.newest("lobby", 1).await.unwrap();
        assert_eq!(
            page.messages[0].offset, last,
            "the room says what its messages say"
        );
        assert_eq!(copy.after("lobby", last, 1).await.unwrap().messages, []);
    }
}

async fn steps_are_taken_back_and_again(database: TestDatabase) {
    let url = database.url();
    assert!(Store::steps(url).await.unwrap().iter().all(|step| !step.taken));
    let some = Store::migrate_up(url, Some(1)).await.unwrap();
    assert_eq!(some.iter().filter(|step| step.taken).count(), 1, "{some:?}");
    let directory = tempfile::tempdir().unwrap();
    let refused = Store::backup(url, &directory.path().join("copy.db"), |_| ()).await;
    assert!(matches!(refused, Err(StoreError::Outdated(step)) if step == some[1].name));

    let all = Store::migrate_up(url, None).await.unwrap();
    assert!(all.iter().all(|step| step.taken), "{all:?}");
    let store = database.store().await;
    store.append(&draft("lobby", 1)).await.unwrap();
    store.close().await.unwrap();

    // Every step but the first can be taken back without losing a message, and be taken again.
    let steps = u32::try_from(all.len()).unwrap();
    let fewer = Store::migrate_down(url, steps - 1).await.unwrap();
    assert_eq!(fewer.iter().filter(|step| step.taken).count(), 1, "{fewer:?}");
    let store = database.store().await;
    assert_eq!(
        store.newest("lobby", 9).await.unwrap().messages[0].text,
        "number 1"
    );
    store.close().await.unwrap();
    let none = Store::migrate_down(url, steps).await.unwrap();
    assert!(none.iter().all(|step| !step.taken), "{none:?}");
    assert_eq!(newest(&database.store().await, "lobby").await, 0);
}

/// By hand, as servers do when they start.
async fn steps_by_hand_are_taken_one_after_the_other(database: TestDatabase) {
    let url = database.url();
    let ups = [(); 4].map(|()| Store::migrate_up(url, None));
    for steps in futures_util::future::join_all(ups).await {
        let steps = steps.unwrap();
        assert!(steps.iter().all(|step| step.taken), "{steps:?}");
    }
    let all = Store::steps(url).await.unwrap().len();
    let downs = [(); 3].map(|()| Store::migrate_down(url, 1));
    let mut taken: Vec<_> = futures_util::future::join_all(downs)
        .await
        .into_iter()
        .map(|steps| steps.unwrap().iter().filter(|step| step.taken).count())
        .collect();
    taken.sort_unstable();
    // Each sees its own taken back; what it is told of may be later.
    assert_eq!(taken[0], all - 3, "{taken:?}");
    let (server, by_hand) = tokio::join!(Store::open(url), Store::migrate_up(url, Some(1)));
    server.unwrap().close().await.unwrap();
    by_hand.unwrap();
    assert!(Store::steps(url).await.unwrap().iter().all(|step| step.taken));
}

async fn a_database_of_a_newer_program_is_left_alone(database: TestDatabase) {
    let store = database.store().await;
    let hand = Database::connect(database.url().as_str()).await.unwrap();
    hand.execute_unprepared("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_later', 1)")
        .await
        .unwrap();
    store.close().await.unwrap();
    let newer = |error: StoreError| matches!(error, StoreError::Newer(step) if step == "m9999_later");
    let url = database.url();
    assert!(newer(Store::open(url).await.unwrap_err()));
    assert!(newer(Store::migrate_down(url, 1).await.unwrap_err()));
    assert!(newer(Store::migrate_up(url, None).await.unwrap_err()));
}

#[test]
fn the_command_line_says_what_would_be_lost_and_what_was_copied() {
    let directory = tempfile::tempdir().unwrap();
    let madang = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_madang"))
            .current_dir(&directory)
            .args(arguments)
            .output()
            .unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.success(), text)
    };
    let (right, text) = madang(&["migrate", "status"]);
    assert!(
        right && text.contains("m0001_messages") && text.contains("to come"),
        "{text}"
    );
    let (right, text) = madang(&["backup", "copy.db"]);
    assert!(!right && text.contains("madang migrate up"), "{text}");
    let (right, text) = madang(&["migrate", "up"]);
    assert!(right && !text.contains("to come"), "{text}");
    let (right, text) = madang(&["migrate", "down", "--steps", "999"]);
    assert!(
        !right && text.contains("m0001_messages") && text.contains("--yes"),
        "{text}"
    );
    let (right, text) = madang(&["backup", "copy.db"]);
    assert!(right && text.contains("copy.db is complete"), "{text}");
    let (right, text) = madang(&["backup", "copy.db"]);
    assert!(!right && text.contains("can't be written"), "{text}");
    let (right, text) = madang(&["migrate", "status", "--database-url", "sqlite://copy.db"]);
    assert!(right && !text.contains("to come"), "{text}");
    let (right, text) = madang(&["migrate", "down", "--yes", "--steps", "999"]);
    assert!(right && !text.contains(" taken"), "{text}");
}

async fn tables_of(url: &str) -> Vec<String> {
    let hand = Database::connect(url).await.unwrap();
    let names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' \
                 AND name <> 'seaql_migrations' ORDER BY name";
    let rows = hand
        .query_all_raw(Statement::from_string(hand.get_database_backend(), names))
        .await
        .unwrap();
    rows.iter().map(|row| row.try_get("", "name").unwrap()).collect()
}

fn draft(room: &str, n: u32) -> Draft {
    Draft {
        room: room.to_owned(),
        author: "Kim".to_owned(),
        client_id: format!("c{n}"),
        sender: String::new(),
        text: format!("number {n}"),
        at: 1_795_000_000_000 + i64::from(n),
        epoch: 7,
        ..Draft::default()
    }
}
