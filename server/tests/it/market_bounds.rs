//! What the market refuses, and what it keeps small: bad input, lists that are too long, viewers who don't read.

use madang_server::back::{BARS_LIMIT, MARKET_MESSAGE_BYTES, WATCH_LIMIT};
use madang_ws::{CloseCode, Message};
use serde_json::{Value, json};

use crate::database::TestDatabase;
use crate::market_viewer::{START, Viewer, WAYS, Way, body};
use crate::running::{PASSWORD, Running, post};

/// Rows in which each of so many symbols has so many ticks, a second apart.
fn rows(symbols: usize, ticks: usize) -> String {
    let row = |tick| (0..symbols).map(move |symbol| format!("{tick},S{symbol},{},1", tick + 1));
    let rows: Vec<_> = (0..ticks).flat_map(row).collect();
    rows.join(" ")
}

#[tokio::test]
async fn what_is_no_command_is_refused_and_changes_nothing() {
    for way in WAYS {
        let server = Running::playing("0,A,1,1 1,A,2,1").await;
        let mut viewer = Viewer::new(&server, way).await;
        viewer.watch(&["A"]).await;
        for (command, code) in [
            (json!({"type": "watch", "add": 1}), "bad_json"),
            (
                json!({"type": "watch", "add": ["A", "nothing"]}),
                "symbol_unknown",
            ),
            (
                json!({"type": "watch", "add": ["B"], "remove": ["A"]}),
                "symbol_unknown",
            ),
            (
                json!({"type": "chart", "symbol": "B", "interval": "1m"}),
                "symbol_unknown",
            ),
            (
                json!({"type": "chart", "symbol": "A", "interval": "1d"}),
                "market_invalid",
            ),
            (
                json!({"type": "chart", "symbol": "A", "interval": "1m", "offset": 1}),
                "market_invalid",
            ),
            (
                json!({"type": "chart", "symbol": "A", "interval": "1m", "offset": -1, "epoch": "0123456789abcdef"}),
                "bad_json",
            ),
        ] {
            let refused = viewer.ask(command, "error").await;
            assert_eq!(refused["code"], code, "{way:?}");
        }
        server.turn_to(1);
        assert_eq!(viewer.expect("quote").await["price"], 2, "{way:?}");
        viewer.heard_nothing_more().await;
    }
    let server = Running::playing("0,A,1,1").await;
    let mut viewer = Viewer::new(&server, Way::WebSocket).await;
    for (message, code) in [
        (Message::from("nonsense"), "bad_json"),
        (Message::from("{}"), "unknown_type"),
        (Message::from(r#"{"type":"join","name":"Kim"}"#), "unknown_type"),
        (Message::from(vec![0_u8]), "not_text"),
    ] {
        viewer.ws.send(message).await.unwrap();
        assert_eq!(viewer.expect("error").await["code"], code);
    }
}

#[tokio::test]
async fn a_command_has_so_many_bytes() {
    let server = Running::playing("0,A,1,1").await;
    let mut viewer = Viewer::new(&server, Way::WebSocket).await;
    viewer.ws.send(" ".repeat(MARKET_MESSAGE_BYTES)).await.unwrap();
    assert_eq!(viewer.expect("error").await["code"], "bad_json");
    viewer
        .ws
        .send(" ".repeat(MARKET_MESSAGE_BYTES + 1))
        .await
        .unwrap();
    while let Some(Ok(_)) = viewer.ws.recv().await {}
    assert_eq!(viewer.ws.close_frame().unwrap().code, CloseCode::TOO_BIG);
}

#[tokio::test]
async fn a_connection_watches_so_many_symbols() {
    let server = Running::playing(&rows(WATCH_LIMIT + 1, 1)).await;
    server.counted("ticks", WATCH_LIMIT as u64 + 1).await;
    for way in WAYS {
        let mut viewer = Viewer::new(&server, way).await;
        let most: Vec<_> = (0..WATCH_LIMIT).map(|n| format!("S{n}")).collect();
        let watching = viewer
            .ask(json!({"type": "watch", "add": most}), "watching")
            .await;
        assert_eq!(watching["symbols"].as_array().unwrap().len(), WATCH_LIMIT);
        assert_eq!(watching["quotes"].as_array().unwrap().len(), WATCH_LIMIT);
        let one = format!("S{WATCH_LIMIT}");
        let refused = viewer.ask(json!({"type": "watch", "add": [one]}), "error").await;
        assert_eq!(refused["code"], "watch_limit");
        let instead = json!({"type": "watch", "add": [one], "remove": ["S0"]});
        let watching = viewer.ask(instead, "watching").await;
        assert_eq!(watching["quotes"].as_array().unwrap().len(), 1);
    }
    let all: Vec<_> = (0..=WATCH_LIMIT).map(|n| format!("S{n}")).collect();
    let path = format!("/api/market/quotes?symbols={}", all.join(","));
    assert_eq!(server.fetch(&path, 400).await["code"], "watch_limit");
}

#[tokio::test]
async fn requests_that_make_no_sense_are_told_so() {
    let server = Running::playing("0,A,1,1").await;
    for (path, status, code) in [
        ("bars/B", 404, "symbol_unknown"),
        ("bars/a", 404, "symbol_unknown"),
        ("bars/%FF", 404, "symbol_unknown"),
        ("bars/A?interval=2m", 400, "market_invalid"),
        ("bars/A?limit=0", 400, "market_invalid"),
        (&format!("bars/A?limit={}", BARS_LIMIT + 1), 400, "market_invalid"),
        ("bars/A?limit=x", 400, "market_invalid"),
        ("bars/A?before=x", 400, "market_invalid"),
        ("bars/A?before=-1", 400, "market_invalid"),
        ("bars/A?before=9007199254740992", 400, "market_invalid"),
        ("symbols?limit=0", 400, "market_invalid"),
        ("symbols?limit=2001", 400, "market_invalid"),
        ("quotes", 404, "symbol_unknown"),
        ("quotes?symbols=A,", 404, "symbol_unknown"),
        ("quotes?symbols=B", 404, "symbol_unknown"),
    ] {
        let answer = server.fetch(&format!("/api/market/{path}"), status).await;
        assert_eq!(answer["code"], code, "{path}");
    }
    for path in [
        "bars/A?limit=1",
        &format!("bars/A?limit={BARS_LIMIT}"),
        "bars/A?before=0",
    ] {
        server.fetch(&format!("/api/market/{path}"), 200).await;
    }
}

#[tokio::test]
async fn only_a_replay_is_turned_and_only_within_its_bounds() {
    for (server, status, code) in [
        (Running::playing("0,A,1,1").await, 400, "market_invalid"),
        (Running::start().await, 409, "market_not_replayed"),
    ] {
        let signed = post(
            server.addr,
            "/api/scores/sign-in",
            "",
            &json!({"password": PASSWORD}),
        )
        .await;
        let token = format!(
            "Authorization: Bearer {}\r\n",
            body(&signed)["token"].as_str().unwrap()
        );
        let turn = async |change: &Value| post(server.addr, "/api/market/replay", &token, change).await;
        let speed = if status == 400 { 1001 } else { 2 };
        let answer = turn(&json!({"speed": speed})).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        assert_eq!(body(&answer)["code"], code);
        assert_eq!(body(&turn(&json!({"speed": -1})).await)["code"], "bad_json");
        assert_eq!(body(&turn(&json!([])).await)["code"], "bad_json");
    }
    let none = Running::start().await;
    assert_eq!(
        none.fetch("/api/market/symbols", 200).await,
        json!({"symbols": []})
    );
    assert_eq!(none.fetch("/api/market/replay", 200).await["feed"], "none");
}

#[tokio::test]
async fn commands_count_as_requests_here_too() {
    for way in WAYS {
        let server = Running::with(TestDatabase::sqlite(), |settings| {
            settings.market.source = madang_server::back::FeedSource::Replay(
                crate::market_viewer::recording("0,A,1,1"),
                madang_server::market::Speed::NORMAL,
            );
            settings.rates.requests_per_address = std::num::NonZeroU32::new(20);
        })
        .await;
        let mut viewer = Viewer::new(&server, way).await;
        let mut answers = Vec::new();
        for _ in 0..40 {
            viewer.say(&json!({"type": "resume"})).await;
            answers.push(viewer.next().await);
        }
        let refused = answers
            .iter()
            .find(|answer| answer["type"] == "error")
            .expect("one too many");
        assert_eq!(refused["code"], "rate_limited", "{way:?}");
        assert!(refused["retry_after_ms"].as_u64().unwrap() > 0);
        assert_eq!(answers[0]["type"], "watching");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_who_does_not_read_gets_the_latest_of_each_symbol() {
    const TICKS: i64 = 600;
    let symbols = WATCH_LIMIT as u64;
    let server = Running::playing(&rows(WATCH_LIMIT, TICKS as usize)).await;
    for way in WAYS {
        let replaced = server.metric("madang_slow_replaced_total").await;
        server.turn_to(0);
        let mut viewer = Viewer::narrow(&server, way).await;
        let all: Vec<_> = (0..symbols).map(|n| format!("S{n}")).collect();
        viewer.ask(json!({"type": "watch", "add": all}), "watching").await;
        // Each step is a turn of its own, in which each symbol has one quote.
        let before = server.metric("madang_market_quotes_total").await;
        let mut step = 0;
        while server.metric("madang_slow_replaced_total").await < replaced + symbols {
            step += 1;
            assert!(step < TICKS, "{way:?}: nothing waits");
            server.turn_to(step);
            server
                .counted("quotes", before + u64::try_from(step).unwrap() * symbols)
                .await;
        }
        let told = server.metric("madang_market_quotes_total").await - before;
        let replaced = server.metric("madang_slow_replaced_total").await - replaced;

        let mut latest = std::collections::HashMap::new();
        let mut came = 0;
        while latest.len() < all.len() || latest.values().any(|at| *at < START + step * 1000) {
            let quote = viewer.expect("quote").await;
            let at = quote["at"].as_i64().unwrap();
            let before = latest.insert(quote["symbol"].as_str().unwrap().to_owned(), at);
            assert!(
                before.is_none_or(|before| before < at),
                "{way:?}: never back in time"
            );
            came += 1;
        }
        viewer.heard_nothing_more().await;
        assert_eq!(
            came + replaced,
            told,
            "{way:?}: what isn't the latest was replaced, and nothing else is missing"
        );
        assert_eq!(server.metric("madang_slow_disconnected_total").await, 0);
        assert_eq!(server.metric("madang_slow_dropped_total").await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_who_does_not_read_a_chart_is_told_what_is_missing() {
    const SECONDS: i64 = 45_000;
    // As long as they can be, so that fewer are enough.
    let row = |second| format!("{second},ABCDEFGHIJKL,8999999999.999999,9007199254740991");
    let rows: Vec<_> = (0..=SECONDS).map(row).collect();
    let server = Running::playing(&rows.join(" ")).await;
    server.counted("ticks", 1).await;
    let mut viewers = Vec::new();
    for way in WAYS {
        let mut viewer = Viewer::narrow(&server, way).await;
        viewer
            .follow(&server.bars("ABCDEFGHIJKL", "interval=1s").await)
            .await;
        viewers.push(viewer);
    }
    // Each second is a bar of its own.
    for seconds in (0..=SECONDS).step_by(5000).skip(1) {
        server.turn_to(seconds);
        server.counted("ticks", seconds.cast_unsigned() + 1).await;
    }
    for (way, mut viewer) in WAYS.into_iter().zip(viewers) {
        let (mut offset, mut missing, mut skipped) = (0, 0, 0);
        while offset < SECONDS.cast_unsigned() {
            let event = viewer.next_of_any_namespace().await;
            match event["type"].as_str().unwrap() {
                "bar" => {
                    let next = event["offset"].as_u64().unwrap();
                    missing += next - offset - 1;
                    offset = next;
                }
                "skipped" => skipped += event["count"].as_u64().unwrap(),
                _ => panic!("{event}"),
            }
        }
        assert!(missing > 0, "{way:?}: nothing waited");
        assert_eq!(skipped, missing, "{way:?}");
    }
    assert_eq!(server.metric("madang_slow_disconnected_total").await, 0);
}
