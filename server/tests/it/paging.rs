//! A room with a long past: pages at its beginning, in its middle and at its end cost the same, and little.

use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, Database};
use serde_json::Value;

use crate::database::TestDatabase;
use crate::on_every_database;
use crate::running::Running;
use crate::ways::request;

/// What a page may take.
const PAGE_TIME: Duration = Duration::from_millis(50);

/// What is looked for, and how many are found.
const SEARCHES: [(&str, &str, usize); 5] = [
    ("search: what 9 words begin with", "q=u77777&limit=50", 9),
    ("search: a word of every tenth", "q=tenth&limit=50", 50),
    ("search: two words", "q=tenth%20w77&limit=50", 50),
    ("search: what 89 words begin with", "q=u7777&limit=50", 50),
    ("search: what 88,889 words begin with", "q=u7&limit=50", 50),
];

on_every_database! {
    a_long_room_is_read_both_ways
}

/// In a room of 100,000 entries. `MADANG_TEST_ENTRIES` says another number, and has its figures printed and the words of the messages searched too: `benches/README.md` has those
/// of a million.
async fn a_long_room_is_read_both_ways(database: TestDatabase) {
    let asked = std::env::var("MADANG_TEST_ENTRIES").ok();
    let Some(entries) = asked.and_then(|entries| entries.parse().ok()) else {
        // Other work of the machine lengthens some pages, and hardly each of twenty.
        for (question, times) in measure(database, 100_000, 20, 1, &[]).await {
            let quickest = times.iter().min().unwrap();
            assert!(*quickest <= PAGE_TIME, "{question}: {quickest:?}");
        }
        return;
    };
    let address = database.url().as_str().to_owned();
    let name = address.split(':').next().unwrap_or_default();
    for (question, mut times) in measure(database, entries, 100, 5, &SEARCHES).await {
        times.sort_unstable();
        let at = |share: usize| times[(times.len() - 1) * share / 100].as_secs_f64() * 1000.0;
        println!(
            "| {name} | {question} | {:.1} ms | {:.1} ms | {:.1} ms |",
            at(50),
            at(90),
            at(100)
        );
        let is_page = !question.starts_with("search");
        assert!(
            !is_page || at(90) <= PAGE_TIME.as_secs_f64() * 1000.0,
            "{name}: {question}"
        );
    }
}

/// Asks for so many pages of each kind, all over a room of so many entries, and says how long each took: the quickest of so many tries, since what else the
/// machine does lengthens single ones.
async fn measure(
    database: TestDatabase,
    entries: u64,
    pages: u64,
    tries: u32,
    searches: &[(&'static str, &str, usize)],
) -> Vec<(&'static str, Vec<Duration>)> {
    drop(database.store().await);
    fill(&database, entries, !searches.is_empty()).await;
    let server = Running::on(database).await;
    let (_, newest) = request(server.addr, "GET", "/api/rooms/yard/messages?limit=1", None).await;
    assert_eq!(newest["offset"], entries);
    let epoch = newest["epoch"].as_str().unwrap().to_owned();
    let mut measured = Vec::new();
    for question in ["before", "after", "around"] {
        let mut times = Vec::new();
        for n in 0..pages {
            // From the beginning to the end, and no two neighbours.
            let at = 1 + (n * 7919 % pages) * (entries - 1) / pages;
            let path = format!("/api/rooms/yard/messages?{question}={at}&epoch={epoch}&limit=50");
            let (page, time) = timed(&server, &path, tries).await;
            times.push(time);
            let expected = match question {
                "before" => at.saturating_sub(50).max(1)..at,
                "after" => at + 1..(at + 51).min(entries + 1),
                _ => at.saturating_sub(25).max(1)..(at + 25).min(entries + 1),
            };
            assert_eq!(offsets(&page), expected.collect::<Vec<_>>(), "{question} {at}");
        }
        measured.push((question, times));
    }
    for &(question, query, found) in searches {
        let mut times = Vec::new();
        for _ in 0..10 {
            let (page, time) = timed(&server, &format!("/api/rooms/yard/search?{query}"), 1).await;
            assert_eq!(offsets(&page).len(), found, "{question}");
            times.push(time);
        }
        measured.push((question, times));
    }
    measured
}

async fn timed(server: &Running, path: &str, tries: u32) -> (Value, Duration) {
    let mut quickest = (Value::Null, Duration::MAX);
    for _ in 0..tries {
        let asked = Instant::now();
        let (status, page) = request(server.addr, "GET", path, None).await;
        let time = asked.elapsed();
        assert_eq!(status, 200, "{page}");
        if time < quickest.1 {
            quickest = (page, time);
        }
    }
    quickest
}

fn offsets(page: &Value) -> Vec<u64> {
    let messages = page["messages"].as_array().unwrap();
    messages
        .iter()
        .map(|message| message["offset"].as_u64().unwrap())
        .collect()
}

/// Writes a room's log as the store would have, but in few statements: of ten entries, eight are messages, one is an edit and one a reaction.
async fn fill(database: &TestDatabase, entries: u64, searchable: bool) {
    const ROWS: u64 = 1000;
    let hand = Database::connect(database.url().as_str()).await.unwrap();
    let room = format!("INSERT INTO rooms (name, last_seq, epoch) VALUES ('yard', {entries}, 7)");
    hand.execute_unprepared(&room).await.unwrap();
    for start in (1..=entries).step_by(usize::try_from(ROWS).unwrap()) {
        let (mut messages, mut terms) = (Vec::new(), Vec::new());
        for n in start..(start + ROWS).min(entries + 1) {
            let (kind, target, text) = match n % 10 {
                8 => (1, format!("{}", n - 3), String::new()),
                9 => (3, format!("{}", n - 3), "👍".to_owned()),
                _ => (
                    0,
                    "NULL".to_owned(),
                    format!("message u{n} of a room in which much has been said for long"),
                ),
            };
            messages.push(format!(
                "('yard', {n}, 'n{}', 'c{n}', 's{}', '{text}', {n}, {kind}, {target})",
                n % 100,
                n % 100
            ));
            if kind == 0 && searchable {
                terms.push(format!(
                    "('yard', 'u{n}', {n}), ('yard', 'w{}', {n})",
                    n % 1000 / 10
                ));
                if n % 10 == 7 {
                    terms.push(format!("('yard', 'tenth', {n})"));
                }
            }
        }
        let messages = messages.join(", ");
        let insert =
            "INSERT INTO messages (room, seq, author, client_id, sender, text, at, kind, target) VALUES";
        hand.execute_unprepared(&format!("{insert} {messages}"))
            .await
            .unwrap();
        if !searchable {
            continue;
        }
        let terms = terms.join(", ");
        hand.execute_unprepared(&format!(
            "INSERT INTO message_terms (room, term, seq) VALUES {terms}"
        ))
        .await
        .unwrap();
    }
    hand.close().await.unwrap();
}
