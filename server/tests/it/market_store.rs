//! Bars in the database: kept as they are now, read in pages, forgotten when they are old; and a market that goes on with them after a restart.

use std::time::Duration;

use madang_server::store::{Store, StoredBar};
use sea_orm::{ConnectionTrait as _, Database};
use serde_json::json;

use crate::database::TestDatabase;
use crate::market_viewer::START;
use crate::on_every_database;
use crate::running::{PATIENCE, Running};
use crate::told_feed::ToldFeed;

on_every_database! {
    bars_are_kept_as_they_are_now
    bars_are_read_in_pages
    old_bars_are_forgotten_a_few_at_a_time
    a_step_of_the_market_that_was_cut_off_is_gone_on_with
    a_restart_goes_on_in_the_same_bars
    what_a_feed_says_again_after_a_restart_is_too_late
    old_bars_of_symbols_that_have_gone_are_forgotten_too
}

fn bar(symbol: &str, interval: &str, open_at: i64, revision: i64) -> StoredBar {
    StoredBar {
        symbol: symbol.to_owned(),
        interval: interval.to_owned(),
        open_at,
        open: 10,
        high: 12,
        low: 9,
        close: 11,
        volume: 100 + revision,
        revision,
    }
}

fn times(bars: &[StoredBar]) -> Vec<i64> {
    bars.iter().map(|bar| bar.open_at).collect()
}

async fn bars_are_kept_as_they_are_now(database: TestDatabase) {
    let store = database.store().await;
    let count = i64::try_from(Store::BARS_AT_ONCE).unwrap() + 1;
    let first: Vec<_> = (0..count).map(|n| bar("A", "1s", n * 1000, 0)).collect();
    store.put_bars(&first).await.unwrap();
    let again = [
        bar("A", "1s", 1000, 5),
        bar("A", "1m", 0, 1),
        bar("B", "1s", 0, 1),
        bar("A", "1s", count * 1000, 0),
    ];
    store.put_bars(&again).await.unwrap();
    store.put_bars(&[]).await.unwrap();
    let page = store.bars("A", "1s", Some(3000), 9).await.unwrap();
    assert_eq!(
        page.bars,
        [
            bar("A", "1s", 0, 0),
            bar("A", "1s", 1000, 5),
            bar("A", "1s", 2000, 0)
        ]
    );
    let all = store.bars("A", "1s", None, 1 << 40).await.unwrap();
    assert_eq!(all.bars.len() as i64, count + 1);
    assert_eq!(
        store.bars("A", "1m", None, 9).await.unwrap().bars,
        [bar("A", "1m", 0, 1)]
    );
    // Texts are compared as they are.
    for (symbol, interval) in [("a", "1s"), ("A", "1S"), ("C", "1s")] {
        assert_eq!(store.bars(symbol, interval, None, 9).await.unwrap().bars, []);
    }
}

async fn bars_are_read_in_pages(database: TestDatabase) {
    let store = database.store().await;
    let bars: Vec<_> = (1..=5).rev().map(|n| bar("A", "1D", n, 0)).collect();
    store.put_bars(&bars).await.unwrap();
    for (before, limit, expected, more) in [
        (None, 2, vec![4, 5], true),
        (None, 5, vec![1, 2, 3, 4, 5], false),
        (Some(4), 2, vec![2, 3], true),
        (Some(2), 2, vec![1], false),
        (Some(1), 2, vec![], false),
        (Some(99), 1, vec![5], true),
    ] {
        let page = store.bars("A", "1D", before, limit).await.unwrap();
        assert_eq!(
            (times(&page.bars), page.more),
            (expected, more),
            "{before:?} {limit}"
        );
    }
}

async fn old_bars_are_forgotten_a_few_at_a_time(database: TestDatabase) {
    let store = database.store().await;
    let bars: Vec<_> = (0..10).map(|n| bar("A", "1s", n, 0)).collect();
    store.put_bars(&bars).await.unwrap();
    store
        .put_bars(&[bar("A", "5s", 0, 0), bar("B", "1s", 0, 0)])
        .await
        .unwrap();
    for (forgotten, rest) in [(3, 3..10), (3, 6..10), (1, 7..10), (0, 7..10)] {
        assert_eq!(store.forget_bars("A", "1s", 7, 3).await.unwrap(), forgotten);
        let page = store.bars("A", "1s", None, 99).await.unwrap();
        assert_eq!(times(&page.bars), rest.collect::<Vec<_>>());
    }
    assert_eq!(store.bars("A", "5s", None, 9).await.unwrap().bars.len(), 1);
    assert_eq!(store.bars("B", "1s", None, 9).await.unwrap().bars.len(), 1);
}

async fn a_step_of_the_market_that_was_cut_off_is_gone_on_with(database: TestDatabase) {
    database
        .store()
        .await
        .put_bars(&[bar("A", "1s", 0, 0)])
        .await
        .unwrap();
    // The table was made, and that it was wasn't written down.
    let connection = Database::connect(database.url().as_str()).await.unwrap();
    let forget = "DELETE FROM seaql_migrations WHERE version = 'm0003_market'";
    connection.execute_unprepared(forget).await.unwrap();
    connection.close().await.unwrap();
    let store = database.store().await;
    assert_eq!(store.bars("A", "1s", None, 9).await.unwrap().bars.len(), 1);
}

async fn a_restart_goes_on_in_the_same_bars(database: TestDatabase) {
    let server = Running::simulating(database, 1, 20).await;
    let listed = server.fetch("/api/market/symbols", 200).await;
    let symbol = listed["symbols"][0]["symbol"].as_str().unwrap().to_owned();
    // The made-up past ends where what is told begins.
    server.counted("ticks", 20).await;
    let before = server.bars(&symbol, "interval=1D&limit=1").await["bars"][0].clone();
    let hour = server.bars(&symbol, "interval=1h").await;
    let Running { back, database, .. } = server;
    assert!(back.close().await);

    let server = Running::simulating(database, 1, 20).await;
    server.counted("ticks", 1).await;
    let after = server.bars(&symbol, "interval=1D").await;
    let after = after["bars"].as_array().unwrap();
    let same = after
        .iter()
        .find(|bar| bar[0] == before[0])
        .expect("the same day");
    assert_eq!(same[1], before[1], "the first price of the day");
    for grows in [2, 5, 6] {
        assert!(
            same[grows].as_i64() >= before[grows].as_i64(),
            "{same} after {before}"
        );
    }
    assert!(same[6].as_i64() > before[6].as_i64(), "{same} after {before}");
    let again = server.bars(&symbol, "interval=1h").await;
    let closed = |page: &serde_json::Value| page["bars"].as_array().unwrap()[1..299].to_vec();
    if again["bars"][0] == hour["bars"][0] {
        assert_eq!(closed(&again), closed(&hour), "the past is made up once");
    }
    // The price goes on from where it was.
    let quote = server
        .fetch(&format!("/api/market/quotes?symbols={symbol}"), 200)
        .await;
    let (price, last) = (
        quote["quotes"][0]["price"].as_f64().unwrap(),
        before[4].as_f64().unwrap(),
    );
    assert!((price / last - 1.0).abs() < 0.2, "{price} after {last}");
}

async fn what_a_feed_says_again_after_a_restart_is_too_late(database: TestDatabase) {
    let feed = ToldFeed::start(&json!([{"symbol": "A"}])).await;
    let server = Running::with(database, |settings| settings.market = feed.market()).await;
    let day = [(1, 0, "A", 100), (2, 3600, "A", 110), (3, 7200, "A", 120)];
    feed.ticks(&day);
    server.counted("ticks", 3).await;
    let before = server.bars("A", "interval=1h").await["bars"].clone();
    let Running { back, database, .. } = server;
    assert!(back.close().await);

    let feed = ToldFeed::start(&json!([{"symbol": "A"}])).await;
    let server = Running::with(database, |settings| settings.market = feed.market()).await;
    feed.ticks(&day[..2]);
    server.counted("late_ticks", 2).await;
    let quotes = server.fetch("/api/market/quotes?symbols=A", 200).await;
    assert_eq!(
        quotes["quotes"][0]["at"],
        START + 7_200_000,
        "when it was last traded"
    );
    assert_eq!(server.bars("A", "interval=1h").await["bars"], before);
    feed.ticks(&[(4, 7260, "A", 130)]);
    server.counted("ticks", 1).await;
    let after = server.bars("A", "interval=1h").await["bars"].clone();
    assert_eq!(after[2], json!([START + 7_200_000, 120, 130, 120, 130, 2, 1]));
}

async fn old_bars_of_symbols_that_have_gone_are_forgotten_too(database: TestDatabase) {
    let store = database.store().await;
    let hour = 3_600_000;
    // Before and behind the one that is traded.
    let gone = ["0", "B", "Z"];
    let bars = gone.iter().flat_map(|symbol| {
        let times = [START - 7 * hour, START - hour];
        times.map(|at| [bar(symbol, "1s", at, 0), bar(symbol, "1D", at, 0)])
    });
    store.put_bars(&bars.flatten().collect::<Vec<_>>()).await.unwrap();
    let feed = ToldFeed::start(&json!([{"symbol": "A"}])).await;
    let server = Running::with(database, |settings| settings.market = feed.market()).await;
    feed.ticks(&[(1, 0, "A", 100)]);
    let kept = async |symbol, interval| times(&store.bars(symbol, interval, None, 9).await.unwrap().bars);
    let forgotten = async {
        for symbol in gone {
            while kept(symbol, "1s").await.len() > 1 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    };
    tokio::time::timeout(PATIENCE, forgotten)
        .await
        .expect("forgotten in time");
    for symbol in gone {
        assert_eq!(kept(symbol, "1s").await, [START - hour], "{symbol}");
        assert_eq!(kept(symbol, "1D").await.len(), 2, "for ever");
    }
    assert_eq!(server.bars("A", "interval=1s").await["bars"][0][0], START);
}
