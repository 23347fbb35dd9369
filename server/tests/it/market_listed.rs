//! A feed lists its symbols anew: on other terms, which their bars are told on or don't outlive; or not any more.

use std::time::Duration;

use madang_server::market::{Interval, Price, Scale, Symbol, Terms};
use madang_server::store::{Kept, Store, StoredBar};
use sea_orm::{ConnectOptions, ConnectionTrait as _, Database};
use serde_json::{Value, json};

use crate::database::TestDatabase;
use crate::market_viewer::{START, Viewer, WAYS, Way, body, header};
use crate::on_every_database;
use crate::running::Running;
use crate::told_feed::ToldFeed;

on_every_database! {
    stored_bars_are_told_on_other_terms_once
    bars_that_cannot_be_told_on_other_terms_begin_anew
    terms_that_cannot_be_read_are_written_anew
    days_and_hours_begin_by_the_new_clock
    prices_go_on_when_a_symbol_has_more_decimals
    nothing_of_other_money_is_left
}

const DAY: i64 = 86_400_000;

fn symbol() -> Symbol {
    "A".parse().unwrap()
}

fn terms(decimals: u8, utc_offset_minutes: i16, currency: &str) -> Terms {
    Terms {
        scale: Scale::new(decimals).unwrap(),
        utc_offset_minutes,
        currency: currency.to_owned(),
    }
}

fn bar(symbol: &str, interval: &str, open_at: i64, price: i64) -> StoredBar {
    StoredBar {
        symbol: symbol.to_owned(),
        interval: interval.to_owned(),
        open_at,
        open: price + 1,
        high: price + 3,
        low: price,
        close: price + 2,
        volume: 5,
        revision: 1,
    }
}

async fn all(store: &Store, symbol: &str, interval: Interval) -> Vec<[i64; 7]> {
    let page = store.bars(symbol, interval.name(), None, 99).await.unwrap();
    page.bars.iter().map(|row| row.bar().unwrap().row()).collect()
}

async fn stored_bars_are_told_on_other_terms_once(database: TestDatabase) {
    let store = database.store().await;
    let stored = [
        bar("A", "1s", 0, 10),
        bar("A", "1D", 0, 10),
        bar("B", "1s", 0, 10),
    ];
    store.put_bars(&stored).await.unwrap();
    // They are of a database that knew no terms yet.
    let won = terms(0, 540, "KRW");
    let kept = store.trade_on(symbol(), &won, None).await.unwrap();
    assert_eq!(kept, Kept::AsTheyWere);

    let unstored = [bar("A", "1s", 0, 20), bar("A", "1s", 1000, 30)];
    let finer = terms(2, 540, "");
    for (kept, why) in [
        (Kept::Brought, "once"),
        (Kept::AsTheyWere, "nobody heard that it was done"),
    ] {
        let done = store.trade_on(symbol(), &finer, Some((&won, &unstored))).await;
        assert_eq!(done.unwrap(), kept, "{why}");
        let bars = all(&store, "A", Interval::S1).await;
        let expected = [
            [0, 2100, 2300, 2000, 2200, 5, 1],
            [1000, 3100, 3300, 3000, 3200, 5, 1],
        ];
        assert_eq!(bars, expected, "{why}");
        assert_eq!(
            all(&store, "A", Interval::D1).await,
            [[0, 1100, 1300, 1000, 1200, 5, 1]],
            "{why}"
        );
        assert_eq!(
            all(&store, "B", Interval::S1).await,
            [[0, 11, 13, 10, 12, 5, 1]],
            "another symbol"
        );
    }
    // What isn't stored counts where nothing else changes, too.
    let more = [bar("A", "1s", 2000, 4000)];
    store
        .trade_on(symbol(), &finer, Some((&finer, &more)))
        .await
        .unwrap();
    assert_eq!(all(&store, "A", Interval::S1).await.len(), 3);
}

async fn bars_that_cannot_be_told_on_other_terms_begin_anew(database: TestDatabase) {
    let store = database.store().await;
    let won = terms(2, 540, "KRW");
    let most = Price::MOST.units() / 100;
    for (price, other, kept) in [
        (10, terms(1, 540, "KRW"), Kept::Nothing),
        (10, terms(2, 540, "USD"), Kept::Nothing),
        (most - 2, terms(4, 540, "KRW"), Kept::Nothing),
        (most - 3, terms(4, 540, "KRW"), Kept::Brought),
    ] {
        store.trade_on(symbol(), &won, None).await.unwrap();
        store
            .put_bars(&[
                bar("A", "1s", 0, price),
                bar("A", "1D", 0, price),
                bar("B", "1D", 0, price),
            ])
            .await
            .unwrap();
        assert_eq!(
            store.trade_on(symbol(), &other, None).await.unwrap(),
            kept,
            "{other:?}"
        );
        let left = usize::from(kept == Kept::Brought);
        for interval in [Interval::S1, Interval::D1] {
            assert_eq!(all(&store, "A", interval).await.len(), left, "{other:?}");
        }
        assert_eq!(all(&store, "B", Interval::D1).await.len(), 1, "another symbol");
    }
}

/// Whoever's hand wrote them; what comes after is compared with what can be read again.
async fn terms_that_cannot_be_read_are_written_anew(database: TestDatabase) {
    let store = database.store().await;
    let won = terms(2, 540, "KRW");
    store.trade_on(symbol(), &won, None).await.unwrap();
    store.put_bars(&[bar("A", "1s", 0, 10)]).await.unwrap();
    let hand = Database::connect(database.url().as_str()).await.unwrap();
    hand.execute_unprepared("UPDATE market_listings SET scale = 99")
        .await
        .unwrap();
    hand.close().await.unwrap();
    let kept = store.trade_on(symbol(), &won, None).await.unwrap();
    assert_eq!(
        (kept, all(&store, "A", Interval::S1).await.len()),
        (Kept::AsTheyWere, 1)
    );
    let kept = store
        .trade_on(symbol(), &terms(2, 540, "USD"), None)
        .await
        .unwrap();
    assert_eq!(kept, Kept::Nothing, "it isn't won any more");
}

async fn days_and_hours_begin_by_the_new_clock(database: TestDatabase) {
    let store = database.store().await;
    store.trade_on(symbol(), &terms(0, 0, ""), None).await.unwrap();
    let quarter = 900_000;
    let quarters = [(-2, 50), (-1, 20), (0, 30), (95, 40)];
    let mut bars: Vec<_> = quarters
        .iter()
        .map(|(n, price)| bar("A", "15m", DAY + n * quarter, *price))
        .collect();
    bars.push(bar("A", "1h", DAY, 30));
    bars.push(bar("A", "1D", 0, 20));
    bars.push(bar("A", "1D", DAY, 30));
    store.put_bars(&bars).await.unwrap();
    // Its day begins a quarter of an hour earlier, and a decimal is new.
    let kept = store.trade_on(symbol(), &terms(1, 15, ""), None).await.unwrap();
    assert_eq!(kept, Kept::Brought);
    assert_eq!(all(&store, "A", Interval::M15).await.len(), 4);
    assert_eq!(
        all(&store, "A", Interval::H1).await,
        [
            [DAY - 5 * quarter, 510, 530, 500, 520, 5, 1],
            [DAY - quarter, 210, 330, 200, 320, 10, 3],
            [2 * DAY - quarter, 410, 430, 400, 420, 5, 1],
        ]
    );
    assert_eq!(
        all(&store, "A", Interval::D1).await,
        [
            [-quarter, 510, 530, 500, 520, 5, 1],
            [DAY - quarter, 210, 330, 200, 320, 10, 3],
            [2 * DAY - quarter, 410, 430, 400, 420, 5, 1],
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_symbol_with_many_bars_has_more_time_to_be_listed_anew() {
    let database = TestDatabase::sqlite();
    let store = database.store().await;
    store.trade_on(symbol(), &terms(0, 0, ""), None).await.unwrap();
    let mut options = ConnectOptions::new(database.url().as_str());
    options.max_connections(1).sqlx_logging(false);
    let hand = Database::connect(options).await.unwrap();
    let count = Store::BARS_A_SECOND * 20;
    let many = format!(
        "INSERT INTO market_bars (symbol, interval, open_at, open, high, low, close, volume, revision)
        WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count})
        SELECT 'A', '5m', n * 300000, 1, 1, 1, 1, 1, 0 FROM numbers"
    );
    hand.execute_unprepared(&many).await.unwrap();
    // It takes longer than an operation may, here since somebody else writes.
    hand.execute_unprepared("BEGIN IMMEDIATE").await.unwrap();
    let writing = async {
        tokio::time::sleep(Store::OPERATION_TIME + Duration::from_secs(1)).await;
        hand.execute_unprepared("ROLLBACK").await.unwrap();
    };
    let finer = terms(2, 0, "");
    let (kept, ()) = tokio::join!(store.trade_on(symbol(), &finer, None), writing);
    assert_eq!(kept.unwrap(), Kept::Brought);
    assert_eq!(all(&store, "A", Interval::M5).await[0][1], 100);
}

/// A market that this feed tells.
async fn told(feed: &ToldFeed, database: TestDatabase) -> Running {
    Running::with(database, |settings| settings.market = feed.market()).await
}

async fn prices_go_on_when_a_symbol_has_more_decimals(database: TestDatabase) {
    let feed = ToldFeed::start(&json!([{"symbol": "A"}, {"symbol": "B", "scale": 1}])).await;
    let server = told(&feed, database).await;
    feed.ticks(&[(1, 0, "A", 100), (2, 1, "A", 102), (3, 1, "B", 7)]);
    server.counted("ticks", 3).await;
    let page = server.bars("A", "interval=1s").await;
    assert_eq!(
        (&page["scale"], page["bars"].as_array().unwrap().len()),
        (&json!(0), 2)
    );
    let mut viewers = Vec::new();
    for way in WAYS {
        let mut viewer = Viewer::new(&server, way).await;
        let quotes = viewer.watch(&["A"]).await["quotes"].clone();
        assert_eq!(
            (&quotes[0]["price"], &quotes[0]["scale"]),
            (&json!(102), &json!(0))
        );
        assert_eq!(viewer.follow(&page).await["recovered"], true);
        viewers.push(viewer);
    }

    let older = format!("/api/market/bars/A?interval=1s&before={}", START + 1000);
    let older_page = server.get(&older, "").await;
    let known = format!("If-None-Match: {}\r\n", header(&older_page, "etag").unwrap());

    feed.list(&json!({"symbol": "A", "scale": 2}));
    // It happens before its bars have been read.
    feed.ticks(&[(4, 1, "A", 10_150), (5, 2, "A", 10_050)]);
    let second = |n: i64| START + n * 1000;
    let expected = json!([
        [second(0), 10_000, 10_000, 10_000, 10_000, 1, 0],
        [second(1), 10_200, 10_200, 10_150, 10_150, 2, 1],
        [second(2), 10_050, 10_050, 10_050, 10_050, 1, 0],
    ]);
    for (way, viewer) in WAYS.into_iter().zip(&mut viewers) {
        assert_eq!(viewer.until("skipped", |_| true).await.len(), 1, "{way:?}");
        let quote = viewer
            .until("quote", |quote| quote["price"] == 10_050)
            .await
            .remove(0);
        assert_eq!(quote["scale"], 2, "{way:?}");
        let day = [&quote["open"], &quote["high"], &quote["low"], &quote["volume"]];
        assert_eq!(json!(day), json!([10_000, 10_200, 10_000, 4]), "{way:?}");
        let again = server.bars("A", "interval=1s").await;
        assert_eq!(
            (&again["scale"], &again["bars"]),
            (&json!(2), &expected),
            "{way:?}"
        );
        assert_eq!(viewer.follow(&page).await["recovered"], false, "{way:?}");
        assert_eq!(viewer.follow(&again).await["recovered"], true, "{way:?}");
    }
    let older_page = body(&server.get(&older, &known).await);
    assert_eq!(
        (&older_page["scale"], &older_page["bars"][0][4]),
        (&json!(2), &json!(10_000)),
        "no page as it was"
    );
    feed.ticks(&[(6, 3, "A", 10_060)]);
    for viewer in &mut viewers {
        let bar = viewer
            .until("bar", |bar| bar["bar"][0] == second(3))
            .await
            .pop()
            .unwrap();
        assert_eq!(bar["bar"][4], 10_060);
    }
    let other = server.bars("B", "interval=1s").await;
    assert_eq!((&other["scale"], &other["bars"][0][4]), (&json!(1), &json!(7)));
    let listed = server.fetch("/api/market/symbols?search=A", 200).await;
    assert_eq!(listed["symbols"][0]["scale"], 2);

    // And while nobody was there to hear it.
    drop(viewers);
    let Running { back, database, .. } = server;
    assert!(back.close().await);
    let feed = ToldFeed::start(&json!([{"symbol": "A", "scale": 3}])).await;
    let server = told(&feed, database).await;
    feed.ticks(&[(1, 4, "A", 100_700)]);
    server.counted("ticks", 1).await;
    let page = server.bars("A", "interval=1s&limit=2").await;
    assert_eq!(
        (&page["scale"], &page["bars"][0][4], &page["bars"][1][4]),
        (&json!(3), &json!(100_600), &json!(100_700))
    );
    let day = server.bars("A", "interval=1D").await["bars"].clone();
    assert_eq!(day, json!([[START, 100_000, 102_000, 100_000, 100_700, 6, 5]]));
}

async fn nothing_of_other_money_is_left(database: TestDatabase) {
    let feed = ToldFeed::start(&json!([{"symbol": "A", "currency": "KRW"}])).await;
    let server = told(&feed, database).await;
    feed.ticks(&[(1, 0, "A", 100), (2, 90, "A", 102)]);
    server.counted("ticks", 2).await;
    let page = server.bars("A", "interval=1m").await;
    let mut viewer = Viewer::new(&server, Way::WebSocket).await;
    viewer.follow(&page).await;
    feed.list(&json!({"symbol": "A", "currency": "USD", "scale": 2}));
    viewer.expect("skipped").await;
    let empty = server.bars("A", "interval=1m").await;
    assert_eq!(
        (&empty["scale"], &empty["bars"], &empty["more"]),
        (&json!(2), &json!([]), &json!(false))
    );
    assert_eq!(
        server.fetch("/api/market/quotes?symbols=A", 200).await["quotes"],
        json!([])
    );
    feed.ticks(&[(3, 91, "A", 7)]);
    assert_eq!(
        viewer.until("bar", |_| true).await[0]["bar"],
        json!([START + 60_000, 7, 7, 7, 7, 1, 0])
    );
    for interval in ["1s", "1D"] {
        let left = server.store.bars("A", interval, None, 9).await.unwrap().bars;
        assert!(left.iter().all(|bar| bar.close == 7), "{left:?}");
    }
}

#[tokio::test]
async fn a_symbol_that_is_listed_no_more_is_unknown_until_it_is_listed_again() {
    let both = || json!([{"symbol": "A"}, {"symbol": "B"}]);
    for way in WAYS {
        let feed = ToldFeed::start(&both()).await;
        let server = told(&feed, TestDatabase::sqlite()).await;
        feed.ticks(&[(1, 0, "A", 5), (2, 0, "B", 7)]);
        server.counted("ticks", 2).await;
        let mut viewer = Viewer::new(&server, way).await;
        viewer.watch(&["A", "B"]).await;
        let page = server.bars("A", "interval=1s").await;
        viewer.follow(&page).await;

        feed.greet_anew(&json!([{"symbol": "B"}]));
        viewer.expect("skipped").await;
        let last = viewer.expect("quote").await;
        assert_eq!(
            (&last["symbol"], &last["state"]),
            (&json!("A"), &json!("halted")),
            "{way:?}"
        );
        let unknown = server.fetch("/api/market/bars/A?interval=1s", 404).await;
        assert_eq!(unknown["code"], "symbol_unknown");
        server.fetch("/api/market/quotes?symbols=A", 404).await;
        let listed = server.fetch("/api/market/symbols", 200).await;
        assert_eq!(listed["symbols"].as_array().unwrap().len(), 1);
        for refused in [
            json!({"type": "watch", "add": ["A"]}),
            json!({"type": "chart", "symbol": "A", "interval": "1s"}),
        ] {
            assert_eq!(
                viewer.ask(refused, "error").await["code"],
                "symbol_unknown",
                "{way:?}"
            );
        }
        feed.ticks(&[(3, 1, "B", 8)]);
        assert_eq!(viewer.expect("quote").await["price"], 8, "others go on");

        // It goes on where it was, and so do those who have it.
        feed.greet_anew(&both());
        viewer.expect("skipped").await;
        let quote = viewer.expect("quote").await;
        assert_eq!(
            (&quote["price"], &quote["state"]),
            (&json!(5), &json!("open")),
            "{way:?}"
        );
        let again = server.bars("A", "interval=1s").await;
        assert_eq!(again["bars"], page["bars"]);
        viewer.follow(&again).await;
        feed.ticks(&[(4, 2, "A", 6)]);
        assert_eq!(viewer.expect("quote").await["price"], 6, "{way:?}");
        assert_eq!(viewer.expect("bar").await["bar"][4], 6, "{way:?}");
    }
}

#[tokio::test]
async fn a_symbol_with_other_words_goes_on() {
    let feed = ToldFeed::start(&json!([{"symbol": "A", "name_en": "Alpha"}])).await;
    let server = told(&feed, TestDatabase::sqlite()).await;
    feed.ticks(&[(1, 0, "A", 5)]);
    server.counted("ticks", 1).await;
    let page = server.bars("A", "interval=1s").await;
    let mut viewer = Viewer::new(&server, Way::WebSocket).await;
    viewer.follow(&page).await;
    feed.list(&json!({"symbol": "A", "name_en": "Omega"}));
    feed.ticks(&[(2, 1, "A", 6)]);
    assert_eq!(viewer.expect("bar").await["offset"], 1, "nobody begins anew");
    let listed: Value = server.fetch("/api/market/symbols", 200).await;
    assert_eq!(listed["symbols"][0]["name"]["en"], "Omega");
}
