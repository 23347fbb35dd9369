//! The database is away while a symbol is listed: the others go on, and it's there with all that happened to it when the database is back.

use sea_orm::{ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection};
use serde_json::json;

use crate::cut::Cut;
use crate::database::TestDatabase;
use crate::market_viewer::{START, Viewer, Way};
use crate::running::Running;
use crate::told_feed::ToldFeed;

/// How the database is away.
enum Away {
    /// Nobody gets through to it.
    Cut(Cut),
    /// Somebody else writes, and doesn't end.
    Busy(DatabaseConnection),
}

impl Away {
    async fn begin(&self) {
        match self {
            Self::Cut(line) => line.cut().await,
            Self::Busy(writer) => drop(writer.execute_unprepared("BEGIN IMMEDIATE").await.unwrap()),
        }
    }

    async fn end(&self) {
        match self {
            Self::Cut(line) => line.mend().await,
            Self::Busy(writer) => drop(writer.execute_unprepared("ROLLBACK").await.unwrap()),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite() {
    let database = TestDatabase::sqlite();
    database.store().await;
    let mut options = ConnectOptions::new(database.url().as_str());
    options.max_connections(1).sqlx_logging(false);
    let writer = Database::connect(options).await.unwrap();
    others_go_on_while_a_symbol_comes_in(Away::Busy(writer), database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_mysql() {
    if let Some(database) = TestDatabase::mysql().await {
        let (line, through) = Cut::before(database.url()).await;
        others_go_on_while_a_symbol_comes_in(Away::Cut(line), database.reached_by(through)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres() {
    if let Some(database) = TestDatabase::postgres().await {
        let (line, through) = Cut::before(database.url()).await;
        others_go_on_while_a_symbol_comes_in(Away::Cut(line), database.reached_by(through)).await;
    }
}

async fn others_go_on_while_a_symbol_comes_in(away: Away, database: TestDatabase) {
    let feed = ToldFeed::start(&json!([{"symbol": "A"}, {"symbol": "C"}])).await;
    let server = Running::with(database, |settings| settings.market = feed.market()).await;
    feed.ticks(&[(1, 0, "A", 5), (2, 0, "C", 50)]);
    server.counted("ticks", 2).await;
    let mut viewer = Viewer::new(&server, Way::WebSocket).await;
    viewer.watch(&["A", "C"]).await;
    viewer.follow(&server.bars("A", "interval=1s").await).await;

    away.begin().await;
    // One is new, and one is listed on other terms.
    feed.list(&json!({"symbol": "B"}));
    feed.list(&json!({"symbol": "C", "scale": 1}));
    feed.ticks(&[(3, 1, "B", 70), (4, 1, "C", 505)]);
    for n in 2..50_u32 {
        feed.ticks(&[(u64::from(n) + 3, n.into(), "A", i64::from(n) + 5)]);
        let quote = viewer.until("quote", |_| true).await.remove(0);
        assert_eq!((&quote["symbol"], &quote["price"]), (&json!("A"), &json!(n + 5)));
    }
    viewer.until("bar", |bar| bar["bar"][0] == START + 49_000).await;
    let refused = viewer.ask(json!({"type": "watch", "add": ["B"]}), "error").await;
    assert_eq!(refused["code"], "symbol_unknown", "it isn't there yet");
    let path = "/api/market/bars/C?interval=1s";
    assert_eq!(server.fetch(path, 503).await["code"], "store_unavailable");

    away.end().await;
    let quote = viewer
        .until("quote", |quote| quote["price"] == 505)
        .await
        .remove(0);
    assert_eq!((&quote["symbol"], &quote["scale"]), (&json!("C"), &json!(1)));
    let bars = server.bars("C", "interval=1s").await["bars"].clone();
    let second = |n: i64| START + n * 1000;
    let expected = json!([
        [second(0), 500, 500, 500, 500, 1, 0],
        [second(1), 505, 505, 505, 505, 1, 0]
    ]);
    assert_eq!(
        bars, expected,
        "the first was not stored when the database went away, or was"
    );
    // Those before it in the queue are in.
    server.counted("ticks", 52).await;
    assert_eq!(server.bars("B", "interval=1s").await["bars"][0][4], 70);
    assert_eq!(viewer.watch(&["B"]).await["quotes"][0]["price"], 70);
    assert_eq!(server.metric("madang_market_late_ticks_total").await, 0);
}
