//! The database goes away: whatever needs it answers when to come again, whatever doesn't goes on, and nobody is sent away.

use std::time::Duration;

use futures_util::future::join_all;
use madang_server::back::{FeedSource, MarketSettings};
use serde_json::{Value, json};

use crate::asked::{PAGE, PASSWORD, admin, ask};
use crate::cut::Cut;
use crate::database::TestDatabase;
use crate::http::{event, follow};
use crate::market_viewer::{Viewer, WAYS};
use crate::running::Running;
use crate::seats_asking::Asker;
use crate::socketio::Talker;

#[tokio::test(flavor = "multi_thread")]
async fn on_mysql() {
    if let Some(database) = TestDatabase::mysql().await {
        who_asks_is_told_to_come_again_and_who_is_here_stays(database).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres() {
    if let Some(database) = TestDatabase::postgres().await {
        who_asks_is_told_to_come_again_and_who_is_here_stays(database).await;
    }
}

async fn who_asks_is_told_to_come_again_and_who_is_here_stays(database: TestDatabase) {
    let (line, through) = Cut::before(database.url()).await;
    let server = Running::with(database.reached_by(through), |settings| {
        settings.market = MarketSettings {
            source: FeedSource::Simulator(7),
            symbols: 2,
            ticks: 20,
        };
    })
    .await;
    let addr = server.addr;
    let boss = admin(addr, &server.store, "Boss").await;
    let asker = Asker::new(addr).await;
    let hold = asker.have("concert", &["A-1"]).await;
    let payment = asker.act(&hold, "checkout").await.1["payment"].clone();
    let symbols = server.fetch("/api/market/symbols", 200).await["symbols"].clone();
    let symbol = symbols[0]["symbol"].as_str().unwrap();

    let mut plain = server.join("lobby", "Kim").await;
    let mut talker = Talker::join(&server, "lobby", "Lee").await;
    plain.until("joined").await;
    let mut stream = follow(&server, "/api/rooms/lobby/events", "").await;
    assert_eq!(event(&mut stream).await.unwrap().0, "position");
    let here = ask(addr, "GET", "/api/rooms/lobby/messages", "", Value::Null)
        .await
        .body;
    let waiting = format!(
        "/api/rooms/lobby/messages?after={}&epoch={}&wait=50s",
        here["offset"],
        here["epoch"].as_str().unwrap()
    );
    let waiting = tokio::spawn(async move { ask(addr, "GET", &waiting, "", Value::Null).await });
    let mut viewers = Vec::new();
    for way in WAYS {
        let mut viewer = Viewer::new(&server, way).await;
        viewer.watch(&[symbol]).await;
        viewers.push(viewer);
    }

    line.cut().await;
    let credentials = json!({"name": "Boss", "password": PASSWORD});
    let key = "Idempotency-Key: outage\r\n";
    let bearer = format!("{}{key}", asker.header());
    let needing = [
        ("GET", "/api/account".to_owned(), &*boss, Value::Null),
        ("POST", "/api/sign-in".to_owned(), PAGE, credentials.clone()),
        (
            "POST",
            "/api/accounts".to_owned(),
            PAGE,
            json!({"name": "Choi", "password": PASSWORD}),
        ),
        ("GET", "/api/rooms/elsewhere/messages".to_owned(), "", Value::Null),
        (
            "GET",
            "/api/rooms/lobby/search?q=hello".to_owned(),
            "",
            Value::Null,
        ),
        (
            "GET",
            "/api/rooms/lobby/moderation".to_owned(),
            &*boss,
            Value::Null,
        ),
        ("GET", "/api/unread?rooms=lobby".to_owned(), &*bearer, Value::Null),
        ("GET", "/api/seats/events/concert".to_owned(), "", Value::Null),
        ("GET", "/api/seats/holds".to_owned(), &*bearer, Value::Null),
        (
            "POST",
            format!("/api/seats/demo-payments/{}", payment.as_str().unwrap()),
            &*bearer,
            json!({"status": "succeeded"}),
        ),
        (
            "GET",
            format!("/api/market/bars/{symbol}?interval=1D"),
            "",
            Value::Null,
        ),
    ];
    let answers = needing
        .iter()
        .map(|(method, path, headers, body)| ask(addr, method, path, headers, body.clone()));
    for (answer, (method, path, ..)) in join_all(answers).await.iter().zip(&needing) {
        assert_eq!(
            answer.code(),
            (503, "store_unavailable"),
            "{method} {path}: {answer:?}"
        );
        assert!(
            answer.header("retry-after").is_some(),
            "{method} {path}: {answer:?}"
        );
    }

    // What is in memory is there, and whoever was here hears the others.
    let quotes = server
        .fetch(&format!("/api/market/quotes?symbols={symbol}"), 200)
        .await;
    assert_eq!(quotes["quotes"][0]["symbol"], symbol);
    for viewer in &mut viewers {
        viewer
            .until("quote", |quote| {
                quote["at"].as_i64() > quotes["quotes"][0]["at"].as_i64()
            })
            .await;
    }
    plain.say(&json!({"type": "typing", "active": true})).await;
    assert_eq!(talker.expect("typing").await["name"], "Kim");
    talker.ask("typing", &json!({"active": true})).await;
    assert_eq!(plain.until("typing").await["name"], "Lee");
    assert!(!waiting.is_finished(), "who waits for news goes on waiting");

    line.mend().await;
    while !server.get("/readyz", "").await.starts_with("HTTP/1.1 200") {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    plain.send("c1", "there again").await;
    plain.until("ack").await;
    let heard = [talker.next().await, talker.next().await];
    assert!(
        heard.iter().any(|event| event["text"] == "there again"),
        "{heard:?}"
    );
    assert_eq!(event(&mut stream).await.unwrap().2["text"], "there again");
    assert_eq!(waiting.await.unwrap().body["messages"][0]["text"], "there again");
    let account = ask(addr, "GET", "/api/account", &boss, Value::Null).await;
    assert_eq!(account.status, 200, "{account:?}");
}
